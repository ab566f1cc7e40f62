"""What is known of a lead after its facts: state, evolve, and the machine that says what is legal when."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.lead.events import (
    Cancelled,
    CorrectedLead,
    EnrolledLead,
    Fact,
    ImportedLead,
    LeadCompleted,
    LeadStatus,
    LeadSuppressed,
    LeadUnsubscribed,
    NextActionPlanned,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendIntended,
    SendOutcomeUnknown,
    SendRefused,
    SkippedLead,
    SkipReason,
    Withdrawn,
)
from domain.machine import Arrow, StatusMachine

TERMINAL: frozenset[LeadStatus] = frozenset(
    {"replied", "bounced", "completed", "timed_out", "unsubscribed", "failed", "cancelled", "outcome_unknown"}
)
LeadTrigger = Literal["accept", "finish", "bounce", "fail", "lose", "unsubscribe", "cancel", "withdraw"]

MACHINE: StatusMachine[LeadStatus, LeadTrigger] = StatusMachine(
    "lead",
    "pending",
    (
        Arrow("accept", "pending", "sent", "a provider took the first message over"),
        Arrow("accept", "sent", "sent", "a provider took a follow-up over"),
        Arrow(
            "accept", "outcome_unknown", "sent", "evidence came to light that the provider had taken it over"
        ),
        Arrow("finish", "sent", "completed", "the sequence is at its end"),
        Arrow("bounce", "pending", "bounced", "refused for good"),
        Arrow("bounce", "sent", "bounced", "a follow-up was refused for good"),
        Arrow("bounce", "outcome_unknown", "bounced", "evidence came to light that it was refused"),
        Arrow("fail", "pending", "failed", "given up"),
        Arrow("fail", "sent", "failed", "given up"),
        Arrow("fail", "outcome_unknown", "failed", "evidence came to light that it was not sent"),
        Arrow("lose", "pending", "outcome_unknown", "nobody can tell whether it was sent"),
        Arrow("lose", "sent", "outcome_unknown", "nobody can tell whether the follow-up was sent"),
        Arrow("unsubscribe", "pending", "unsubscribed", "the person unsubscribed"),
        Arrow("unsubscribe", "sent", "unsubscribed", "the person unsubscribed"),
        Arrow("cancel", "pending", "cancelled", "left out by the launch, or the campaign was stopped"),
        Arrow("cancel", "sent", "cancelled", "the campaign was stopped"),
        Arrow("withdraw", "cancelled", "pending", "the launch that left it out was rolled back"),
    ),
)

# --- State -----------------------------------------------------------------------------------------------------------


class OpenSend(Struct, frozen=True):
    """A send whose outcome is not known; ``deferred``: it was handed back and waits for its next attempt."""

    send_id: UUID
    node_id: UUID
    attempt: int
    deferred: bool = False


class Lead(Struct, frozen=True, kw_only=True):
    """What is known of a lead. ``sent_nodes``: nodes a provider took over, in order, with their send ids."""

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

    @property
    def is_terminal(self) -> bool:
        """Whether nothing will be done to the lead any more."""
        return self.status in TERMINAL


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
            return _ended(replace(lead, skip_reason=reason), "cancel")
        case EnrolledLead(sender_id=sender_id, node_id=node_id, due_at=due_at):
            return replace(lead, sender_id=sender_id, current_node_id=node_id, next_action_at=due_at)
        case Withdrawn():
            back = replace(lead, sender_id=None, current_node_id=None, next_action_at=None, skip_reason=None)
            return _moved(back, "withdraw")
        case Cancelled():
            return _ended(lead, "cancel")
        case _:
            return _evolve_sending(lead, fact, at)


def _evolve_sending(lead: Lead, fact: Fact, at: datetime) -> Lead:
    match fact:
        case SendIntended(send_id=send_id, node_id=node_id, attempt=attempt, sender_id=sender_id):
            opened = OpenSend(send_id, node_id, attempt)
            return replace(lead, open_send=opened, sender_id=sender_id, current_node_id=node_id)
        case SendAccepted() if lead.open_send is not None:
            sent = (*lead.sent_nodes, (lead.open_send.node_id, lead.open_send.send_id))
            return _moved(replace(lead, sent_nodes=sent, open_send=None, next_action_at=None), "accept")
        case SendDeferred(retry_at=retry_at) if lead.open_send is not None:
            waiting = replace(lead.open_send, deferred=True)
            return replace(lead, open_send=waiting, next_action_at=retry_at)
        case SendRefused():
            return _ended(replace(lead, bounced_at=at, open_send=None), "bounce")
        case SendFailed():
            return _ended(replace(lead, open_send=None), "fail")
        case SendOutcomeUnknown():
            return _ended(lead, "lose")
        case NextActionPlanned(node_id=node_id, due_at=due_at):
            return replace(lead, current_node_id=node_id, next_action_at=due_at)
        case LeadCompleted():
            return _ended(replace(lead, current_node_id=None), "finish")
        case LeadUnsubscribed():
            return _ended(lead, "unsubscribe")
        case LeadSuppressed() if MACHINE.target("cancel", lead.status) is not None:
            return _ended(replace(lead, skip_reason="suppressed"), "cancel")
        case _:
            return lead


def _moved(lead: Lead, trigger: LeadTrigger) -> Lead:
    return replace(lead, status=MACHINE.target(trigger, lead.status) or lead.status)


def _ended(lead: Lead, trigger: LeadTrigger) -> Lead:
    # An open send stays open: what became of it is still recorded, whatever ended the lead meanwhile.
    return replace(_moved(lead, trigger), next_action_at=None)
