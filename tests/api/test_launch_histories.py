"""Many launches of the same campaigns through two services, connections cut meanwhile: one wins, and has one run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
import pytest

from domain.streams import CAMPAIGN
from service.composition import Liftoff, assembled
from service.database.pool import Connection, connect_as_owner
from service.http.routes import api
from service.metrics import new_registry
from service.settings import Settings
from tests.api.drafting import ready_draft
from tests.api.fresh import app, client, client_of, clock, liftoff, workspace_id
from tests.histories.launches import Attempt, Fact, Launches, first_violation
from tests.histories.planted import BY_NAME, planted
from tests.http.conftest import MASTER_KEY, MovableClock

__all__ = ["app", "client", "clock", "liftoff", "workspace_id"]

SERVICES: Final = 2
CAMPAIGNS: Final = 3
LAUNCHES_EACH: Final = 6
KINDS: Final = {"campaign-launch-accepted": "accepted", "campaign-launch-rolled-back": "rolled back"}


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Connection]:
    connection = await connect_as_owner(database, application_name="test")
    yield connection
    await connection.close()


@pytest.fixture
async def other(database: str, clock: MovableClock, workspace_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another service on the same database."""
    async with (
        assembled(Settings(send_jitter=0), database, MASTER_KEY, clock) as parts,
        await client_of(api(parts, new_registry()), parts, workspace_id) as opened,
    ):
        yield opened


async def launch(client: httpx.AsyncClient, url: str) -> Attempt:
    """What a client is told."""
    began = time.monotonic_ns()
    answer = await client.post(f"{url}/launch")
    told: dict[str, Any] = answer.json()
    return Attempt(
        campaign=url.rpartition("/")[2],
        began=began,
        ended=time.monotonic_ns(),
        run_id=told.get("runId") if answer.is_success else None,
        code=told.get("code"),
    )


async def launched(
    clients: Sequence[httpx.AsyncClient], urls: Sequence[str], owner: Connection, cuts: int
) -> Launches:
    """All clients launch all campaigns at once, and now and then a connection is cut."""
    launches = [launch(client, url) for client in clients for url in urls for _ in range(LAUNCHES_EACH)]
    Random(1).shuffle(launches)
    cutting = asyncio.create_task(_cut(owner, cuts))
    attempts = await asyncio.gather(*launches)
    await cutting
    return Launches(attempts=tuple(attempts), facts=await _facts(owner), runs=await _runs(owner))


async def _cut(owner: Connection, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0.02)
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' LIMIT 1"
        )


async def _facts(owner: Connection) -> tuple[Fact, ...]:
    rows = await owner.fetch(
        "SELECT stream, type, payload FROM events WHERE type = ANY ($1) ORDER BY position", list(KINDS)
    )
    return tuple(
        Fact(
            row["stream"].removeprefix(CAMPAIGN),
            msgspec.json.decode(row["payload"])["epoch"],
            KINDS[row["type"]],  # type: ignore[arg-type]
        )
        for row in rows
    )


async def _runs(owner: Connection) -> tuple[tuple[str, int], ...]:
    rows = await owner.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = 'launch'")
    jobs = [msgspec.json.decode(row["payload"]) for row in rows]
    return tuple((job["campaign_id"], job["epoch"]) for job in jobs)


async def test_of_many_launches_one_wins_and_has_one_run(
    client: httpx.AsyncClient,
    other: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    owner: Connection,
) -> None:
    urls = [await ready_draft(client, liftoff, workspace_id) for _ in range(CAMPAIGNS)]
    launches = await launched([client, other], urls, owner, cuts=3)
    assert first_violation(launches) is None
    assert any(attempt.run_id is not None for attempt in launches.attempts)


async def test_two_winners_are_found_where_expectations_are_not_checked(
    client: httpx.AsyncClient,
    other: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    owner: Connection,
) -> None:
    urls = [await ready_draft(client, liftoff, workspace_id)]
    async with planted(owner, BY_NAME["expectations are not checked"]):
        found = first_violation(await launched([client, other], urls, owner, cuts=0))
    assert found is not None
    assert found.law == "one launch at a time"
