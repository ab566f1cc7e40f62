"""What is known of a lead after its facts: state, evolve, and the machine that says what is legal when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
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
    match fact:
        case ImportedLead():
            return replace(
                NEWBORN, ordinal=fact.ordinal, person_id=fact.person_id, document_id=fact.document_id
            )
        case CorrectedLead():
            return replace(lead, person_id=fact.person_id, document_id=fact.document_id)
        case SkippedLead(reason=reason):
            return _ended(lead, "cancel", skip_reason=reason)
        case EnrolledLead(sender_id=sender_id, node_id=node_id, due_at=due_at):
            return replace(lead, sender_id=sender_id, current_node_id=node_id, next_action_at=due_at)
        case Withdrawn():
            back = {"sender_id": None, "current_node_id": None, "next_action_at": None, "skip_reason": None}
            return _moved(lead, "withdraw", **back)
        case Cancelled():
            return _ended(lead, "cancel")
        case _:
            return _evolve_sending(lead, fact, at)


def _evolve_sending(lead: Lead, fact: Fact, at: datetime) -> Lead:
    match fact:
        case SendIntended(send_id=send_id, node_id=node_id, attempt=attempt, sender_id=sender_id):
            opened = OpenSend(send_id, node_id, attempt, action=fact.action)
            return replace(lead, open_send=opened, sender_id=sender_id, current_node_id=node_id)
        case SendAccepted() if lead.open_send is not None:
            opened = lead.open_send
            sent = (*lead.sent_nodes, (opened.node_id, opened.send_id))
            taken = _TAKEN_OVER[opened.action]
            return _moved(lead, taken, sent_nodes=sent, open_send=None, next_action_at=None)
        case SendDeferred(retry_at=retry_at) if lead.open_send is not None:
            waiting = replace(lead.open_send, deferred=True, looks=0)
            return replace(lead, open_send=waiting, next_action_at=retry_at)
        case SendRefused():
            return _ended(lead, "bounce", bounced_at=at, open_send=None)
        case SendFailed():
            return _ended(lead, "fail", open_send=None)
        case MailBounced():
            return _ended(lead, "bounce", bounced_at=at)
        case SendOutcomeUnknown():
            return _ended(lead, "lose")
        case SendResolved(resolution="not_sent"):
            return _moved(lead, "reopen")
        case SendInDoubt(look=look, look_at=look_at) if lead.open_send is not None:
            doubtful = replace(lead.open_send, looks=look)
            return replace(lead, open_send=doubtful, next_action_at=look_at)
        case NextActionPlanned(node_id=node_id, due_at=due_at):
            return replace(lead, current_node_id=node_id, next_action_at=due_at)
        case LeadReplied(stops=stops):
            replied_at = lead.replied_at or at
            if stops:
                return _ended(lead, "reply", replied_at=replied_at)
            return replace(lead, replied_at=replied_at)
        case LeadCompleted():
            return _ended(lead, "finish", current_node_id=None)
        case LeadUnsubscribed():
            return _ended(lead, "unsubscribe")
        case LeadSuppressed() if MACHINE.target("cancel", lead.status) is not None:
            return _ended(lead, "cancel", skip_reason="suppressed")
        case _:
            return _evolve_connecting(lead, fact, at)


def _evolve_connecting(lead: Lead, fact: Fact, at: datetime) -> Lead:
    match fact:
        case InvitationSpared():
            return replace(lead, open_send=None, next_action_at=None)
        case ConnectionAwaited(until=until):
            return replace(lead, next_action_at=until)
        case ConnectionAccepted():
            return _moved(lead, "connect", connected_at=lead.connected_at or at)
        case ConnectionTimedOut():
            return _ended(lead, "time_out")
        case _:
            return lead


def _moved(lead: Lead, trigger: LeadTrigger, **changes: object) -> Lead:
    status = MACHINE.target(trigger, lead.status) or lead.status
    return replace(lead, status=status, **changes)


def _ended(lead: Lead, trigger: LeadTrigger, **changes: object) -> Lead:
    # An open send stays open: what became of it is still recorded, whatever ended the lead meanwhile.
    return _moved(lead, trigger, next_action_at=None, **changes)
