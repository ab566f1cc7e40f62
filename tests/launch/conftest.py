"""The scene of a launch, on a clock that stands still; runs give signs of life when a test lets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from service.composition import Liftoff
from service.database.pool import Connection, connect_as_owner
from service.launch import run
from tests.api.fresh import app, client, clock, liftoff, workspace_id
from tests.http.conftest import MovableClock, log
from tests.launch.scene import Scene

__all__ = ["app", "client", "clock", "liftoff", "log", "workspace_id"]


@pytest.fixture
def scene(liftoff: Liftoff, client: httpx.AsyncClient, clock: MovableClock, workspace_id: UUID) -> Scene:
    return Scene(liftoff, client, clock, workspace_id)


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Connection]:
    """The database's owner, who can break it."""
    connection = await connect_as_owner(database, application_name="breaker")
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
def _one_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run beats when it begins and not again, however slow the machine is."""
    monkeypatch.setattr(run, "BEAT_SECONDS", 3600.0)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run enrols its leads in several parts."""
    monkeypatch.setattr(run, "LEADS_A_TRANSACTION", 2)
