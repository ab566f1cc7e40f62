"""The sender account: connected, warmed up, and limited. Events, state, evolve, machine, decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, assert_never
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from domain.event import Event, Recorded
from domain.lifecycle import Cause, Lifecycle
from domain.machine import Arrow, StatusMachine
from domain.refusal import FieldError, Invalid
from domain.sequence import Channel

DEFAULT_DAILY_LIMIT: Final = 30
MAX_DAILY_LIMIT: Final = 500

WarmupStatus = Literal["not_started", "warming", "active"]
SenderStatus = Literal["pending", "warming", "active", "error"]
SenderTrigger = Literal["warm", "activate", "fail", "reset"]
Occasion = Literal["verification", "sending"]

# --- Events ----------------------------------------------------------------------------------------------------------


class SenderConnected(Event, frozen=True, kw_only=True):
    """A sender account was added.

    ``profile_id`` is the vault document of its names, address and signature, ``address_digest`` the keyed digest of the
    address.
    """

    type = "sender-connected"
    sender_id: UUID
    channel: Channel
    profile_id: UUID
    address_digest: UUID
    daily_limit: int
    warmup_status: WarmupStatus


class SenderChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New values of some fields of a sender; a field that is unset stays as it is. The address never changes."""

    profile_id: UUID | UnsetType = UNSET
    daily_limit: int | UnsetType = UNSET
    warmup_status: WarmupStatus | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value is not UNSET}


class SenderChanged(Event, frozen=True, kw_only=True):
    """Some fields have new values."""

    type = "sender-changed"
    change: SenderChange


class InboxConfigured(Event, frozen=True, kw_only=True):
    """The inbox's addresses and credentials are in the vault as ``inbox_id``; not verified yet."""

    type = "sender-inbox-configured"
    inbox_id: UUID


class InboxVerified(Event, frozen=True, kw_only=True):
    """Connecting, TLS and logging in worked."""

    type = "sender-inbox-verified"


class InboxRejected(Event, frozen=True, kw_only=True):
    """The inbox can't be used, as showed on this ``occasion``; ``detail_id`` is the vault document of the words."""

    type = "sender-inbox-rejected"
    occasion: Occasion
    detail_id: UUID


class SenderRemoved(Event, frozen=True, kw_only=True):
    """The account is no longer used; its history remains."""

    type = "sender-removed"


EVENTS: tuple[type[Event], ...] = (
    SenderConnected,
    SenderChanged,
    InboxConfigured,
    InboxVerified,
    InboxRejected,
    SenderRemoved,
)

# --- State -----------------------------------------------------------------------------------------------------------


class Sender(Struct, frozen=True, kw_only=True):
    """What is known of a sender account after some prefix of its stream."""

    id: UUID
    channel: Channel
    profile_id: UUID
    address_digest: UUID
    daily_limit: int
    warmup_status: WarmupStatus
    status: SenderStatus
    created_at: datetime
    updated_at: datetime
    version: int
    inbox_id: UUID | None = None
    inbox_verified: bool = False
    detail_id: UUID | None = None
    removed: bool = False


# --- Machine ---------------------------------------------------------------------------------------------------------

MACHINE: StatusMachine[SenderStatus, SenderTrigger] = StatusMachine(
    "sender",
    "pending",
    (
        Arrow("warm", "pending", "warming", "the inbox is verified, its warm-up isn't complete"),
        Arrow("warm", "error", "warming", "the inbox is verified again, its warm-up isn't complete"),
        Arrow("warm", "active", "warming", "its warm-up was taken back"),
        Arrow("activate", "pending", "active", "the inbox is verified and warmed up"),
        Arrow("activate", "warming", "active", "its warm-up is complete"),
        Arrow("activate", "error", "active", "the inbox is verified again and warmed up"),
        Arrow("fail", "pending", "error", "verification failed"),
        Arrow("fail", "warming", "error", "verification failed"),
        Arrow("fail", "active", "error", "verification failed"),
        Arrow("reset", "warming", "pending", "another inbox was given, or warm-up was reset"),
        Arrow("reset", "active", "pending", "another inbox was given, or warm-up was reset"),
        Arrow("reset", "error", "pending", "another inbox was given, or it works again but isn't warmed up"),
    ),
)

# --- Evolve ----------------------------------------------------------------------------------------------------------


def fold(history: Iterable[Recorded], sender: Sender | None = None) -> Sender | None:
    """The sender after ``history``, starting from ``sender`` (None: from nothing)."""
    for recorded in history:
        sender = evolve(sender, recorded)
    return sender


def evolve(sender: Sender | None, recorded: Recorded) -> Sender | None:
    """The sender after one more event. Total: an event that isn't the sender's own changes nothing."""
    event, at = recorded.event, recorded.recorded_at
    if isinstance(event, SenderConnected):
        return Sender(
            id=event.sender_id,
            channel=event.channel,
            profile_id=event.profile_id,
            address_digest=event.address_digest,
            daily_limit=event.daily_limit,
            warmup_status=event.warmup_status,
            status=MACHINE.initial,
            created_at=at,
            updated_at=at,
            version=recorded.version,
        )
    if sender is None:
        return None
    return _apply(replace(sender, version=recorded.version, updated_at=at), event)


