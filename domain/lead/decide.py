"""What may be done to a lead: commands in, events out, or a refusal; the rules that let no send happen twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict

from domain.event import Event
from domain.lead.events import (
    ConnectionAccepted,
    ConnectionAwaited,
    ConnectionTimedOut,
    FailureReason,
    InvitationSpared,
    LeadCompleted,
    LeadReplied,
    LeadSuppressed,
    LeadUnsubscribed,
    LossReason,
    NextActionPlanned,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendInDoubt,
    SendIntended,
    SendOutcomeUnknown,
    SendRefused,
)
from domain.lead.state import MACHINE, Lead, OpenSend
from domain.refusal import Refused
from domain.schedule import OperatingHours, next_open
from domain.sequence import Action, Channel, Nodes, Step, action_of, next_sendable, position_of

MAX_ATTEMPTS: Final = 8
FIRST_RETRY: Final = timedelta(minutes=1)
"""Deferred sends wait 1, 2, 4 … minutes: eight attempts span about two hours."""
TRACED: Final[frozenset[Action]] = frozenset({"connection_request", "message"})
"""The actions of which the provider can show a trace, so that a doubt about them can be settled."""
MAX_LOOKS: Final = 8
FIRST_LOOK: Final = timedelta(minutes=1)
"""Traces are looked for after 1, 2, 4 … minutes. The first is longer than any call to a provider may take."""

# --- Commands --------------------------------------------------------------------------------------------------------


class NextAction(Struct, frozen=True):
    """The next node to send, when, and what is done there."""

    node_id: UUID
    due_at: datetime
    action: Action = "email"


class BeginSend(Struct, frozen=True, kw_only=True):
    """Commit to sending ``node_id``. ``send_id`` is used unless a deferred send of the same node is resumed."""

    campaign_id: UUID
    send_id: UUID
    node_id: UUID
    sender_id: UUID
    action: Action = "email"


class RecordAccepted(Struct, frozen=True, kw_only=True):
    """The provider took the send over; ``next_action`` is None at the end of the sequence.

    What follows an invitation waits for the connection: until ``connected_by``, or else the lead times out.
    """

    send_id: UUID
    code: int
    next_action: NextAction | None
    evidence: UUID | None = None
    connected_by: datetime | None = None


class RecordSpared(Struct, frozen=True, kw_only=True):
    """No invitation was needed: the person is connected already."""

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


class RecordPostponed(Struct, frozen=True, kw_only=True):
    """The provider took nothing over and will not before ``until``, however often it is asked."""

    send_id: UUID
    code: int
    until: datetime
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
    code: int = 0
    evidence: UUID | None = None


class RecordLost(Struct, frozen=True, kw_only=True):
    """Nobody was told what became of the send."""

    send_id: UUID
    reason: LossReason
    now: datetime


class RecordUntold(Struct, frozen=True, kw_only=True):
    """The provider could not say whether there is a trace of the send in doubt."""

    send_id: UUID
    now: datetime


class RecordConnected(Struct, frozen=True, kw_only=True):
    """The person is connected with the sender; ``next_action`` follows the invitation."""

    next_action: NextAction | None


class TimeOut(Struct, frozen=True, kw_only=True):
    """It is ``now``: give up waiting for the person if the time is over."""

    now: datetime


class RecordReply(Struct, frozen=True, kw_only=True):
    """The person answered; ``stops``: nothing more is to be sent then."""

    stops: bool
    evidence: UUID | None = None


class Unsubscribe(Struct, frozen=True):
    """The person wants no more mail."""


class Suppress(Struct, frozen=True):
    """The workspace wants nothing more sent to the person."""


Outcome: TypeAlias = (
    RecordAccepted
    | RecordSpared
    | RecordDeferred
    | RecordPostponed
    | RecordRefused
    | RecordFailed
    | RecordLost
)
News: TypeAlias = RecordConnected | TimeOut | RecordReply | Unsubscribe | Suppress
Command: TypeAlias = BeginSend | Outcome | RecordUntold | News

# --- Decide ----------------------------------------------------------------------------------------------------------


def decide(lead: Lead, command: Command) -> tuple[Event, ...]:
    """The events that ``command`` leads to. Raises ``Refused`` when the lead's history forbids it."""
    match command:
        case BeginSend():
            return (intend(lead, command),)
        case RecordConnected() | TimeOut() | RecordReply() | Unsubscribe() | Suppress():
            return _heed(lead, command)
        case RecordLost(send_id=send_id, reason=loss, now=now):
            opened = _require_open(lead, send_id)
            return () if lead.is_in_doubt else _lose(lead, opened, loss, now)
        case RecordUntold(send_id=send_id, now=now):
            return _lose(lead, _require_open(lead, send_id), "provider-silent", now)
        case _:
            return _settle(lead, command)


