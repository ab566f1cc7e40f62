"""Hearing what the LinkedIn provider tells, and bringing it to the sender accounts and the dispatch: each event once.

The effect of an event and the note that it was heard are one transaction, so a provider that repeats itself, as it does
whenever it got no answer, changes nothing, and nothing is lost.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, assert_never
from uuid import UUID

from domain.identity import identity_bytes, normalise_linkedin_url
from domain.refusal import Refused
from service.caller import Caller
from service.channels.linkedin.news import News
from service.channels.linkedin.notices import Broken, Connected, Notice, Spoken, Works, Wrote
from service.channels.linkedin.port import Unreachable
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.senders.accounts import Accounts
from service.senders.provider_accounts import account_digest
from service.senders.repository import Beside, Senders
from service.store.log import EventStore
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("hearing.sql"))

REMEMBERED: Final = timedelta(days=30)
"""How long an event that was heard is known; the provider repeats itself for hours at most."""
ACTOR: Final = "linkedin"

AboutPerson: TypeAlias = Connected | Wrote
AboutAccount: TypeAlias = Works | Broken


class Directory(Protocol):
    """Knows people by the provider's id of them."""

    async def public_name(self, account: str, provider_id: str) -> str | Unreachable | None:
        """Their public name; None when there is nobody, or nameless."""
        ...


class HeardAlready(Exception):
    """The event has had its effect before: the transaction is to be undone."""


class Hearing:
    """Hears notices."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        vault: Vault,
        senders: Senders,
        accounts: Accounts,
        news: News,
        directory: Directory | None,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._store = store
        self._vault = vault
        self._senders = senders
        self._accounts = accounts
        self._news = news
        self._directory = directory
        self._clock = clock

    async def hear(self, notice: Notice, correlation_id: UUID) -> None:
        """Let a notice have its effect, in every workspace that connects the account; none if it had it before.

        Raises ``Refused`` ``linkedin-unavailable`` when the provider can't say who it is about: it is to be told again.
        """
        digest = account_digest(self._vault, notice.account)
        async with self._pool.acquire() as connection:
            found = await self._senders.connected_by(connection, digest)
        name = await self._name(notice) if found and isinstance(notice, Connected | Wrote) else None
        for workspace_id, sender_id in found:
            caller = Caller(workspace_id, ACTOR, correlation_id)
            try:
                match notice:
                    case Connected() | Wrote():
                        if name is not None:
                            await self._pass_on(caller, sender_id, notice, name)
                    case Works() | Broken():
                        await self._change(caller, sender_id, notice)
                    case _:
                        assert_never(notice)
            except HeardAlready:
                continue

    async def _name(self, notice: AboutPerson) -> str | None:
        """The public name of the person; None when nobody is known by the provider's id any more."""
        who: Spoken = notice.who
        if who.name is not None or who.provider_id is None or self._directory is None:
            return who.name
        name = await self._directory.public_name(notice.account, who.provider_id)
        if isinstance(name, Unreachable):
            raise Refused(
                "linkedin-unavailable",
                "The provider could not say who the event is about. Send it again.",
            )
        return name

    async def _pass_on(self, caller: Caller, sender_id: UUID, notice: AboutPerson, name: str) -> None:
        """Let the dispatch know. Raises ``HeardAlready``."""
        workspace_id = caller.workspace_id
        profile = normalise_linkedin_url(f"https://www.linkedin.com/in/{name}")
        person_id = self._vault.identity_digest(workspace_id, "linkedin", identity_bytes("linkedin", profile))
        async with self._store.transaction() as connection:
            await self._note(connection, workspace_id, sender_id, notice.event_id)
            about = (connection, workspace_id, sender_id, person_id, caller.correlation_id)
            if isinstance(notice, Wrote):
                await self._news.replied(*about, notice.words)
            else:
                await self._news.connected(*about)

    async def _change(self, caller: Caller, sender_id: UUID, notice: AboutAccount) -> None:
        """Let the sender account be as the provider says. Raises ``HeardAlready``."""
        beside = None if notice.event_id is None else self._noting(caller, sender_id, notice.event_id)
        if isinstance(notice, Works):
            await self._accounts.record_connection(caller, sender_id, "notice", beside)
        else:
            await self._accounts.record_disconnection(caller, sender_id, notice.words, "notice", beside)

    def _noting(self, caller: Caller, sender_id: UUID, event_id: str) -> Beside:
        async def note(connection: Connection) -> None:
            await self._note(connection, caller.workspace_id, sender_id, event_id)

        return note

    async def _note(self, connection: Connection, workspace_id: UUID, sender_id: UUID, event_id: str) -> None:
        now = self._clock.now()
        fresh = await _queries.note(
            connection,
            workspace_id=workspace_id,
            sender_id=sender_id,
            event_digest=self._vault.identity_digest(workspace_id, "linkedin-event", event_id.encode()),
            now=now,
            forgotten_before=now - REMEMBERED,
        )
        if not fresh:
            raise HeardAlready
