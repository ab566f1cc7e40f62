"""What a client writes about a sender account: the shapes of the bodies, with the bounds that no state changes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.sender.events import WarmupStatus
from domain.sender.limits import DEFAULT_DAILY_LIMIT, MAX_DAILY_LIMIT, MAX_WEEKLY_LIMIT
from domain.sequence import Channel

Name: TypeAlias = Annotated[str, Meta(max_length=200)]
Signature: TypeAlias = Annotated[
    str, Meta(max_length=10_000, description="Goes under each mail of campaigns that have none of their own.")
]
DailyLimit: TypeAlias = Annotated[
    int, Meta(ge=1, le=MAX_DAILY_LIMIT, description="Sends a day, over all campaigns.")
]
WeeklyLimit: TypeAlias = Annotated[
    int,
    Meta(ge=1, le=MAX_WEEKLY_LIMIT, description="LinkedIn only: so many in any 7 days, over all campaigns."),
]
Url: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2_000)]
SmtpUrl: TypeAlias = Annotated[
    Url,
    Meta(
        description="`smtp://`, `smtps://` or `smtp+starttls://`, then `user:password@host:port`.",
        examples=["smtps://ada:secret@mail.example.com:465"],
    ),
]
ImapUrl: TypeAlias = Annotated[
    Url,
    Meta(description="`imaps://user:password@host:port`.", examples=["imaps://ada:secret@mail.example.com"]),
]


class InboxForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the account's mail servers are. Kept sealed and never shown again; whether it works is tried at once."""

    smtp_url: SmtpUrl
    imap_url: ImapUrl | None = None


class NewSender(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sender account. `email` needs `email_address`, `linkedin` needs `provider_account_id`.

    For `email` only: the names but `display_name`, `signature`, `inbox`, `warmup_status`. For `linkedin` only:
    `is_premium` and the weekly limits, which without being given are 80 connection requests and 100 messages (premium:
    100 and 150).
    """

    type: Channel
    email_address: Annotated[str, Meta(max_length=254)] | UnsetType = UNSET
    display_name: Name = ""
    first_name: Name = ""
    last_name: Name = ""
    signature: Signature = ""
    daily_limit: DailyLimit = DEFAULT_DAILY_LIMIT
    inbox: InboxForm | None = None
    warmup_status: Annotated[
        WarmupStatus, Meta(description="`active` for an inbox that was warmed up elsewhere.")
    ] = "not_started"
    provider_account_id: (
        Annotated[
            str,
            Meta(min_length=1, max_length=200, description="The account's id at the LinkedIn provider."),
        ]
        | UnsetType
    ) = UNSET
    is_premium: bool | UnsetType = UNSET
    weekly_connection_limit: WeeklyLimit | UnsetType = UNSET
    weekly_message_limit: WeeklyLimit | UnsetType = UNSET


class SenderUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of some fields; the others stay as they are."""

    display_name: Name | UnsetType = UNSET
    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    signature: Signature | UnsetType = UNSET
    daily_limit: DailyLimit | UnsetType = UNSET
    inbox: InboxForm | UnsetType = UNSET
    warmup_status: WarmupStatus | UnsetType = UNSET
    weekly_connection_limit: WeeklyLimit | UnsetType = UNSET
    weekly_message_limit: WeeklyLimit | UnsetType = UNSET
