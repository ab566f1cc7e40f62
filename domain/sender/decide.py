"""What may be done to a sender account: commands in, events out, or a refusal that says why."""

from __future__ import annotations

from typing import TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict, replace

from domain.event import Event
from domain.sender.events import (
    AccountDisconnected,
    AccountNotVerified,
    AccountVerified,
    InboxConfigured,
    InboxRejected,
    InboxVerified,
    Occasion,
    SenderChange,
    SenderChanged,
    SenderConnected,
    SenderRemoved,
    WarmupStatus,
)
from domain.sender.fields import require_fields_of
from domain.sender.limits import DEFAULT_DAILY_LIMIT, check_limits, usual_limits
from domain.sender.state import Sender
from domain.sequence import Channel


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
