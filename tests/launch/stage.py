"""A service on which a test module tries many launches: two workspaces, LinkedIn's double, and the database's owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import httpx
from msgspec import Struct

from projections.catalogue import ALL
from service.access import ApiKeys, NewKey, Scope, Workspaces
from service.composition import Liftoff, assembled
from service.database.pool import Connection, connect_as_owner
from service.http.routes import api
from service.metrics import new_registry
from service.serving import projecting
from service.settings import Settings
from tests.http.conftest import MASTER_KEY, MovableClock, transport_to
from tests.linkedin.double import Double
from tests.linkedin.server import running
from tests.projections.tables import Tables, stored

PATIENCE_SECONDS: Final = 20.0
MANY: Final = 1_000_000
"""Requests at once, on a clock that stands still."""


class Tenant(Struct, frozen=True):
    """A workspace, its keys (one may do everything, one only read), and a client with the first."""

    workspace_id: UUID
    key: str
    reading_key: str
    client: httpx.AsyncClient


class Memory(Struct, frozen=True):
    """The whole log, event by event as it is stored, and every read model by its name."""

    log: list[dict[str, Any]]
    read_models: dict[str, Tables]


class Stage(Struct, frozen=True):
    """The service; ``client`` has no key."""

    parts: Liftoff
    double: Double
    owner: Connection
    client: httpx.AsyncClient
    here: Tenant
    elsewhere: Tenant

    async def memory(self) -> Memory:
        """All that the service knows, with the read models caught up."""
        rows = await self.parts.pool.fetch("SELECT * FROM events ORDER BY position")
        log = [dict(row.items()) for row in rows]
        assert await self.parts.freshness.reached(log[-1]["position"], *ALL)
        return Memory(log, {each.name: await stored(self.parts.pool, each) for each in ALL})

    async def head(self) -> int:
        """The position of the last event."""
        position: int = await self.parts.pool.fetchval("SELECT max(position) FROM events")
        return position

    async def types_after(self, position: int) -> list[str]:
        """The types of the events since then, in order."""
        query = "SELECT type FROM events WHERE position > $1 ORDER BY position"
        return [row["type"] for row in await self.parts.pool.fetch(query, position)]

    async def while_selecting(
        self,
        launching: Callable[[], Coroutine[Any, Any, httpx.Response]],
        rival: Callable[[], Awaitable[object]],
    ) -> httpx.Response:
        """The answer to a launch during which ``rival`` acts, once the launch has read the draft and selects its leads.

        A launch that is refused before that is over before the rival's turn.
        """
        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            async with self.owner.transaction():
                await self.owner.execute("LOCK TABLE message_drafts")  # which the selection reads
                answer = tasks.create_task(launching())
                while not answer.done() and not await self.owner.fetchval(_SOMEBODY_WAITS):
                    await asyncio.sleep(0.005)
                if not answer.done():
                    await rival()
            return await answer


@asynccontextmanager
async def staged(dsn: str) -> AsyncIterator[Stage]:
    """A service on the database."""
    async with running(Double()) as double:
        settings = Settings(linkedin_url=double.url, linkedin_api_key=double.api_key, rate_limit_burst=MANY)
        owner = await connect_as_owner(dsn, application_name="owner")
        async with assembled(settings, dsn, MASTER_KEY, MovableClock()) as parts, projecting(parts):
            transport = transport_to(
                api(
                    parts,
                    new_registry(),
                )
            )
            async with (
                httpx.AsyncClient(transport=transport, base_url="http://test") as client,
                _tenant(parts, transport, "acme") as here,
                _tenant(parts, transport, "globex") as elsewhere,
            ):
                yield Stage(parts, double, owner, client, here, elsewhere)
        await owner.close()


@asynccontextmanager
async def _tenant(parts: Liftoff, transport: httpx.ASGITransport, name: str) -> AsyncIterator[Tenant]:
    workspace_id = await Workspaces(parts.pool, parts.clock).take(name)
    key, reading_key = [
        (
            await ApiKeys(parts.pool, parts.clock).issue(workspace_id, NewKey(scopes=scopes, name="test"))
        ).secret
        for scopes in (frozenset(Scope), frozenset({Scope.CAMPAIGNS_READ}))
    ]
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield Tenant(workspace_id, key, reading_key, client)


_SOMEBODY_WAITS: Final = """
    SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'message_drafts'::regclass AND NOT granted)
"""
