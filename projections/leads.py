"""The leads of all campaigns: one row each, and the sums over them that serve as a campaign's and a sender's counters.

A counter is what the rows add up to, by definition: it can't disagree with the list it counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain import streams
from domain.event import Recorded
from domain.lead.events import Fact, ImportedLead, LeadsImported, LeadStatus, Removed, SkipReason, Source
from domain.lead.events import facts as lead_facts
from domain.lead.state import NEWBORN, Lead, OpenSend
from domain.lead.state import evolve as evolve_lead
from domain.sequence import Action
from projections.projection import Key, Projection, Sums, Table

Milestone = Literal[
    "sent",
    "replied",
    "bounced",
    "completed",
    "timed_out",
    "connection_sent",
    "connected",
    "message_sent",
    "contacted",
    "unsubscribed",
    "failed",
    "outcome_unknown",
]
MILESTONES: Final[tuple[Milestone, ...]] = get_args(Milestone)
NO_NODE: Final = "__none__"
"""Among the counts of kind ``node``: the leads without a current node."""


class BrokenHistory(Exception):
    """The facts about a lead come in an order in which they can't have happened."""

    def __init__(self, lead_id: UUID) -> None:
        super().__init__(
            f"The history tells of the lead {lead_id} before its import or after its removal, or imports it twice."
        )


# --- State -----------------------------------------------------------------------------------------------------------


class Send(Struct, frozen=True, gc=False):
    """A send that a provider took over, and what was done by it."""

    node_id: UUID
    send_id: UUID
    sender_id: UUID | None
    accepted_at: datetime
    action: Action = "email"


class TrackedLead(Struct, frozen=True, kw_only=True, gc=False):
    """A lead as the domain knows it, and what only a list of leads is asked for.

    ``milestones``: all that the lead ever reached, whatever its status is now.
    """

    campaign_id: UUID
    source: Source
    created_at: datetime
    updated_at: datetime
    lead: Lead
    sends: tuple[Send, ...] = ()
    milestones: frozenset[Milestone] = frozenset()


def evolve(key: Key, tracked: TrackedLead | None, fact: Fact, recorded: Recorded) -> TrackedLead | None:
    """The lead after one more fact; None once it is removed. Raises ``BrokenHistory``."""
    event, at = recorded.event, recorded.recorded_at
    if type(event) is LeadsImported:  # isinstance takes its time to say no
        if tracked is not None:
            raise BrokenHistory(key[1])
        lead = evolve_lead(NEWBORN, fact, at)
        return TrackedLead(
            campaign_id=event.campaign_id, source=event.source, created_at=at, updated_at=at, lead=lead
        )
    if type(fact) is Removed:
        return None
    if tracked is None:
        raise BrokenHistory(key[1])
    lead = evolve_lead(tracked.lead, fact, at)
    sends = tracked.sends
    if len(lead.sent_nodes) > len(sends):
        action = tracked.lead.open_send.action if tracked.lead.open_send else "email"
        sends = (*sends, Send(*lead.sent_nodes[-1], lead.sender_id, at, action))
    last_sent = sends[-1].action if sends else None
    shown = _milestones_shown(
        lead.status, last_sent, lead.replied_at is not None, lead.connected_at is not None
    )
    milestones = tracked.milestones
    if not shown <= milestones:
        milestones |= shown
    return replace(tracked, lead=lead, updated_at=at, sends=sends, milestones=milestones)


_BY_STATUS: Final[Mapping[str, frozenset[Milestone]]] = {name: frozenset({name}) for name in MILESTONES}
_BY_SENDING: Final[Mapping[Action, frozenset[Milestone]]] = {
    "email": frozenset({"sent", "contacted"}),
    "connection_request": frozenset({"connection_sent", "contacted"}),
    "message": frozenset({"message_sent", "contacted"}),
}
_REPLIED: Final[frozenset[Milestone]] = frozenset({"replied"})
_CONNECTED: Final[frozenset[Milestone]] = frozenset({"connected"})


@cache
def _milestones_shown(
    status: LeadStatus, last_sent: Action | None, replied: bool, connected: bool
) -> frozenset[Milestone]:
    shown = _BY_STATUS.get(status, frozenset())
    if last_sent is not None:
        shown |= _BY_SENDING[last_sent]
    if replied:
        shown |= _REPLIED
    return shown | _CONNECTED if connected else shown


# --- Row -------------------------------------------------------------------------------------------------------------


