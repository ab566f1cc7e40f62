"""What is known of a sender account after its events: state, evolve, and the machine that says what is legal when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.event import Event, Recorded
from domain.machine import Arrow, StatusMachine
from domain.sender.events import (
    AccountDisconnected,
    AccountNotVerified,
    AccountVerified,
    InboxConfigured,
    InboxRejected,
    InboxVerified,
    SenderChanged,
    SenderConnected,
    SenderRemoved,
    SenderStatus,
    SenderTrigger,
    WarmupStatus,
)
from domain.sequence import Action, Channel


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
