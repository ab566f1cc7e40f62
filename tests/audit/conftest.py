"""A workspace with a history, ready to be sealed, exported and verified."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import pytest
import pytest_asyncio

from domain.event import Event
from service.audit.manifest import Extent
from service.caller import Caller
from service.composition import Liftoff, assembled
from service.ids import new_id
from service.settings import Settings
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, Appended, StreamWrite
from tests.api.fresh import clock
from tests.audit.histories import export as export_of
from tests.audit.histories import random_world, store
from tests.databases import name_of, temporary_database
from tests.http.conftest import MASTER_KEY, MovableClock
from tests.kit.world import World

__all__ = ["clock"]

Exporting: TypeAlias = Callable[..., Awaitable[Extent]]
Happens: TypeAlias = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
def steps() -> int:
    """How much happened in the workspace; a module may do with less."""
    return 600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(shared_database: str, steps: int) -> World:
    """What happened, about 700 events; one of them is too large for a leaf. Each test has a copy of its database."""
    world = random_world(seed=1, steps=steps)
    async with assembled(Settings(), shared_database, MASTER_KEY, MovableClock()) as parts:
        await store(parts, world)
    return world


@pytest.fixture
async def database(database_server: str, shared_database: str, lived: World) -> AsyncIterator[str]:
    async with temporary_database(database_server, name_of(shared_database)) as dsn:
        yield dsn


@pytest.fixture
async def liftoff(database: str, clock: MovableClock) -> AsyncIterator[Liftoff]:
    """The parts of the service; nothing is sealed but on demand."""
    async with assembled(Settings(), database, MASTER_KEY, clock) as parts:
        yield parts


@pytest.fixture
def world(liftoff: Liftoff, lived: World) -> World:
    """What happened in the workspace."""
    return lived


@pytest.fixture
def workspace_id(world: World) -> UUID:
    return world.workspace_id


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where exports go."""
    return tmp_path / "export"


@pytest.fixture
def export(liftoff: Liftoff, workspace_id: UUID, directory: Path) -> Exporting:
    """Exports the history of the workspace to the directory."""

    async def exported(first: int | None = None, last: int | None = None, to: Path = directory) -> Extent:
        return await export_of(liftoff, workspace_id, to, first, last)

    return exported


@pytest.fixture
def happens(liftoff: Liftoff, workspace_id: UUID) -> Happens:
    """Appends whatever it is told, as no part of the service would."""

    async def append(stream: str, *events: Event) -> None:
        write = StreamWrite(stream=stream, expected=AnyVersion(), events=events)
        context = Caller(workspace_id, "test", new_id()).context(liftoff.clock)
        stored = await liftoff.store.append(
            Append(workspace_id=workspace_id, writes=(write,), context=context)
        )
        assert isinstance(stored, Appended)

    return append
