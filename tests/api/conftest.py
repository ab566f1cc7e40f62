"""One service for all tests of a module, each in workspaces of its own; its clock stands still until a test moves it.

Its projector runs. To make a service takes longer than most of what is asked of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from service.access import Workspaces
from service.composition import Liftoff, assembled
from service.http.app import Application
from service.http.routes import api
from service.ids import new_id
from service.metrics import new_registry
from service.serving import projecting
from service.settings import Settings
from tests.api.fresh import client_of
from tests.http.conftest import MASTER_KEY, MovableClock


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def liftoff(shared_database: str, clock: MovableClock) -> AsyncIterator[Liftoff]:
    """The parts of the service, with a projector at work."""
    async with (
        assembled(Settings(send_jitter=0), shared_database, MASTER_KEY, clock) as parts,
        projecting(parts),
    ):
        yield parts


@pytest.fixture(scope="module")
def app(liftoff: Liftoff) -> Application:
    return api(
        liftoff,
        new_registry(),
    )


@pytest_asyncio.fixture(loop_scope="module")
async def workspace_id(liftoff: Liftoff) -> UUID:
    """A workspace that no other test knows."""
    return await Workspaces(liftoff.pool, liftoff.clock).take(new_id().hex)


@pytest_asyncio.fixture(loop_scope="module")
async def client(app: Application, liftoff: Liftoff, workspace_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the workspace that may do everything."""
    async with await client_of(app, liftoff, workspace_id) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def foreigner(app: Application, liftoff: Liftoff) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another workspace."""
    other = await Workspaces(liftoff.pool, liftoff.clock).take(new_id().hex)
    async with await client_of(app, liftoff, other) as opened:
        yield opened
