"""What can happen to leads, and the values their events carry. Their shape is the storage format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.event import Event, Recorded
from domain.sequence import Action
from domain.suppression import SuppressionReason

LeadStatus = Literal[
    "pending",
    "sent",
    "connection_sent",
    "connected",
    "message_sent",
    "replied",
    "bounced",
    "completed",
    "timed_out",
    "unsubscribed",
    "failed",
    "cancelled",
    "outcome_unknown",
]
SkipReason = Literal["suppressed", "active-in-other-campaign", "unresolved-variable", "missing-draft"]
Source = Literal["api", "csv", "ndjson"]
FailureReason = Literal[
    "retries-exhausted",
    "unresolved-variable",
    "missing-draft",
    "too-long",
    "erased",
    "sender-removed",
    "lead-ended",
    "not-possible",
    "given-up",
]
LossReason = Literal["worker-lost", "connection-lost", "provider-silent"]
Resolution = Literal["sent", "not_sent", "failed"]

# --- Events of the roster: many leads at once ------------------------------------------------------------------------


class ImportedLead(Struct, frozen=True, gc=False):
    """A lead joined the draft.

    ``person_id`` is the keyed digest of its identity, ``document_id`` its vault document, ``ordinal`` its number in the
    campaign, from 0.
    """

    lead_id: UUID
    ordinal: int
    person_id: UUID
    document_id: UUID


class CorrectedLead(Struct, frozen=True, gc=False):
    """A lead's data was edited: this is its document, and its identity, now."""

    lead_id: UUID
    person_id: UUID
    document_id: UUID


class SkippedLead(Struct, frozen=True, gc=False):
    """The launch leaves this lead out.

    The evidence: ``variable`` names what could not be resolved, ``other_campaign`` who has the lead, ``suppression``
    why the person is suppressed, ``since`` since when.
    """

    lead_id: UUID
    reason: SkipReason
    variable: str | None = None
    other_campaign: UUID | None = None
    suppression: SuppressionReason | None = None
    since: datetime | None = None


class EnrolledLead(Struct, frozen=True, gc=False):
    """The run has planned this lead's first action: which node, through which sender, when."""

    lead_id: UUID
    sender_id: UUID
    node_id: UUID
    due_at: datetime


class LeadsImported(Event, frozen=True, kw_only=True):
    """Leads joined the draft."""

    type = "leads-imported"
    campaign_id: UUID
    source: Source
    leads: tuple[ImportedLead, ...]


class LeadsCorrected(Event, frozen=True, kw_only=True):
    """Leads were edited."""

    type = "leads-corrected"
    leads: tuple[CorrectedLead, ...]


class LeadsRemoved(Event, frozen=True, kw_only=True):
    """Leads were taken off the draft."""

    type = "leads-removed"
    lead_ids: tuple[UUID, ...]


class LeadsSkipped(Event, frozen=True, kw_only=True):
    """The launch of ``epoch`` leaves these leads out."""

    type = "leads-skipped"
    epoch: int
    leads: tuple[SkippedLead, ...]


class LeadsEnrolled(Event, frozen=True, kw_only=True):
    """The run of ``epoch`` has planned the first action of these leads."""

    type = "leads-enrolled"
    epoch: int
    leads: tuple[EnrolledLead, ...]


class LeadsWithdrawn(Event, frozen=True, kw_only=True):
    """Enrolments and skips of a launch that was rolled back are undone; compensates the events named."""

    type = "leads-withdrawn"
    epoch: int
    lead_ids: tuple[UUID, ...]
    compensates: tuple[UUID, ...]


class LeadsCancelled(Event, frozen=True, kw_only=True):
    """The campaign was stopped before these leads were done."""

    type = "leads-cancelled"
    lead_ids: tuple[UUID, ...]


# --- Events of one lead ----------------------------------------------------------------------------------------------


class SendIntended(Event, frozen=True, kw_only=True):
    """Committed before the provider is called: this node is about to be sent, under ``send_id``.

    ``attempt`` counts from 1; a deferred send is tried again under the same ``send_id``. ``action`` is what is done.
    """

    type = "send-intended"
    schema = 2
    campaign_id: UUID
    send_id: UUID
    node_id: UUID
    sender_id: UUID
    attempt: int
    action: Action


class SendAccepted(Event, frozen=True, kw_only=True):
    """The provider took it over (``code``: SMTP or HTTP status); ``evidence`` is the vault document of its words.

    Code 0: nobody was told so at the time, but evidence of it came to light.
    """

    type = "send-accepted"
    send_id: UUID
    code: int
    evidence: UUID | None = None


class SendDeferred(Event, frozen=True, kw_only=True):
    """The provider took nothing over, for now (RFC 5321 4yz, HTTP 429, or code 0); tried again at ``retry_at``.

    Code 0: it could not be reached, or evidence came to light that a send in doubt was not made.
    """

    type = "send-deferred"
    send_id: UUID
    code: int
    retry_at: datetime
    evidence: UUID | None = None


class SendRefused(Event, frozen=True, kw_only=True):
    """The provider refused for good (RFC 5321 5yz): a bounce."""

    type = "send-refused"
    send_id: UUID
    code: int
    evidence: UUID | None = None


class SendFailed(Event, frozen=True, kw_only=True):
    """Given up; nothing was taken over by a provider.

    ``not-possible``: it can't be done for this person, said the provider (``code``, its words as ``evidence``).
    ``given-up``: a person decided so.
    """

    type = "send-failed"
    send_id: UUID
    reason: FailureReason
    code: int = 0
    evidence: UUID | None = None


