"""A service that lived for a while, with a backup from the middle of its life; and what comes back of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import httpx
import pytest
from msgspec import Struct

from service.access import Workspaces
from service.audit.publishing import Directory, Publishing
from service.backup.archive import opened
from service.backup.restoring import restore
from service.backup.taking import take
from service.channels.outcome import Accepted
from service.composition import Liftoff, assembled
from service.engine import LaunchJob
from service.http.routes import api
from service.ids import new_id
from service.metrics import new_registry
from service.serving import projecting
from service.setbacks.health import SetbackProbe
from service.settings import Settings
from tests.api.fresh import client_of, clock, liftoff, workspace_id
from tests.api.making import make_sender
from tests.databases import temporary_database
from tests.dispatch.conftest import SEQUENCE, Worker, run_of
from tests.http.conftest import MASTER_KEY, MovableClock, pool

__all__ = ["clock", "liftoff", "pool", "workspace_id"]

LAUNCH_AT = "2030-01-31T10:00:00Z"


class Past(Struct, frozen=True, kw_only=True):
    """What was: a campaign of three leads, a draft, and one that is to be launched at ``LAUNCH_AT``.

    When the ``backup`` was taken one lead had been sent to, one was being handed over, and one was due. The last
    checkpoint ``published`` is from later, when all had been sent to.
    """

    workspace_id: UUID
    campaign_id: UUID
    draft_id: UUID
    scheduled_id: UUID
    backup: Path
    published: Path


class Restored(Struct, frozen=True):
    """A service on a restored database, with the clock as it was, and a worker driven by hand."""

    parts: Liftoff
    worker: Worker
    clock: MovableClock


Restoring: TypeAlias = Callable[..., AbstractAsyncContextManager[Restored]]


@pytest.fixture(scope="session")
def past(database_server: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Past:
    """It is over: its database is gone."""

    async def live() -> Past:
        async with temporary_database(database_server, migrated_template) as dsn:
            return await _lived(dsn, tmp_path_factory.mktemp("past"))

    return asyncio.run(live())


@pytest.fixture
def restored(empty_database: str, past: Past) -> Restoring:
    """Restores the backup, and stands a service on it."""

    @asynccontextmanager
    async def standing(audit_dir: Path | None = None) -> AsyncIterator[Restored]:
        clock = MovableClock()
        with opened(past.backup) as archive:
            await restore(empty_database, archive, clock)
        settings = Settings(send_jitter=0, audit_dir=audit_dir)
        async with assembled(settings, empty_database, MASTER_KEY, clock) as parts, projecting(parts):
            yield Restored(parts, Worker(parts), clock)

    return standing


async def client_on(there: Restored, workspace_id: UUID) -> httpx.AsyncClient:
    """A client of a restored service."""
    return await client_of(
        api(there.parts, new_registry(), [SetbackProbe(there.parts.setbacks)]), there.parts, workspace_id
    )


async def _lived(dsn: str, directory: Path) -> Past:
    clock, to = MovableClock(), directory / "published"
    backup = directory / "taken.backup"
    async with assembled(Settings(send_jitter=0), dsn, MASTER_KEY, clock) as parts, projecting(parts):
        workspace_id = await Workspaces(parts.pool, clock).take("acme")
        there = Restored(parts, Worker(parts), clock)
        async with await client_on(there, workspace_id) as client:
            draft = await _draft(client, parts, workspace_id, 3)
            campaign = await _draft(client, parts, workspace_id, 3)
            scheduled = await _draft(client, parts, workspace_id, 1)
            await _good(client.post(f"/api/campaigns/{scheduled}/launch", json={"launch_at": LAUNCH_AT}))
            await _good(client.post(f"/api/campaigns/{campaign}/launch"))
        await run_of(parts).perform(LaunchJob(workspace_id, campaign, 1, new_id()))
        await there.worker.record(await there.worker.take(1), Accepted(250, "OK"))
        in_flight = await there.worker.take(1)
        await _publish(parts, to)
        await take(dsn, backup, clock)
        clock.move(timedelta(minutes=5))
        await there.worker.record([*in_flight, *await there.worker.take()], Accepted(250, "OK"))
        await _publish(parts, to)
    return Past(
        workspace_id=workspace_id,
        campaign_id=campaign,
        draft_id=draft,
        scheduled_id=scheduled,
        backup=backup,
        published=to,
    )


async def _draft(client: httpx.AsyncClient, parts: Liftoff, workspace_id: UUID, leads: int) -> UUID:
    sender_id = await make_sender(parts, workspace_id, f"{new_id().hex}@sender.example")
    body = {"type": "email", "name": new_id().hex, "sender_account_ids": [str(sender_id)]}
    campaign_id = (await _good(client.post("/api/campaigns", json=body))).json()["campaign"]["id"]
    path = f"/api/campaigns/{campaign_id}"
    await _good(client.patch(path, json={"sequence_nodes": SEQUENCE}))
    prospects = [{"email": f"{new_id().hex}@x.example"} for _ in range(leads)]
    await _good(client.post(f"{path}/leads", json={"prospects": prospects}))
    return UUID(campaign_id)


async def _good(answering: Awaitable[httpx.Response]) -> httpx.Response:
    answer = await answering
    assert answer.is_success, answer.text
    return answer


async def _publish(parts: Liftoff, to: Path) -> None:
    await parts.sealing.catch_up()
    await Publishing(parts.checkpoints, [Directory(to)], parts.setbacks.all_accepted).catch_up()
