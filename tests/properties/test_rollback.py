"""The law of the rollback: a launch that is undone, however far it came, leaves campaign and leads as they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from domain import streams
from domain.campaign.decide import Command, Launch, ReviseLeads, RollBack, StartRun, decide
from domain.campaign.events import RollbackReason
from domain.campaign.state import Campaign
from domain.event import Event, Recorded
from domain.lead.events import (
    EnrolledLead,
    ImportedLead,
    LeadsEnrolled,
    LeadsImported,
    LeadsWithdrawn,
    SkippedLead,
    facts,
)
from domain.lead.state import NEWBORN, Lead
from domain.lead.state import evolve as evolve_lead
from service.launch.launching import acceptance
from service.launch.rollback import withdrawal
from tests.kit.campaigns import CAMPAIGN, START, edits, folded, last, reasons, record

Leads: TypeAlias = dict[UUID, Lead]


class Attempt(Struct, frozen=True):
    """A launch attempt: which leads it leaves out, how often its run starts, and how many it enrols in each part."""

    skipped: frozenset[int]
    starts: int
    parts: list[int]
    reason: RollbackReason


COUNT = 6
attempts = st.builds(
    Attempt,
    st.frozensets(st.integers(0, COUNT - 1), max_size=COUNT - 1),
    st.integers(0, 3),
    st.lists(st.integers(1, 3), max_size=4),
    reasons,
)
drafts = st.lists(edits, max_size=4).map(lambda changes: last([*changes, ReviseLeads(added=COUNT)]))
IMPORTED = tuple(
    ImportedLead(UUID(int=100 + n), n, UUID(int=200 + n), UUID(int=300 + n)) for n in range(COUNT)
)


@given(drafts, st.lists(attempts, min_size=1, max_size=4))
def test_a_launch_and_its_rollback_are_nothing_but_history(
    draft: Campaign, attempted: Sequence[Attempt]
) -> None:
    imported = LeadsImported(campaign_id=CAMPAIGN, source="api", leads=IMPORTED)
    roster = _on_roster([imported], [])
    before, campaign = _folded(roster), draft
    for attempt in attempted:
        campaign, roster = _attempt(campaign, roster, attempt)
        untold = {"version": draft.version, "updated_at": draft.updated_at, "attempts": ()}
        assert replace(campaign, **untold) == draft
        assert _folded(roster) == before
    assert [each.status for each in campaign.attempts] == ["rolled_back"] * len(attempted)
    assert [each.error for each in campaign.attempts] == [each.reason for each in attempted]


@given(st.lists(attempts, min_size=2, max_size=4))
def test_every_fact_of_an_attempt_is_compensated_once_and_by_its_own_rollback(
    attempted: Sequence[Attempt],
) -> None:
    campaign, roster = (
        last([ReviseLeads(added=COUNT)]),
        _on_roster([LeadsImported(campaign_id=CAMPAIGN, source="api", leads=IMPORTED)], []),
    )
    for attempt in attempted:
        begun = len(roster)
        campaign, roster = _attempt(campaign, roster, attempt)
        told = [each for each in roster[begun:] if not isinstance(each.event, LeadsWithdrawn)]
        undone = [each.event for each in roster[begun:] if isinstance(each.event, LeadsWithdrawn)]
        assert [event.compensates for event in undone] == [(each.event_id,) for each in told]


def _attempt(campaign: Campaign, roster: list[Recorded], attempt: Attempt) -> tuple[Campaign, list[Recorded]]:
    """Launch, let the run come as far as it does, and roll back; with the product's own events for all of it."""
    skipped = [SkippedLead(IMPORTED[n].lead_id, "suppressed") for n in sorted(attempt.skipped)]
    launch = Launch(total=COUNT - len(skipped), skipped=len(skipped))
    accepted = acceptance(campaign, launch, skipped)
    campaign = _after(campaign, accepted.events)
    roster = _on_roster([event for write in accepted.also for event in write.events], roster)
    for _ in range(attempt.starts):
        campaign = _decided(campaign, StartRun(epoch=campaign.epoch))
    left = [lead for n, lead in enumerate(IMPORTED) if n not in attempt.skipped]
    for size in attempt.parts:
        part, left = left[:size], left[size:]
        planned = tuple(EnrolledLead(lead.lead_id, UUID(int=7), UUID(int=20), START) for lead in part)
        roster = _on_roster([LeadsEnrolled(epoch=campaign.epoch, leads=planned)] if planned else [], roster)
    compensates = (campaign.attempts[-1].accepted_event,)
    roster = _on_roster(withdrawal(CAMPAIGN, campaign.epoch, roster).events, roster)
    undo = RollBack(epoch=campaign.epoch, reason=attempt.reason, compensates=compensates)
    return _decided(campaign, undo), roster


def _decided(campaign: Campaign, command: Command) -> Campaign:
    return _after(campaign, decide(campaign, command))


def _after(campaign: Campaign, events: Sequence[Event]) -> Campaign:
    return folded(record(events, campaign.version), campaign)


def _on_roster(events: Sequence[Event], roster: list[Recorded]) -> list[Recorded]:
    recorded = record(events, len(roster))
    return [*roster, *(replace(each, stream=streams.roster(CAMPAIGN)) for each in recorded)]


def _folded(roster: Iterable[Recorded]) -> Leads:
    leads: Leads = {}
    for recorded in roster:
        for lead_id, fact in facts(recorded):
            leads[lead_id] = evolve_lead(leads.get(lead_id, NEWBORN), fact, recorded.recorded_at)
    return leads
