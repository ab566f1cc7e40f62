"""The sender account: an inbox that is warmed up, or an account at the LinkedIn provider, and its limits.

Events, state, evolve, machine, decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from domain.event import Event, Recorded
from domain.limits import DEFAULT_DAILY_LIMIT, check_limits, usual_limits
from domain.machine import Arrow, StatusMachine
from domain.sender_fields import require_fields_of
from domain.sequence import Action, Channel

WarmupStatus = Literal["not_started", "warming", "active"]
SenderStatus = Literal["pending", "warming", "active", "connected", "disconnected", "error"]
SenderTrigger = Literal["warm", "activate", "connect", "disconnect", "fail", "reset"]
Occasion = Literal["verification", "launch", "sending", "notice"]
"""When something showed: tried on request, tried by a launch, refused while sending, told by the provider."""

# --- Events ----------------------------------------------------------------------------------------------------------


class SenderConnected(Event, frozen=True, kw_only=True):
    """A sender account was added.

    ``profile_id`` is the vault document of its names, address and signature, ``address_digest`` the keyed digest of the
    address, which for LinkedIn is the provider's id of the account. Only LinkedIn accounts have weekly limits.
    """

    type = "sender-connected"
    sender_id: UUID
    channel: Channel
    profile_id: UUID
    address_digest: UUID
    daily_limit: int
    warmup_status: WarmupStatus
    is_premium: bool = False
    weekly_connection_limit: int | None = None
    weekly_message_limit: int | None = None


class SenderChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New values of some fields of a sender; a field that is unset stays as it is. The address never changes."""

    profile_id: UUID | UnsetType = UNSET
    daily_limit: int | UnsetType = UNSET
    warmup_status: WarmupStatus | UnsetType = UNSET
    weekly_connection_limit: int | UnsetType = UNSET
    weekly_message_limit: int | UnsetType = UNSET

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


class AccountVerified(Event, frozen=True, kw_only=True):
    """The LinkedIn provider knows the account and may act for it."""

    type = "sender-account-verified"


class AccountDisconnected(Event, frozen=True, kw_only=True):
    """The provider acts for the account no more, as showed on this ``occasion``; ``detail_id`` are its words."""

    type = "sender-account-disconnected"
    occasion: Occasion
    detail_id: UUID


class AccountNotVerified(Event, frozen=True, kw_only=True):
    """The provider could not say whether the account works; ``detail_id`` is the vault document of its words."""

    type = "sender-account-not-verified"
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
    AccountVerified,
    AccountDisconnected,
    AccountNotVerified,
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
    is_premium: bool = False
    weekly_connection_limit: int | None = None
    weekly_message_limit: int | None = None
    removed: bool = False

    @property
    def weekly_limits(self) -> dict[Action, int]:
        """How often the account may do what within any seven days; what is not named has no such limit."""
        limits: dict[Action, int | None] = {
            "connection_request": self.weekly_connection_limit,
            "message": self.weekly_message_limit,
        }
        return {action: limit for action, limit in limits.items() if limit is not None}


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
        Arrow("connect", "pending", "connected", "the LinkedIn provider acts for the account"),
        Arrow("connect", "disconnected", "connected", "the account was reconnected"),
        Arrow("connect", "error", "connected", "the provider acts for the account again"),
        Arrow("disconnect", "pending", "disconnected", "the provider does not know the account"),
        Arrow("disconnect", "connected", "disconnected", "the provider acts for the account no more"),
        Arrow("disconnect", "error", "disconnected", "the provider acts for the account no more"),
        Arrow("fail", "connected", "error", "the provider could not say whether the account works"),
        Arrow("fail", "disconnected", "error", "the provider could not say whether the account works"),
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
            is_premium=event.is_premium,
            weekly_connection_limit=event.weekly_connection_limit,
            weekly_message_limit=event.weekly_message_limit,
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
        case AccountVerified():
            return _moved(replace(sender, detail_id=None), "connect")
        case AccountDisconnected(detail_id=detail_id):
            return _moved(replace(sender, detail_id=detail_id), "disconnect")
        case AccountNotVerified(detail_id=detail_id):
            return _moved(replace(sender, detail_id=detail_id), "fail")
        case SenderRemoved():
            return replace(sender, removed=True)
        case _:
            return sender


