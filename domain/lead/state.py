"""What is known of a lead after its facts: state, evolve, and the machine that says what is legal when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.lead.events import (
    Cancelled,
    ConnectionAccepted,
    ConnectionAwaited,
    ConnectionTimedOut,
    CorrectedLead,
    EnrolledLead,
    Fact,
    ImportedLead,
    InvitationSpared,
    LeadCompleted,
    LeadReplied,
    LeadStatus,
    LeadSuppressed,
    LeadUnsubscribed,
    MailBounced,
    NextActionPlanned,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendInDoubt,
    SendIntended,
    SendOutcomeUnknown,
    SendRefused,
    SendResolved,
    SkippedLead,
    SkipReason,
    Withdrawn,
)
from domain.machine import Arrow, StatusMachine
from domain.sequence import Action

TERMINAL: frozenset[LeadStatus] = frozenset(
    {"replied", "bounced", "completed", "timed_out", "unsubscribed", "failed", "cancelled", "outcome_unknown"}
)
LeadTrigger = Literal[
    "accept",
    "invite",
    "connect",
    "write",
    "finish",
    "reply",
    "bounce",
    "fail",
    "lose",
    "reopen",
    "time_out",
    "unsubscribe",
    "cancel",
    "withdraw",
]

MACHINE: StatusMachine[LeadStatus, LeadTrigger] = StatusMachine(
    "lead",
    "pending",
    (
        Arrow("accept", "pending", "sent", "a provider took the first mail over"),
        Arrow("accept", "sent", "sent", "a provider took a follow-up over"),
        Arrow(
            "accept", "outcome_unknown", "sent", "evidence came to light that the provider had taken it over"
        ),
        Arrow("invite", "pending", "connection_sent", "the person is invited to connect"),
        Arrow(
            "invite",
            "outcome_unknown",
            "connection_sent",
            "evidence came to light that the person is invited",
        ),
        Arrow("connect", "pending", "connected", "no invitation was needed, or it was accepted at once"),
        Arrow("connect", "connection_sent", "connected", "the person accepted the invitation"),
        Arrow(
            "connect", "outcome_unknown", "connected", "evidence came to light that the person is connected"
        ),
        Arrow("write", "pending", "message_sent", "a message went to a person connected before"),
        Arrow("write", "connected", "message_sent", "the first message went to the person"),
        Arrow("write", "message_sent", "message_sent", "a further message went to the person"),
        Arrow("write", "outcome_unknown", "message_sent", "evidence came to light that the message was sent"),
        Arrow("finish", "sent", "completed", "the sequence is at its end"),
        Arrow("finish", "connected", "completed", "the sequence is at its end"),
        Arrow("finish", "message_sent", "completed", "the sequence is at its end"),
        Arrow("reply", "pending", "replied", "the person answered before the outcome of the send was told"),
        Arrow("reply", "sent", "replied", "the person answered"),
        Arrow("reply", "connection_sent", "replied", "the person answered"),
        Arrow("reply", "connected", "replied", "the person answered"),
        Arrow("reply", "message_sent", "replied", "the person answered"),
        Arrow("reply", "completed", "replied", "the person answered after the last step"),
        Arrow("reply", "timed_out", "replied", "the person answered after all"),
        Arrow("reply", "outcome_unknown", "replied", "the person answered: it had been sent"),
        Arrow("bounce", "pending", "bounced", "refused for good"),
        Arrow("bounce", "sent", "bounced", "a follow-up was refused for good, or a mail came back"),
        Arrow("bounce", "completed", "bounced", "a mail came back after the last step"),
        Arrow("bounce", "outcome_unknown", "bounced", "evidence came to light that it was refused"),
        Arrow("fail", "pending", "failed", "given up"),
        Arrow("fail", "sent", "failed", "given up"),
        Arrow("fail", "connected", "failed", "given up"),
        Arrow("fail", "message_sent", "failed", "given up"),
        Arrow("fail", "outcome_unknown", "failed", "evidence came to light that it was not sent"),
        Arrow("lose", "pending", "outcome_unknown", "nobody can tell whether it was sent"),
        Arrow("lose", "sent", "outcome_unknown", "nobody can tell whether the follow-up was sent"),
        Arrow("lose", "connected", "outcome_unknown", "nobody can tell whether the message was sent"),
        Arrow("lose", "message_sent", "outcome_unknown", "nobody can tell whether the message was sent"),
        Arrow(
            "reopen", "outcome_unknown", "pending", "a person found that it was not sent: it is sent again"
        ),
        Arrow("time_out", "connection_sent", "timed_out", "the invitation was not accepted in time"),
        Arrow("unsubscribe", "pending", "unsubscribed", "the person unsubscribed"),
        Arrow("unsubscribe", "sent", "unsubscribed", "the person unsubscribed"),
        Arrow("unsubscribe", "connection_sent", "unsubscribed", "the person wants to hear no more"),
        Arrow("unsubscribe", "connected", "unsubscribed", "the person wants to hear no more"),
        Arrow("unsubscribe", "message_sent", "unsubscribed", "the person wants to hear no more"),
        Arrow("cancel", "pending", "cancelled", "left out by the launch, or the campaign was stopped"),
        Arrow("cancel", "sent", "cancelled", "the campaign was stopped"),
        Arrow("cancel", "connection_sent", "cancelled", "the campaign was stopped"),
        Arrow("cancel", "connected", "cancelled", "the campaign was stopped"),
        Arrow("cancel", "message_sent", "cancelled", "the campaign was stopped"),
        Arrow("withdraw", "cancelled", "pending", "the launch that left it out was rolled back"),
    ),
)

_TAKEN_OVER: Mapping[Action, LeadTrigger] = {
    "email": "accept",
    "connection_request": "invite",
    "message": "write",
}
"""What a provider's acceptance of each action means for the lead."""

