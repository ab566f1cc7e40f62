"""One moment: what is stored, what each process holds in memory, and what has left the house."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.campaign.decide import create
from domain.campaign.events import LeadListRevised, SequenceRevised
from domain.campaign.state import Campaign, fold
from domain.event import Event, Recorded
from domain.lead.events import ImportedLead
from domain.lead.state import NEWBORN, Lead
from domain.lead.state import evolve as evolve_lead
from domain.sequence import Node
from tests.kit.campaigns import CAMPAIGN, CREATE

NOW: Final = datetime(2030, 1, 31, 9, tzinfo=UTC)
"""It is always now: whatever waits for a time is due at once, and whoever may be late may be so at any moment."""

# --- In memory -----------------------------------------------------------------------------------------------------


class Running(Struct, frozen=True):
    """A worker performs the run of ``epoch``. ``read``: the campaign as it has read it for its next write."""

    epoch: int
    step: str = "start"
    read: Campaign | None = None


class Sending(Struct, frozen=True):
    """A worker has claimed a send. ``told``: what the provider answered, None before it was called."""

    lead: int
    send_id: UUID
    node_id: UUID
    told: str | None = None


Worker: TypeAlias = Running | Sending | None
"""None: it looks for work."""


class Caller(Struct, frozen=True):
    """A launch call: waiting, or about to write on what it has read, or done."""

    step: str = "waiting"
    read: Campaign | None = None


# --- Stored --------------------------------------------------------------------------------------------------------


class Due(Struct, frozen=True):
    """A row of the due table; ``send_id`` marks it as in flight."""

    node_id: UUID
    send_id: UUID | None = None


class Progress(Struct, frozen=True):
    """The row of a run: how many leads it has enrolled."""

    epoch: int
    through: int = 0


class Budget(Struct, frozen=True):
    """How often what need not happen still may."""

    crashes: int = 0
    suspicions: int = 0
    pauses: int = 0
    stops: int = 0
    deferrals: int = 0


class State(Struct, frozen=True, kw_only=True):
    """``fence`` is the lowest epoch that the campaign's stream admits, ``jobs`` the epochs whose runs are queued.

    ``enrolled`` counts each lead's enrolments by the launch in force, ``taken`` lists what a provider took over: the
    lead and the node.
    """

    campaign: Campaign
    leads: tuple[Lead, ...]
    due: tuple[Due | None, ...]
    workers: tuple[Worker, ...]
    callers: tuple[Caller, ...]
    budget: Budget
    fence: int = 0
    jobs: frozenset[int] = frozenset()
    progress: Progress | None = None
    enrolled: tuple[int, ...]
    taken: tuple[tuple[int, UUID], ...] = ()


class Scope(Struct, frozen=True, kw_only=True):
    """How much there is of everything."""

    leads: int = 2
    workers: int = 2
    launches: int = 2
    mails: int = 1
    budget: Budget = Budget(crashes=1, suspicions=1)


def beginning(scope: Scope) -> State:
    """A draft with its leads, about to be launched."""
    mails = (Node(id=UUID(int=20 + number), type="email") for number in range(scope.mails))
    nodes = SequenceRevised(nodes=(*mails, Node(id=UUID(int=40), type="end")))
    campaign = fold(as_recorded((*create(CREATE), nodes, LeadListRevised(added=scope.leads)), 0))
    assert campaign is not None
    imported = [ImportedLead(UUID(int=n), n, UUID(int=n), UUID(int=n)) for n in range(scope.leads)]
    return State(
        campaign=campaign,
        leads=tuple(evolve_lead(NEWBORN, each, NOW) for each in imported),
        due=(None,) * scope.leads,
        workers=(None,) * scope.workers,
        callers=(Caller(),) * scope.launches,
        budget=scope.budget,
        enrolled=(0,) * scope.leads,
    )


def as_recorded(events: Iterable[Event], after: int) -> list[Recorded]:
    """Events behind a version of the campaign's stream, all told now."""
    return [
        Recorded(
            position=version,
            workspace_id=CAMPAIGN,
            stream=streams.campaign(CAMPAIGN),
            version=version,
            event_id=UUID(int=version),
            recorded_at=NOW,
            actor="test",
            correlation_id=CAMPAIGN,
            causation_id=None,
            epoch=None,
            event=event,
        )
        for version, event in enumerate(events, after + 1)
    ]
