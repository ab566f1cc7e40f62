"""What can happen to a sender account. The shape of the events is the storage format."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from domain.event import Event
from domain.sequence import Channel

WarmupStatus = Literal["not_started", "warming", "active"]
SenderStatus = Literal["pending", "warming", "active", "connected", "disconnected", "error"]
SenderTrigger = Literal["warm", "activate", "connect", "disconnect", "fail", "reset"]
Occasion = Literal["verification", "launch", "sending", "notice"]
"""When something showed: tried on request, tried by a launch, refused while sending, told by the provider."""


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
