"""The assembled service with a worker driven by hand, and what comes back of its backups."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import httpx
import pytest
from msgspec import Struct

from service.backup.archive import opened
from service.backup.restoring import restore
from service.backup.taking import take
from service.composition import Liftoff, assembled
from service.http.app import Foundation
from service.http.routes import api
from service.metrics import new_registry
from service.serving import projecting
from service.setbacks.health import SetbackProbe
from service.settings import Settings
from tests.api.conftest import app, client, client_of, clock, liftoff, workspace_id
from tests.dispatch.conftest import Worker, launch, worker
from tests.http.conftest import MASTER_KEY, MovableClock

__all__ = ["app", "client", "clock", "launch", "liftoff", "worker", "workspace_id"]

BackUp: TypeAlias = Callable[[], Awaitable[Path]]


class Restored(Struct, frozen=True):
    """A service on a database that came from somewhere else, and a client of the same workspace."""

    parts: Liftoff
    worker: Worker
    client: httpx.AsyncClient


Standing: TypeAlias = Callable[..., AbstractAsyncContextManager[Restored]]


@pytest.fixture
def back_up(database: str, clock: MovableClock, tmp_path: Path) -> BackUp:
    """Takes a backup of the service's database."""

    async def taken() -> Path:
        file = tmp_path / "taken.backup"
        await take(database, file, clock)
        return file

    return taken


@pytest.fixture
def restored(empty_database: str, clock: MovableClock) -> Standing:
    """Restores a backup into another database, and stands a service on it."""

    @asynccontextmanager
    async def standing(
        backup: Path, workspace_id: UUID, audit_dir: Path | None = None
    ) -> AsyncIterator[Restored]:
        with opened(backup) as archive:
            await restore(empty_database, archive, clock)
        async with standing_on(empty_database, clock, workspace_id, audit_dir) as there:
            yield there

    return standing


@asynccontextmanager
async def standing_on(
    dsn: str, clock: MovableClock, workspace_id: UUID, audit_dir: Path | None = None
) -> AsyncIterator[Restored]:
    """A service on a database as it is."""
    settings = Settings(send_jitter=0, audit_dir=audit_dir)
    async with assembled(settings, dsn, MASTER_KEY, clock) as parts, projecting(parts):
        foundation = Foundation(
            settings=settings,
            pool=parts.pool,
            clock=clock,
            master_key=MASTER_KEY,
            registry=new_registry(),
            probes=[SetbackProbe(parts.setbacks)],
        )
        async with await client_of(api(parts, foundation), parts, workspace_id) as client:
            yield Restored(parts, Worker(parts), client)