def _settled(sender: Sender) -> Sender:
    """The status that inbox and warm-up add up to."""
    if not sender.inbox_verified:
        return sender
    by_warmup: dict[WarmupStatus, SenderTrigger] = {
        "not_started": "reset",
        "warming": "warm",
        "active": "activate",
    }
    return _moved(sender, by_warmup[sender.warmup_status])


def _moved(sender: Sender, trigger: SenderTrigger) -> Sender:
    return replace(sender, status=MACHINE.target(trigger, sender.status) or sender.status)


# --- Decide ----------------------------------------------------------------------------------------------------------


class Connect(Struct, frozen=True, kw_only=True):
    """Add a sender account. A LinkedIn account without weekly limits gets those of its subscription."""

    sender_id: UUID
    channel: Channel
    profile_id: UUID
    address_digest: UUID
    daily_limit: int = DEFAULT_DAILY_LIMIT
    warmup_status: WarmupStatus = "not_started"
    is_premium: bool = False
    weekly_connection_limit: int | None = None
    weekly_message_limit: int | None = None


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


class RecordConnected(Struct, frozen=True):
    """The provider acts for the account."""


class RecordDisconnected(Struct, frozen=True, kw_only=True):
    """The provider does not act for the account."""

    occasion: Occasion
    detail_id: UUID


class RecordNotVerified(Struct, frozen=True):
    """The provider was asked for the account and could not say."""

    detail_id: UUID


class Remove(Struct, frozen=True):
    """Use the account no longer."""


AboutAccount: TypeAlias = RecordConnected | RecordDisconnected | RecordNotVerified
Command: TypeAlias = Change | ConfigureInbox | RecordVerified | RecordRejected | AboutAccount | Remove


def connect(command: Connect) -> tuple[Event, ...]:
    """The birth of a sender account. Raises ``Invalid`` for a limit out of range."""
    if command.channel == "linkedin":
        command = _limited(command)
    check_limits(asdict(command))
    return (SenderConnected(**asdict(command)),)


def _limited(command: Connect) -> Connect:
    connections, messages = command.weekly_connection_limit, command.weekly_message_limit
    usual = usual_limits(command.is_premium)
    return replace(
        command,
        weekly_connection_limit=usual.connections if connections is None else connections,
        weekly_message_limit=usual.messages if messages is None else messages,
    )


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
        case RecordConnected() | RecordDisconnected() | RecordNotVerified():
            return _about_account(sender, command)
        case Remove():
            return (SenderRemoved(),)
        case _:
            assert_never(command)


def _change(sender: Sender, change: SenderChange) -> tuple[Event, ...]:
    require_fields_of(sender.channel, change.given())
    check_limits(change.given())
    really = {name: value for name, value in change.given().items() if value != getattr(sender, name)}
    return (SenderChanged(change=SenderChange(**really)),) if really else ()


def _about_account(sender: Sender, command: AboutAccount) -> tuple[Event, ...]:
    match command:
        case _ if sender.channel != "linkedin":
            return ()
        case RecordConnected() if sender.status == "connected":
            return ()
        case RecordDisconnected(occasion=occasion) if (
            sender.status == "disconnected" and occasion != "verification"
        ):
            return ()  # many sends in flight are refused alike; the first one told it
        case _:
            return (found(command),)


def found(command: AboutAccount) -> Event:
    """What was found of an account, as an event; also the second one of an account that is looked up at its birth."""
    match command:
        case RecordConnected():
            return AccountVerified()
        case RecordDisconnected(occasion=occasion, detail_id=detail_id):
            return AccountDisconnected(occasion=occasion, detail_id=detail_id)
        case RecordNotVerified(detail_id=detail_id):
            return AccountNotVerified(detail_id=detail_id)
        case _:
            assert_never(command)
