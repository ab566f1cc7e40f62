"""Relations: who has accepted an invitation, as a look at the sender's latest relations shows.

Providers push this, too; the look makes up for what was pushed while nobody listened.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog

from domain.identity import identity_bytes, normalise_linkedin_url
from domain.refusal import Invalid
from service.channels.linkedin.port import Gone, Provider, Unreachable
from service.clock import Clock
from service.database.pool import Pool
from service.database.statements import statements
from service.dispatch.answers import Answers
from service.ids import new_id
from service.senders.repository import Senders
from service.store.log import EventStore
from service.texts import SenderProfile, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("watch.sql"))
_log = structlog.get_logger(__name__)

SENDERS_AT_ONCE: Final = 4
LATEST: Final = 500
"""So many relations are looked through: more than a sender can have gained since the last look."""


class Relations:
    """Looks through the relations of senders who wait for somebody."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        senders: Senders,
        vault: Vault,
        answers: Answers,
        provider: Provider,
        clock: Clock,
        every: timedelta,
    ) -> None:
        """A sender's relations are looked through ``every`` so often."""
        self._pool = pool
        self._store = store
        self._senders = senders
        self._vault = vault
        self._answers = answers
        self._provider = provider
        self._clock = clock
        self._every = every

    async def round(self) -> None:
        """Look through the relations of those whose turn it is."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            rows = _queries.awaiting_senders(
                connection, seen_before=now - self._every, at_most=SENDERS_AT_ONCE
            )
            waiting = [(row["workspace_id"], row["sender_id"]) async for row in rows]
        for workspace_id, sender_id in waiting:
            await self._look_through(workspace_id, sender_id)
            async with self._pool.acquire() as connection:
                await _queries.relations_seen(
                    connection, workspace_id=workspace_id, sender_id=sender_id, now=now
                )

    async def _look_through(self, workspace_id: UUID, sender_id: UUID) -> None:
        sender = (await self._senders.load_many(workspace_id, [sender_id])).get(sender_id)
        if sender is None:
            return
        async with self._pool.acquire() as connection:
            document = await self._vault.open(connection, workspace_id, sender.profile_id)
        names = await self._provider.relations(unpack(document, SenderProfile).provider_account_id, LATEST)
        if isinstance(names, Unreachable | Gone):
            _log.warning("relations_not_seen", sender_id=str(sender_id), why=type(names).__name__)
            return
        people = [person for name in names if (person := self._person(workspace_id, name)) is not None]
        async with self._pool.acquire() as connection:
            rows = _queries.awaited(
                connection, workspace_id=workspace_id, sender_id=sender_id, person_ids=people
            )
            awaited = [row["person_id"] async for row in rows]
        for person_id in awaited:
            async with self._store.transaction() as connection:
                await self._answers.connected(connection, workspace_id, sender_id, person_id, new_id())

    def _person(self, workspace_id: UUID, name: str) -> UUID | None:
        """Who has this public name; None for a name that no lead can have."""
        try:
            url = normalise_linkedin_url(f"https://www.linkedin.com/in/{name}")
        except Invalid:
            return None
        return self._vault.identity_digest(workspace_id, "linkedin", identity_bytes("linkedin", url))