class LeadRow(Struct, frozen=True, gc=False):
    """A row of ``leads``. ``open_send`` and ``sends`` are JSON, for the fold to go on with."""

    workspace_id: UUID
    lead_id: UUID
    campaign_id: UUID
    ordinal: int
    person_id: UUID | None
    document_id: UUID | None
    source: Source
    status: LeadStatus
    sender_id: UUID | None
    current_node_id: UUID | None
    next_action_at: datetime | None
    skip_reason: SkipReason | None
    bounced_at: datetime | None
    replied_at: datetime | None
    connected_at: datetime | None
    milestones: tuple[Milestone, ...]
    open_send: str | None
    sends: str | None
    created_at: datetime
    updated_at: datetime


_open_sends = msgspec.json.Decoder(OpenSend)
_sends = msgspec.json.Decoder(tuple[Send, ...])


def lay_out(key: Key, tracked: TrackedLead) -> LeadRow:
    """The lead as a row."""
    lead = tracked.lead
    return LeadRow(
        *key,
        tracked.campaign_id,
        lead.ordinal,
        lead.person_id,
        lead.document_id,
        tracked.source,
        lead.status,
        lead.sender_id,
        lead.current_node_id,
        lead.next_action_at,
        lead.skip_reason,
        lead.bounced_at,
        lead.replied_at,
        lead.connected_at,
        tuple(sorted(tracked.milestones)),
        msgspec.json.encode(lead.open_send).decode() if lead.open_send else None,
        msgspec.json.encode(tracked.sends).decode() if tracked.sends else None,
        tracked.created_at,
        tracked.updated_at,
    )


def read(row: LeadRow) -> tuple[Key, TrackedLead]:
    """The lead that was laid out as ``row``."""
    sends = _sends.decode(row.sends) if row.sends else ()
    lead = Lead(
        status=row.status,
        ordinal=row.ordinal,
        person_id=row.person_id,
        document_id=row.document_id,
        sender_id=row.sender_id,
        current_node_id=row.current_node_id,
        next_action_at=row.next_action_at,
        skip_reason=row.skip_reason,
        open_send=_open_sends.decode(row.open_send) if row.open_send else None,
        sent_nodes=tuple((send.node_id, send.send_id) for send in sends),
        bounced_at=row.bounced_at,
        replied_at=row.replied_at,
        connected_at=row.connected_at,
    )
    tracked = TrackedLead(
        campaign_id=row.campaign_id,
        source=row.source,
        created_at=row.created_at,
        updated_at=row.updated_at,
        lead=lead,
        sends=sends,
        milestones=frozenset(row.milestones),
    )
    return (row.workspace_id, row.lead_id), tracked


# --- Sums ------------------------------------------------------------------------------------------------------------

CountKind = Literal["status", "node", "milestone", "sends"]
CampaignCount: TypeAlias = tuple[UUID, UUID, CountKind, str]
"""Workspace, campaign, and what is counted: leads by status, by current node and by milestone; sends by node."""
SenderDay: TypeAlias = tuple[UUID, UUID, date, Action]
"""Workspace, sender, and the UTC day of which the accepted sends of an action are counted."""


def campaign_counts(key: Key, tracked: TrackedLead) -> Iterator[CampaignCount]:
    """Where a lead counts for its campaign."""
    workspace_id, campaign_id, lead = key[0], tracked.campaign_id, tracked.lead
    node_id = lead.current_node_id
    yield workspace_id, campaign_id, "status", lead.status
    yield workspace_id, campaign_id, "node", NO_NODE if node_id is None else str(node_id)
    for milestone in tracked.milestones:
        yield workspace_id, campaign_id, "milestone", milestone
    for send in tracked.sends:
        yield workspace_id, campaign_id, "sends", str(send.node_id)


def sender_usage(key: Key, tracked: TrackedLead) -> Iterator[SenderDay]:
    """Where a lead counts for senders: one for each send."""
    for send in tracked.sends:
        if send.sender_id is not None:
            yield key[0], send.sender_id, send.accepted_at.date(), send.action


LEADS: Final = Projection(
    name="leads",
    version=2,
    streams=(streams.ROSTER, streams.LEAD),
    table=Table("leads", ("workspace_id", "lead_id")),
    row=LeadRow,
    births=(ImportedLead,),
    facts=lead_facts,
    evolve=evolve,
    lay_out=lay_out,
    read=read,
    sums=(
        Sums(
            table=Table("campaign_counts", ("workspace_id", "campaign_id", "kind", "key")),
            terms=campaign_counts,
        ),
        Sums(table=Table("sender_usage", ("workspace_id", "sender_id", "day", "action")), terms=sender_usage),
    ),
)
