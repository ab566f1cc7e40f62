"""The campaigns, as lists and pages show them: the folded campaign, and the columns it is found and ordered by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import streams
from domain.campaign.events import CampaignCreated, Status
from domain.campaign.state import Campaign
from domain.campaign.state import evolve as evolve_campaign
from domain.event import Event, Recorded
from projections.projection import Key, Projection, Table


class CampaignRow(Struct, frozen=True):
    """A row of ``campaigns``. ``state`` is the whole ``Campaign`` as JSON, the other columns are taken from it.

    Lists are in descending order of ``prominence``: 2 active and paused, 1 drafts, 0 the rest.
    """

    workspace_id: UUID
    campaign_id: UUID
    prominence: int
    status: Status
    deleted: bool
    version: int
    launched_at: datetime | None
    created_at: datetime
    updated_at: datetime
    state: str


def facts(recorded: Recorded) -> Iterator[tuple[UUID, Event]]:
    """An event of a campaign's own stream, about that campaign."""
    if recorded.stream.startswith(streams.CAMPAIGN):
        yield streams.subject(recorded.stream), recorded.event


def evolve(_key: Key, campaign: Campaign | None, _fact: Event, recorded: Recorded) -> Campaign | None:
    """The campaign after one more event."""
    return evolve_campaign(campaign, recorded)


def lay_out(key: Key, campaign: Campaign) -> CampaignRow:
    """The campaign as a row."""
    return CampaignRow(
        *key,
        _prominence(campaign.status),
        campaign.status,
        campaign.deleted,
        campaign.version,
        campaign.launched_at,
        campaign.created_at,
        campaign.updated_at,
        msgspec.json.encode(campaign).decode(),
    )


_campaigns = msgspec.json.Decoder(Campaign)


def read(row: CampaignRow) -> tuple[Key, Campaign]:
    """The campaign that was laid out as ``row``."""
    return (row.workspace_id, row.campaign_id), _campaigns.decode(row.state)


def _prominence(status: Status) -> int:
    return 2 if status in ("active", "paused") else 1 if status == "draft" else 0


CAMPAIGNS: Final = Projection(
    name="campaigns",
    version=2,
    streams=(streams.CAMPAIGN,),
    table=Table("campaigns", ("workspace_id", "campaign_id")),
    row=CampaignRow,
    births=(CampaignCreated,),
    facts=facts,
    evolve=evolve,
    lay_out=lay_out,
    read=read,
)