# --- State -----------------------------------------------------------------------------------------------------------


class OpenSend(Struct, frozen=True, gc=False):
    """A send whose outcome is not known. ``deferred``: it was handed back and waits for its next attempt.

    ``looks`` counts how often its trace was or is to be looked for; more than 0: it is in doubt.
    """

    send_id: UUID
    node_id: UUID
    attempt: int
    deferred: bool = False
    action: Action = "email"
    looks: int = 0


class Lead(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a lead. ``sent_nodes``: nodes a provider took over, in order, with their send ids.

    ``next_action_at``: when something is to be done next; None when nothing is to be done any more.
    """

    status: LeadStatus = "pending"
    ordinal: int = 0
    person_id: UUID | None = None
    document_id: UUID | None = None
    sender_id: UUID | None = None
    current_node_id: UUID | None = None
    next_action_at: datetime | None = None
    skip_reason: SkipReason | None = None
    open_send: OpenSend | None = None
    sent_nodes: tuple[tuple[UUID, UUID], ...] = ()
    bounced_at: datetime | None = None
    replied_at: datetime | None = None
    connected_at: datetime | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether nothing will be done to the lead any more."""
        return self.status in TERMINAL

    @property
    def awaits_connection(self) -> bool:
        """Whether an invitation is out and it is the person's turn."""
        return self.status == "connection_sent"

    @property
    def is_in_doubt(self) -> bool:
        """Whether a trace of its send is to be looked for before anything else."""
        return self.open_send is not None and self.open_send.looks > 0


NEWBORN = Lead()

# --- Evolve ----------------------------------------------------------------------------------------------------------


def evolve(lead: Lead, fact: Fact, at: datetime) -> Lead:
    """The lead after one more fact, recorded ``at``. Total: a fact of no meaning to a lead changes nothing."""
    step = _STEPS.get(type(fact))
    return lead if step is None else step(lead, fact, at)


def _imported(_lead: Lead, fact: ImportedLead, _at: datetime) -> Lead:
    return replace(NEWBORN, ordinal=fact.ordinal, person_id=fact.person_id, document_id=fact.document_id)


def _corrected(lead: Lead, fact: CorrectedLead, _at: datetime) -> Lead:
    return replace(lead, person_id=fact.person_id, document_id=fact.document_id)


def _skipped(lead: Lead, fact: SkippedLead, _at: datetime) -> Lead:
    return _ended(lead, "cancel", skip_reason=fact.reason)


def _enrolled(lead: Lead, fact: EnrolledLead, _at: datetime) -> Lead:
    return replace(lead, sender_id=fact.sender_id, current_node_id=fact.node_id, next_action_at=fact.due_at)


def _withdrawn(lead: Lead, _fact: Withdrawn, _at: datetime) -> Lead:
    return _moved(
        lead, "withdraw", sender_id=None, current_node_id=None, next_action_at=None, skip_reason=None
    )


def _cancelled(lead: Lead, _fact: Cancelled, _at: datetime) -> Lead:
    return _ended(lead, "cancel")


def _intended(lead: Lead, fact: SendIntended, _at: datetime) -> Lead:
    opened = OpenSend(fact.send_id, fact.node_id, fact.attempt, action=fact.action)
    return replace(lead, open_send=opened, sender_id=fact.sender_id, current_node_id=fact.node_id)


def _accepted(lead: Lead, _fact: SendAccepted, _at: datetime) -> Lead:
    opened = lead.open_send
    if opened is None:
        return lead
    sent = (*lead.sent_nodes, (opened.node_id, opened.send_id))
    return _moved(lead, _TAKEN_OVER[opened.action], sent_nodes=sent, open_send=None, next_action_at=None)


def _deferred(lead: Lead, fact: SendDeferred, _at: datetime) -> Lead:
    if lead.open_send is None:
        return lead
    waiting = replace(lead.open_send, deferred=True, looks=0)
    return replace(lead, open_send=waiting, next_action_at=fact.retry_at)


def _refused(lead: Lead, _fact: SendRefused, at: datetime) -> Lead:
    return _ended(lead, "bounce", bounced_at=at, open_send=None)


def _failed(lead: Lead, _fact: SendFailed, _at: datetime) -> Lead:
    return _ended(lead, "fail", open_send=None)


def _bounced(lead: Lead, _fact: MailBounced, at: datetime) -> Lead:
    return _ended(lead, "bounce", bounced_at=at)


def _lost(lead: Lead, _fact: SendOutcomeUnknown, _at: datetime) -> Lead:
    return _ended(lead, "lose")


def _resolved(lead: Lead, fact: SendResolved, _at: datetime) -> Lead:
    return _moved(lead, "reopen") if fact.resolution == "not_sent" else lead


def _doubted(lead: Lead, fact: SendInDoubt, _at: datetime) -> Lead:
    if lead.open_send is None:
        return lead
    return replace(lead, open_send=replace(lead.open_send, looks=fact.look), next_action_at=fact.look_at)


def _planned(lead: Lead, fact: NextActionPlanned, _at: datetime) -> Lead:
    return replace(lead, current_node_id=fact.node_id, next_action_at=fact.due_at)


def _replied(lead: Lead, fact: LeadReplied, at: datetime) -> Lead:
    answered = replace(lead, replied_at=lead.replied_at or at)
    return _ended(answered, "reply") if fact.stops else answered


def _completed(lead: Lead, _fact: LeadCompleted, _at: datetime) -> Lead:
    return _ended(lead, "finish", current_node_id=None)


def _unsubscribed(lead: Lead, _fact: LeadUnsubscribed, _at: datetime) -> Lead:
    return _ended(lead, "unsubscribe")


def _suppressed(lead: Lead, _fact: LeadSuppressed, _at: datetime) -> Lead:
    if MACHINE.target("cancel", lead.status) is None:
        return lead
    return _ended(lead, "cancel", skip_reason="suppressed")


def _spared(lead: Lead, _fact: InvitationSpared, _at: datetime) -> Lead:
    return replace(lead, open_send=None, next_action_at=None)


def _awaited(lead: Lead, fact: ConnectionAwaited, _at: datetime) -> Lead:
    return replace(lead, next_action_at=fact.until)


def _connected(lead: Lead, _fact: ConnectionAccepted, at: datetime) -> Lead:
    return _moved(lead, "connect", connected_at=lead.connected_at or at)


def _timed_out(lead: Lead, _fact: ConnectionTimedOut, _at: datetime) -> Lead:
    return _ended(lead, "time_out")


_STEPS: Mapping[type, Callable[[Lead, Any, datetime], Lead]] = {
    ImportedLead: _imported,
    CorrectedLead: _corrected,
    SkippedLead: _skipped,
    EnrolledLead: _enrolled,
    Withdrawn: _withdrawn,
    Cancelled: _cancelled,
    SendIntended: _intended,
    SendAccepted: _accepted,
    SendDeferred: _deferred,
    SendRefused: _refused,
    SendFailed: _failed,
    MailBounced: _bounced,
    SendOutcomeUnknown: _lost,
    SendResolved: _resolved,
    SendInDoubt: _doubted,
    NextActionPlanned: _planned,
    LeadReplied: _replied,
    LeadCompleted: _completed,
    LeadUnsubscribed: _unsubscribed,
    LeadSuppressed: _suppressed,
    InvitationSpared: _spared,
    ConnectionAwaited: _awaited,
    ConnectionAccepted: _connected,
    ConnectionTimedOut: _timed_out,
}
"""What each type of fact does to a lead. Looked up, for a rebuild asks it a million times: to try one class after the
other, as a ``match`` does, took longer than the step itself."""


def _moved(lead: Lead, trigger: LeadTrigger, **changes: object) -> Lead:
    status = MACHINE.target(trigger, lead.status) or lead.status
    return replace(lead, status=status, **changes)


def _ended(lead: Lead, trigger: LeadTrigger, **changes: object) -> Lead:
    # An open send stays open: what became of it is still recorded, whatever ended the lead meanwhile.
    return _moved(lead, trigger, next_action_at=None, **changes)
