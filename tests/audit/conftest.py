"""Histories that a small world has lived through, sealed and exported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import pytest

from service.access import Workspaces
from service.audit.manifest import Extent
from service.caller import Caller
from service.composition import Liftoff, assembled
from service.ids import new_id
from service.settings import Settings
from tests.api.conftest import clock
from tests.http.conftest import MASTER_KEY, MovableClock
from tests.projections.conftest import writing_to
from tests.projections.world import lived

__all__ = ["clock"]

Exported: TypeAlias = Callable[..., Awaitable[Extent]]


@pytest.fixture
async def liftoff(database: str, clock: MovableClock) -> AsyncIterator[Liftoff]:
    """The parts of the service; nothing is sealed but on demand."""
    async with assembled(Settings(), database, MASTER_KEY, clock) as parts:
        yield parts


@pytest.fixture
async def workspace_id(liftoff: Liftoff) -> UUID:
    """A workspace with a history: two campaigns, in which a little of everything happened."""
    await Workspaces(liftoff.pool, liftoff.clock).take("acme")
    await writing_to(liftoff.store)(lived())
    return lived()[0].workspace_id


@pytest.fixture
def export(liftoff: Liftoff, workspace_id: UUID, tmp_path: Path) -> Exported:
    """Exports the history to a directory."""

    async def exported(
        directory: Path = tmp_path / "export", first: int | None = None, last: int | None = None
    ) -> Extent:
        extent = await liftoff.export.plan(workspace_id, first, last)
        caller = Caller(workspace_id, "operator", new_id())
        await liftoff.export.write(caller, extent, directory, lambda _: None)
        return extent

    return exported


async def public_keys(liftoff: Liftoff, workspace_id: UUID) -> list[str]:
    """The keys an auditor is told to trust."""
    async with liftoff.pool.acquire() as connection:
        return [key.key for key in await liftoff.audit_keys.public(connection, workspace_id)]