def _settle(
    lead: Lead,
    command: RecordAccepted | RecordSpared | RecordDeferred | RecordPostponed | RecordRefused | RecordFailed,
) -> tuple[Event, ...]:
    """What became of the open send."""
    send_id = command.send_id
    opened = _require_open(lead, send_id)
    match command:
        case RecordAccepted(code=code, evidence=evidence):
            accepted = SendAccepted(send_id=send_id, code=code, evidence=evidence)
            return (accepted, *_after_acceptance(lead, opened, command))
        case RecordSpared(code=code, next_action=following, evidence=evidence):
            spared = InvitationSpared(send_id=send_id, code=code, evidence=evidence)
            return (spared, *_connection(lead), *_what_follows(lead, following))
        case RecordDeferred():
            return _defer(lead, opened, command)
        case RecordPostponed(code=code, until=until, evidence=evidence):
            return _hand_back(lead, send_id, code, until, evidence)
        case RecordRefused(code=code, evidence=evidence):
            return (SendRefused(send_id=send_id, code=code, evidence=evidence),)
        case RecordFailed(reason=failure, code=code, evidence=evidence):
            return (SendFailed(send_id=send_id, reason=failure, code=code, evidence=evidence),)
        case _:
            assert_never(command)


def _heed(lead: Lead, news: News) -> tuple[Event, ...]:
    """What is heard of the person; nothing new changes nothing."""
    match news:
        case RecordConnected(next_action=following):
            planned = _what_follows(lead, following) if lead.awaits_connection else ()
            return (*_connection(lead), *planned)
        case TimeOut(now=now):
            is_over = lead.next_action_at is not None and now >= lead.next_action_at
            return (ConnectionTimedOut(),) if lead.awaits_connection and is_over else ()
        case RecordReply(stops=stops, evidence=evidence):
            was_written_to = bool(lead.sent_nodes) or lead.open_send is not None
            replied = LeadReplied(stops=stops, evidence=evidence)
            return (replied,) if was_written_to and lead.replied_at is None else ()
        case Unsubscribe():
            legal = MACHINE.target("unsubscribe", lead.status) is not None
            return (LeadUnsubscribed(),) if legal else ()
        case Suppress():
            legal = MACHINE.target("cancel", lead.status) is not None
            return (LeadSuppressed(),) if legal else ()
        case _:
            assert_never(news)


def retry_delay(attempt: int) -> timedelta:
    """How long a send waits after its ``attempt``-th deferral (from 1): doubling from ``FIRST_RETRY``."""
    return FIRST_RETRY * (1 << (attempt - 1))


def look_delay(look: int) -> timedelta:
    """How long to wait before the ``look``-th look (from 1) for the trace of a send: doubling from ``FIRST_LOOK``."""
    return FIRST_LOOK * (1 << (look - 1))


def next_action(
    channel: Channel, nodes: Nodes, done: UUID, hours: OperatingHours | None, now: datetime
) -> NextAction | None:
    """What follows the node ``done`` at ``now``: the next sendable node, after its delay, within ``hours``."""
    step = next_sendable(nodes, position_of(nodes, done))
    if step is None:
        return None
    return NextAction(step.node.id, due_after(step, hours, now), action_of(channel, step.node))


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
        action=command.action,
    )


def _after_acceptance(lead: Lead, opened: OpenSend, command: RecordAccepted) -> tuple[Event, ...]:
    is_invitation = opened.action == "connection_request"
    if not is_invitation or lead.connected_at is not None:
        return _what_follows(lead, command.next_action)
    if _is_over(lead) or command.connected_by is None:
        return ()
    return (ConnectionAwaited(until=command.connected_by),)


def _connection(lead: Lead) -> tuple[Event, ...]:
    """That the person is connected, unless it is known or of no interest any more."""
    legal = MACHINE.target("connect", lead.status) is not None
    return (ConnectionAccepted(),) if legal and lead.connected_at is None else ()


def _defer(lead: Lead, opened: OpenSend, command: RecordDeferred) -> tuple[Event, ...]:
    if opened.attempt >= MAX_ATTEMPTS and not lead.is_terminal:
        return (SendFailed(send_id=command.send_id, reason="retries-exhausted"),)
    retry_at = command.now + retry_delay(opened.attempt)
    return _hand_back(lead, command.send_id, command.code, retry_at, command.evidence)


def _hand_back(
    lead: Lead, send_id: UUID, code: int, retry_at: datetime, evidence: UUID | None
) -> tuple[Event, ...]:
    if lead.is_terminal:
        return (SendFailed(send_id=send_id, reason="lead-ended"),)
    return (SendDeferred(send_id=send_id, code=code, retry_at=retry_at, evidence=evidence),)


def _lose(lead: Lead, opened: OpenSend, reason: LossReason, now: datetime) -> tuple[Event, ...]:
    """A send without an outcome: its trace is looked for where there can be one, as often as is sensible."""
    if lead.status == "outcome_unknown":
        return ()
    look = opened.looks + 1
    if opened.action not in TRACED or look > MAX_LOOKS or lead.is_terminal:
        return (SendOutcomeUnknown(send_id=opened.send_id, reason=reason),)
    look_at = now + look_delay(look)
    return (SendInDoubt(send_id=opened.send_id, reason=reason, look=look, look_at=look_at),)


def _what_follows(lead: Lead, following: NextAction | None) -> tuple[Event, ...]:
    if _is_over(lead):
        return ()
    if following is None:
        return (LeadCompleted(),)
    return (NextActionPlanned(**asdict(following)),)


def _is_over(lead: Lead) -> bool:
    """Whether nothing follows; a lead that was lost goes on when its send turns out to have been made."""
    return lead.is_terminal and lead.status != "outcome_unknown"


def _require_open(lead: Lead, send_id: UUID) -> OpenSend:
    opened = lead.open_send
    if opened is None or opened.send_id != send_id or opened.deferred:
        raise Refused("no-such-send", "No send of this id waits for its outcome.")
    return opened