def _apply(sender: Sender, event: Event) -> Sender:
    match event:
        case SenderChanged(change=change):
            return _settled(replace(sender, **change.given()))
        case InboxConfigured(inbox_id=inbox_id):
            given = replace(sender, inbox_id=inbox_id, inbox_verified=False, detail_id=None)
            return _moved(given, "reset")
        case InboxVerified():
            return _settled(replace(sender, inbox_verified=True, detail_id=None))
        case InboxRejected(detail_id=detail_id):
            return _moved(replace(sender, inbox_verified=False, detail_id=detail_id), "fail")
        case SenderRemoved():
            return replace(sender, removed=True)
        case _:
            return sender


_BY_WARMUP: Final[Mapping[WarmupStatus, SenderTrigger]] = {
    "not_started": "reset",
    "warming": "warm",
    "active": "activate",
}


def _settled(sender: Sender) -> Sender:
    """The status that inbox and warm-up add up to."""
    return _moved(sender, _BY_WARMUP[sender.warmup_status]) if sender.inbox_verified else sender


def _moved(sender: Sender, trigger: SenderTrigger) -> Sender:
    return replace(sender, status=MACHINE.target(trigger, sender.status) or sender.status)


LIFECYCLE: Final[Lifecycle[SenderStatus, SenderTrigger]] = Lifecycle(
    machine=MACHINE,
    births=(SenderConnected,),
    causes=(
        Cause(InboxConfigured, "reset"),
        Cause(InboxRejected, "fail"),
        *(
            Cause(event, trigger, given={"warmup_status": warmup, "inbox_verified": True})
            for event in (SenderChanged, InboxVerified)
            for warmup, trigger in _BY_WARMUP.items()
        ),
    ),
    marks={
        InboxConfigured: {"inbox_verified": False},
        InboxVerified: {"inbox_verified": True},
        InboxRejected: {"inbox_verified": False},
    },
)
"""How events move a sender, as data."""

# --- Decide ----------------------------------------------------------------------------------------------------------


class Connect(Struct, frozen=True, kw_only=True):
    """Add a sender account."""

    sender_id: UUID
    channel: Channel
    profile_id: UUID
    address_digest: UUID
    daily_limit: int = DEFAULT_DAILY_LIMIT
    warmup_status: WarmupStatus = "not_started"


class Change(Struct, frozen=True):
    """Change some fields."""

    change: SenderChange


class ConfigureInbox(Struct, frozen=True):
    """Use this inbox; it is verified next."""

    inbox_id: UUID


class RecordVerified(Struct, frozen=True):
    """The inbox ``inbox_id`` works."""

    inbox_id: UUID


class RecordRejected(Struct, frozen=True, kw_only=True):
    """The inbox ``inbox_id`` does not work."""

    inbox_id: UUID
    occasion: Occasion
    detail_id: UUID


class Remove(Struct, frozen=True):
    """Use the account no longer."""


Command: TypeAlias = Change | ConfigureInbox | RecordVerified | RecordRejected | Remove


def connect(command: Connect) -> tuple[Event, ...]:
    """The birth of a sender account. Raises ``Invalid`` for a limit out of range."""
    _check_limit(command.daily_limit)
    return (SenderConnected(**asdict(command)),)


def decide(sender: Sender, command: Command) -> tuple[Event, ...]:
    """The events that ``command`` leads to. Raises ``Invalid`` for a limit out of range."""
    if sender.removed:
        return ()
    match command:
        case Change(change=change):
            return _change(sender, change)
        case ConfigureInbox(inbox_id=inbox_id):
            return (InboxConfigured(inbox_id=inbox_id),)
        case RecordVerified() | RecordRejected() if command.inbox_id != sender.inbox_id:
            return ()  # it was tried while another inbox took its place
        case RecordVerified():
            return () if sender.inbox_verified else (InboxVerified(),)
        case RecordRejected(occasion="sending") if sender.status == "error":
            return ()  # many sends in flight are refused alike; the first one told it
        case RecordRejected(occasion=occasion, detail_id=detail_id):
            return (InboxRejected(occasion=occasion, detail_id=detail_id),)
        case Remove():
            return (SenderRemoved(),)
        case _:
            assert_never(command)


def _change(sender: Sender, change: SenderChange) -> tuple[Event, ...]:
    if change.daily_limit is not UNSET:
        _check_limit(change.daily_limit)
    really = {name: value for name, value in change.given().items() if value != getattr(sender, name)}
    return (SenderChanged(change=SenderChange(**really)),) if really else ()


def _check_limit(daily_limit: int) -> None:
    if not 1 <= daily_limit <= MAX_DAILY_LIMIT:
        raise Invalid(FieldError("daily_limit", f"A daily limit is between 1 and {MAX_DAILY_LIMIT}."))
