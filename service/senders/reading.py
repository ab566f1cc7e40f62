"""Sender accounts as a client sees them: state, opened texts and usage; never a credential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.schedule import sending_day
from domain.sender.events import SenderStatus, WarmupStatus
from domain.sender.state import Sender, fold
from domain.sequence import Channel
from service.clock import Clock
from service.database.pool import Pool
from service.database.statements import statements
from service.past.moments import Moment, Moments
from service.senders.repository import Senders, no_such_sender
from service.texts import SenderProfile, Words, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("reading.sql"))


class Usage(Struct, frozen=True, kw_only=True):
    """What went out through the account, over all campaigns. Days are UTC days; weeks are the last 7 days."""

    today_sent: int
    weekly_connections_sent: int
    weekly_messages_sent: int


class SenderView(Struct, frozen=True, kw_only=True):
    """A sender account. `error_detail` says why it is in `error` or `disconnected`, in the words of its server.

    `usage` is that of today; as of a moment it is null.

    What only accounts of the other type have is null: `email_address` and `warmup_status` for LinkedIn;
    `provider_account_id`, `is_premium` and the weekly limits for e-mail.
    """

    id: UUID
    type: Channel
    email_address: str | None
    provider_account_id: str | None
    is_premium: bool | None
    display_name: str
    first_name: str
    last_name: str
    signature: str
    daily_limit: int
    weekly_connection_limit: int | None
    weekly_message_limit: int | None
    inbox_configured: bool
    warmup_status: WarmupStatus | None
    status: SenderStatus
    error_detail: str | None
    usage: Usage | None
    created_at: datetime
    updated_at: datetime


class SenderReading:
    """Shows sender accounts."""

    def __init__(self, pool: Pool, senders: Senders, vault: Vault, clock: Clock, moments: Moments) -> None:
        self._pool = pool
        self._senders = senders
        self._vault = vault
        self._clock = clock
        self._moments = moments

    async def one(self, workspace_id: UUID, sender_id: UUID) -> SenderView:
        """One account. Raises ``Refused`` ``not-found``."""
        return await self.shown(workspace_id, await self._senders.load(workspace_id, sender_id))

    async def past(self, workspace_id: UUID, sender_id: UUID, moment: Moment) -> SenderView:
        """One account as it was, one removed since too. Raises ``Refused`` ``not-found`` if it was not there then."""
        past = await self._moments.find(workspace_id, streams.sender(sender_id), moment)
        sender = fold(past.history)
        if sender is None or sender.removed:
            raise no_such_sender()
        async with self._pool.acquire() as connection:
            documents = [id_ for id_ in (sender.profile_id, sender.detail_id) if id_]
            opened = await self._vault.open_many(connection, workspace_id, documents)
        return _view(sender, opened, None)

    async def shown(self, workspace_id: UUID, sender: Sender) -> SenderView:
        """An account whose state is known."""
        [view] = await self._views(workspace_id, [sender])
        return view

    async def page(
        self, workspace_id: UUID, channel: Channel | None, before: UUID | None, size: int
    ) -> list[SenderView]:
        """Up to ``size`` accounts (of one channel), newest first, those older than the account ``before``."""
        async with self._pool.acquire() as connection:
            rows = _queries.page(
                connection, workspace_id=workspace_id, channel=channel, before=before, size=size
            )
            sender_ids = [row["sender_id"] async for row in rows]
        senders = await self._senders.load_many(workspace_id, sender_ids)
        return await self._views(workspace_id, [senders[id_] for id_ in sender_ids if id_ in senders])

    async def _views(self, workspace_id: UUID, senders: Sequence[Sender]) -> list[SenderView]:
        wanted = [id_ for sender in senders for id_ in (sender.profile_id, sender.detail_id) if id_]
        async with self._pool.acquire() as connection:
            opened = await self._vault.open_many(connection, workspace_id, wanted)
            rows = _queries.usage(
                connection,
                workspace_id=workspace_id,
                sender_ids=[sender.id for sender in senders],
                today=sending_day(self._clock.now()),
            )
            used = {row["sender_id"]: _usage(row) async for row in rows}
        return [_view(sender, opened, used.get(sender.id, _UNUSED)) for sender in senders]


_UNUSED: Final = Usage(today_sent=0, weekly_connections_sent=0, weekly_messages_sent=0)


def _usage(row: Mapping[str, Any]) -> Usage:
    return Usage(
        today_sent=row["today_sent"],
        weekly_connections_sent=row["weekly_connections_sent"],
        weekly_messages_sent=row["weekly_messages_sent"],
    )


def _view(sender: Sender, opened: Mapping[UUID, bytes], usage: Usage | None) -> SenderView:
    profile = unpack(opened[sender.profile_id], SenderProfile)
    on_linkedin = sender.channel == "linkedin"
    return SenderView(
        id=sender.id,
        type=sender.channel,
        email_address=profile.email_address or None,
        provider_account_id=profile.provider_account_id or None,
        is_premium=sender.is_premium if on_linkedin else None,
        display_name=profile.display_name,
        first_name=profile.first_name,
        last_name=profile.last_name,
        signature=profile.signature,
        daily_limit=sender.daily_limit,
        weekly_connection_limit=sender.weekly_connection_limit,
        weekly_message_limit=sender.weekly_message_limit,
        inbox_configured=sender.inbox_id is not None,
        warmup_status=None if on_linkedin else sender.warmup_status,
        status=sender.status,
        error_detail=None if sender.detail_id is None else unpack(opened[sender.detail_id], Words).text,
        usage=usage,
        created_at=sender.created_at,
        updated_at=sender.updated_at,
    )
