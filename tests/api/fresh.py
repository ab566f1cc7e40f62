"""A service of its own for each test, with a clock that stands still, its projector running, and clients.

For tests that look at all there is in a database, or do what concerns every workspace; what the others share is in
``conftest``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from service.access import ApiKeys, NewKey, Scope, Workspaces
from service.composition import Liftoff, assembled
from service.http.app import Application
from service.http.routes import api
from service.metrics import new_registry
from service.serving import projecting
from service.settings import Settings
from tests.api.conformance import require_conformance
from tests.http.conftest import MASTER_KEY, MovableClock, transport_to


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def liftoff(database: str, clock: MovableClock) -> AsyncIterator[Liftoff]:
    """The parts of the service, with a projector at work."""
    async with assembled(Settings(send_jitter=0), database, MASTER_KEY, clock) as parts, projecting(parts):
        yield parts


@pytest.fixture
def app(liftoff: Liftoff) -> Application:
    return api(
        liftoff,
        new_registry(),
    )


@pytest.fixture
async def workspace_id(liftoff: Liftoff) -> UUID:
    return await Workspaces(liftoff.pool, liftoff.clock).take("acme")


@pytest.fixture
async def client(app: Application, liftoff: Liftoff, workspace_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the workspace that may do everything."""
    async with await client_of(app, liftoff, workspace_id) as opened:
        yield opened


@pytest.fixture
async def foreigner(app: Application, liftoff: Liftoff) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another workspace."""
    other = await Workspaces(liftoff.pool, liftoff.clock).take("globex")
    async with await client_of(app, liftoff, other) as opened:
        yield opened


async def client_of(
    app: Application, liftoff: Liftoff, workspace_id: UUID, *scopes: Scope
) -> httpx.AsyncClient:
    """A client with a new key of the workspace, of all scopes unless some are named; it checks what it is answered."""
    new = NewKey(scopes=frozenset(scopes or Scope), name="test")
    issued = await ApiKeys(liftoff.pool, liftoff.clock).issue(workspace_id, new)
    return httpx.AsyncClient(
        transport=transport_to(app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {issued.secret}"},
        event_hooks={"response": [require_conformance]},
    )