class SendInDoubt(Event, frozen=True, kw_only=True):
    """It may have been taken over or not; the provider is asked for a trace of it at ``look_at``, the ``look``-th time.

    Until there is one, nothing is sent to the lead.
    """

    type = "send-in-doubt"
    send_id: UUID
    reason: LossReason
    look: int
    look_at: datetime


class InvitationSpared(Event, frozen=True, kw_only=True):
    """Nothing was sent: the person is connected already, said the provider (``code``, its words as ``evidence``)."""

    type = "invitation-spared"
    send_id: UUID
    code: int
    evidence: UUID | None = None


class ConnectionAwaited(Event, frozen=True, kw_only=True):
    """The person is invited; if there is no connection by ``until`` the lead times out."""

    type = "connection-awaited"
    until: datetime


class ConnectionAccepted(Event, frozen=True, kw_only=True):
    """The person is connected with the sender."""

    type = "connection-accepted"


class ConnectionTimedOut(Event, frozen=True, kw_only=True):
    """The person did not accept the invitation in time."""

    type = "connection-timed-out"


class LeadReplied(Event, frozen=True, kw_only=True):
    """The person answered; with ``stops`` nothing more is sent. ``evidence`` is the vault document of the answer."""

    type = "lead-replied"
    stops: bool
    evidence: UUID | None = None


class SendOutcomeUnknown(Event, frozen=True, kw_only=True):
    """Nobody can tell whether the provider took it over; it is never sent again blindly."""

    type = "send-outcome-unknown"
    send_id: UUID
    reason: LossReason


class SendResolved(Event, frozen=True, kw_only=True):
    """A person (the actor) settled a send of unknown outcome; what follows from that is told by the next events.

    ``not_sent``: the step is to be sent again, which nobody but a person can decide. ``failed``: it is not.
    ``evidence`` is the vault document of what the person says about it.
    """

    type = "send-resolved"
    send_id: UUID
    resolution: Resolution
    evidence: UUID | None = None


class MailBounced(Event, frozen=True, kw_only=True):
    """A mail that a server had taken over came back as undeliverable (RFC 3464, ``failed``).

    ``code``: the SMTP status that the last server gave, 0 if it is not told. ``evidence``: the document of its words.
    """

    type = "mail-bounced"
    send_id: UUID
    code: int = 0
    evidence: UUID | None = None


class NextActionPlanned(Event, frozen=True, kw_only=True):
    """What is done next to the lead, and when."""

    type = "lead-next-action-planned"
    schema = 2
    node_id: UUID
    due_at: datetime
    action: Action


class LeadCompleted(Event, frozen=True, kw_only=True):
    """The lead has gone through the whole sequence."""

    type = "lead-completed"


class LeadUnsubscribed(Event, frozen=True, kw_only=True):
    """The person wants no more mail from this workspace."""

    type = "lead-unsubscribed"


class LeadSuppressed(Event, frozen=True, kw_only=True):
    """The workspace wants nothing more sent to the person."""

    type = "lead-suppressed"


class MailOpened(Event, frozen=True, kw_only=True):
    """The picture in a mail was fetched, by the person or by a program of theirs; kept once for each send."""

    type = "mail-opened"
    send_id: UUID


EVENTS: tuple[type[Event], ...] = (
    LeadsImported,
    LeadsCorrected,
    LeadsRemoved,
    LeadsSkipped,
    LeadsEnrolled,
    LeadsWithdrawn,
    LeadsCancelled,
    SendIntended,
    SendAccepted,
    SendDeferred,
    SendRefused,
    SendFailed,
    SendOutcomeUnknown,
    SendInDoubt,
    SendResolved,
    MailBounced,
    InvitationSpared,
    ConnectionAwaited,
    ConnectionAccepted,
    ConnectionTimedOut,
    NextActionPlanned,
    LeadReplied,
    LeadCompleted,
    LeadUnsubscribed,
    LeadSuppressed,
    MailOpened,
)

# --- Facts: an event, taken apart per lead ---------------------------------------------------------------------------


class Removed(Struct, frozen=True):
    """The lead is no longer on the draft."""


class Withdrawn(Struct, frozen=True):
    """The lead's enrolment or skip is undone."""


class Cancelled(Struct, frozen=True):
    """The campaign was stopped before the lead was done."""


Fact: TypeAlias = (
    ImportedLead | CorrectedLead | SkippedLead | EnrolledLead | Removed | Withdrawn | Cancelled | Event
)


def facts(recorded: Recorded) -> Iterable[tuple[UUID, Fact]]:
    """The facts about single leads that an event of a roster or a lead's stream tells; none for other streams."""
    if recorded.stream.startswith(streams.LEAD):
        return ((streams.subject(recorded.stream), recorded.event),)
    return _facts_of_many(recorded.event)


def _facts_of_many(event: Event) -> Iterator[tuple[UUID, Fact]]:
    match event:
        case LeadsImported() | LeadsCorrected() | LeadsSkipped() | LeadsEnrolled():
            yield from ((entry.lead_id, entry) for entry in event.leads)
        case LeadsRemoved(lead_ids=lead_ids):
            yield from ((lead_id, Removed()) for lead_id in lead_ids)
        case LeadsWithdrawn(lead_ids=lead_ids):
            yield from ((lead_id, Withdrawn()) for lead_id in lead_ids)
        case LeadsCancelled(lead_ids=lead_ids):
            yield from ((lead_id, Cancelled()) for lead_id in lead_ids)
