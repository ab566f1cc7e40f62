"""The law of time travel: what was so at a moment is the fold of what had happened by then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from domain import streams
from domain.campaign.state import Campaign, fold
from domain.event import Recorded
from domain.refusal import Refused
from projections.leads import LEADS, LeadRow, lay_out
from service.past import leads as past_leads_module
from service.past.campaigns import PastCampaigns
from service.past.leads import PastLeads
from service.past.moments import Cut, Moment
from tests.kit.histories import histories, lived
from tests.projections.conftest import Write
from tests.projections.tables import folded

DATABASE: Final = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@DATABASE
@given(histories())
async def test_every_version_of_a_campaign_is_the_fold_of_the_prefix(
    write: Write, past_campaigns: PastCampaigns, past_leads: PastLeads, history: list[Recorded]
) -> None:
    stored = await write(elsewhere(history))
    for campaign_id in campaigns_of(stored):
        own = [event for event in stored if event.stream == streams.campaign(campaign_id)]
        for event in own:
            prefix = [each for each in stored if each.position <= event.position]
            told = await answered(past_campaigns, past_leads, event.workspace_id, campaign_id, event.version)
            assert told == fold_of(prefix, campaign_id)


@DATABASE
@given(histories())
async def test_every_time_in_between_is_the_fold_of_the_prefix(
    write: Write, past_campaigns: PastCampaigns, past_leads: PastLeads, history: list[Recorded]
) -> None:
    stored = await write(elsewhere(history))
    times = sorted({event.recorded_at for event in stored})
    for campaign_id in campaigns_of(stored):
        for time in times[:: 1 + len(times) // 8]:
            for moment in (time, time + timedelta(seconds=1)):
                prefix = [event for event in stored if event.recorded_at <= moment]
                told = await answered(past_campaigns, past_leads, stored[0].workspace_id, campaign_id, moment)
                assert told == fold_of(prefix, campaign_id)


async def test_leads_are_the_same_in_slices_and_batches_of_any_size(
    write: Write, past_leads: PastLeads, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await write(lived())
    end = Cut(stored[-1].position)
    [first, *_] = campaigns_of(stored)
    whole = [lead async for lead in past_leads.at(stored[0].workspace_id, first, end)]
    assert len(whole) > 2
    for slice_size, batch_size in ((1, 1), (2, 1), (len(whole), 2)):
        monkeypatch.setattr(past_leads_module, "SLICE", slice_size)
        monkeypatch.setattr(past_leads_module, "BATCH", batch_size)
        assert [lead async for lead in past_leads.at(stored[0].workspace_id, first, end)] == whole


class Told(NamedTuple):
    """What can be asked of a campaign at a moment."""

    campaign: Campaign
    leads: list[LeadRow]
    counts: dict[Any, int]


async def answered(
    past_campaigns: PastCampaigns,
    past_leads: PastLeads,
    workspace_id: UUID,
    campaign_id: UUID,
    moment: Moment,
) -> Told | None:
    """What the service says; None when it knows of no such campaign then."""
    try:
        campaign, cut = await past_campaigns.at(workspace_id, campaign_id, moment)
    except Refused:
        return None
    rows = [
        lay_out((workspace_id, lead.lead_id), standing)
        async for lead in past_leads.at(workspace_id, campaign_id, cut)
        for standing in lead.standings
        if standing is not None
    ]
    [counts] = await past_leads.counts(workspace_id, campaign_id, cut)
    return Told(campaign, rows, dict(counts))


def fold_of(prefix: Sequence[Recorded], campaign_id: UUID) -> Told | None:
    """What is so after all that had happened by then."""
    campaign = fold(event for event in prefix if event.stream == streams.campaign(campaign_id))
    if campaign is None or campaign.deleted:
        return None
    tables = folded(LEADS, prefix)
    rows: list[LeadRow] = [row for row in tables.rows.values() if row.campaign_id == campaign_id]
    sums = tables.sums["campaign_counts"].items()
    return Told(
        campaign,
        sorted(rows, key=lambda row: row.ordinal),
        {name: n for name, n in sums if name[1] == campaign_id},
    )


def elsewhere(history: Iterable[Recorded]) -> list[Recorded]:
    """The history as that of a workspace where nothing has happened yet."""
    workspace_id = uuid4()
    return [replace(event, workspace_id=workspace_id) for event in history]


def campaigns_of(history: Iterable[Recorded]) -> list[UUID]:
    return list(
        dict.fromkeys(
            streams.subject(event.stream) for event in history if event.stream.startswith(streams.CAMPAIGN)
        )
    )
