"""What may be done to a lead: commands in, events out, or a refusal; the rules that let no send happen twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct

from domain.event import Event
from domain.lead.events import (
    FailureReason,
    LeadCompleted,
    LeadUnsubscribed,
    LossReason,
    NextActionPlanned,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendIntended,
    SendOutcomeUnknown,
    SendRefused,
)
from domain.lead.state import MACHINE, Lead, OpenSend
from domain.refusal import Refused
from domain.schedule import OperatingHours, next_open
from domain.sequence import Nodes, Step, next_sendable, position_of

MAX_ATTEMPTS: Final = 8
FIRST_RETRY: Final = timedelta(minutes=1)
"""Deferred sends wait 1, 2, 4 … minutes: eight attempts span about two hours."""

# --- Commands --------------------------------------------------------------------------------------------------------


class NextAction(Struct, frozen=True):
    """The next node to send, and when."""

    node_id: UUID
    due_at: datetime


class BeginSend(Struct, frozen=True, kw_only=True):
    """Commit to sending ``node_id``. ``send_id`` is used unless a deferred send of the same node is resumed."""

    campaign_id: UUID
    send_id: UUID
    node_id: UUID
    sender_id: UUID


class RecordAccepted(Struct, frozen=True, kw_only=True):
    """The provider took the send over; ``next_action`` is None at the end of the sequence."""

    send_id: UUID
    code: int
    next_action: NextAction | None
    evidence: UUID | None = None


class RecordDeferred(Struct, frozen=True, kw_only=True):
    """The provider took nothing over, for now."""

    send_id: UUID
    code: int
    now: datetime
    evidence: UUID | None = None


class RecordRefused(Struct, frozen=True, kw_only=True):
    """The provider refused for good."""

    send_id: UUID
    code: int
    evidence: UUID | None = None


class RecordFailed(Struct, frozen=True, kw_only=True):
    """The send can't be made; nothing was handed to a provider."""

    send_id: UUID
    reason: FailureReason


class RecordLost(Struct, frozen=True, kw_only=True):
    """Nobody can tell what became of the send."""

    send_id: UUID
    reason: LossReason


class Unsubscribe(Struct, frozen=True):
    """The person wants no more mail."""


Outcome: TypeAlias = RecordAccepted | RecordDeferred | RecordRefused | RecordFailed | RecordLost
Command: TypeAlias = BeginSend | Outcome | Unsubscribe

# --- Decide ----------------------------------------------------------------------------------------------------------


def decide(lead: Lead, command: Command) -> tuple[Event, ...]:
    """The events that ``command`` leads to. Raises ``Refused`` when the lead's history forbids it."""
    match command:
        case BeginSend():
            return (intend(lead, command),)
        case RecordAccepted(send_id=send_id, code=code, next_action=following, evidence=evidence):
            _require_open(lead, send_id)
            accepted = SendAccepted(send_id=send_id, code=code, evidence=evidence)
            return (accepted, *_what_follows(lead, following))
        case RecordDeferred(send_id=send_id):
            return _defer(lead, command)
        case RecordRefused(send_id=send_id, code=code, evidence=evidence):
            _require_open(lead, send_id)
            return (SendRefused(send_id=send_id, code=code, evidence=evidence),)
        case RecordFailed(send_id=send_id, reason=failure):
            _require_open(lead, send_id)
            return (SendFailed(send_id=send_id, reason=failure),)
        case RecordLost(send_id=send_id, reason=loss):
            _require_open(lead, send_id)
            lost = SendOutcomeUnknown(send_id=send_id, reason=loss)
            return () if lead.status == "outcome_unknown" else (lost,)
        case Unsubscribe():
            legal = MACHINE.target("unsubscribe", lead.status) is not None
            return (LeadUnsubscribed(),) if legal else ()
        case _:
            assert_never(command)


def retry_delay(attempt: int) -> timedelta:
    """How long a send waits after its ``attempt``-th deferral (from 1): doubling from ``FIRST_RETRY``."""
    return FIRST_RETRY * (1 << (attempt - 1))


def next_action(nodes: Nodes, done: UUID, hours: OperatingHours | None, now: datetime) -> NextAction | None:
    """What follows the node ``done`` at ``now``: the next sendable node, after its delay, within ``hours``."""
    step = next_sendable(nodes, position_of(nodes, done))
    return None if step is None else NextAction(step.node.id, due_after(step, hours, now))


def due_after(step: Step, hours: OperatingHours | None, now: datetime) -> datetime:
    """When ``step`` is due if the one before it was done at ``now``."""
    return next_open(hours, now + step.delay)


def intend(lead: Lead, command: BeginSend) -> SendIntended:
    """The commitment to a send. Raises ``Refused`` when the lead is done with, or this step is, or a send is open."""
    send_id, attempt = command.send_id, 1
    if lead.is_terminal:
        raise Refused("lead-is-terminal", f"The lead is {lead.status}; nothing more is sent to it.")
    if any(node_id == command.node_id for node_id, _ in lead.sent_nodes):
        raise Refused("step-already-sent", "This step was already sent to the lead.")
    if lead.open_send is not None:
        if not lead.open_send.deferred or lead.open_send.node_id != command.node_id:
            raise Refused("send-in-flight", "A send to this lead is in flight; its outcome comes first.")
        send_id, attempt = lead.open_send.send_id, lead.open_send.attempt + 1
    return SendIntended(
        campaign_id=command.campaign_id,
        send_id=send_id,
        node_id=command.node_id,
        sender_id=command.sender_id,
        attempt=attempt,
    )


def _defer(lead: Lead, command: RecordDeferred) -> tuple[Event, ...]:
    opened = _require_open(lead, command.send_id)
    if lead.is_terminal:
        return (SendFailed(send_id=command.send_id, reason="lead-ended"),)
    if opened.attempt >= MAX_ATTEMPTS:
        return (SendFailed(send_id=command.send_id, reason="retries-exhausted"),)
    retry_at = command.now + retry_delay(opened.attempt)
    return (
        SendDeferred(
            send_id=command.send_id, code=command.code, retry_at=retry_at, evidence=command.evidence
        ),
    )


def _what_follows(lead: Lead, following: NextAction | None) -> tuple[Event, ...]:
    if lead.status == "unsubscribed":
        return ()
    if following is None:
        return (LeadCompleted(),)
    return (NextActionPlanned(node_id=following.node_id, due_at=following.due_at),)


def _require_open(lead: Lead, send_id: UUID) -> OpenSend:
    opened = lead.open_send
    if opened is None or opened.send_id != send_id or opened.deferred:
        raise Refused("no-such-send", "No send of this id waits for its outcome.")
    return opened
