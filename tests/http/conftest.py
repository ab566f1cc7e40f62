"""The HTTP application with a few toy routes, on a real database, behind a real HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any, cast

import httpx
import pytest

from service.access import ApiKeys, IssuedKey, NewKey, Scope, Workspaces
from service.database.pool import Pool, open_pool
from service.http.app import Application, Foundation, create_app
from service.metrics import new_registry
from service.settings import Settings
from service.vault import MasterKey
from tests.http.toys import Toys, toy_routes
from tests.logs import logged

MASTER_KEY = MasterKey(bytes(32))


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2030, 1, 31, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by


class World:
    """A running application, its clock, and keys to call it with."""

    def __init__(self, pool: Pool, clock: MovableClock, **settings: Any) -> None:
        self.pool = pool
        self.clock = clock
        self.toys = Toys()
        self.foundation = Foundation(
            settings=Settings(**settings),
            pool=pool,
            clock=clock,
            master_key=MASTER_KEY,
            registry=new_registry(),
        )
        self.app: Application = create_app(self.foundation, toy_routes, {"toys": self.toys})

    async def key(self, *scopes: Scope, workspace: str = "acme", lasts: timedelta | None = None) -> IssuedKey:
        """A new key, of all scopes unless some are named."""
        workspace_id = await Workspaces(self.pool, self.clock).take(workspace)
        expires_at = self.clock.now() + lasts if lasts else None
        new = NewKey(scopes=frozenset(scopes or Scope), name="test", expires_at=expires_at)
        return await ApiKeys(self.pool, self.clock).issue(workspace_id, new)

    async def client(self, *scopes: Scope, workspace: str = "acme") -> httpx.AsyncClient:
        """A client with a new key."""
        issued = await self.key(*scopes, workspace=workspace)
        return self.client_with(issued.secret)

    def client_with(self, secret: str | None) -> httpx.AsyncClient:
        """A client with this secret, or with none."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx.AsyncClient(transport=transport_to(self.app), base_url="http://test", headers=headers)


def transport_to(app: Application) -> httpx.ASGITransport:
    """Calls the application directly, as a server would."""
    return httpx.ASGITransport(cast("Any", app))  # httpx and Litestar spell the types of ASGI differently


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as opened:
        yield opened


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def world(pool: Pool, clock: MovableClock) -> World:
    return World(pool, clock)


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may do everything."""
    async with await world.client() as opened:
        yield opened


@pytest.fixture
async def stranger(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with world.client_with(None) as opened:
        yield opened


@pytest.fixture(autouse=True)
def log() -> Iterator[StringIO]:
    """What was logged, as JSON lines."""
    written = StringIO()
    with logged(written):
        yield written
