"""The campaign that faults are put into: launched once, and copied with its whole database for each trial."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
from msgspec import Struct

from service.access import ApiKeys, NewKey, Scope, Workspaces
from service.composition import Liftoff, assembled
from service.database.migrate import migrate
from service.http.app import Foundation
from service.http.routes import api
from service.metrics import new_registry
from service.serving import projecting
from service.settings import Settings
from tests.channels.servers import LOOPBACK
from tests.end_to_end.campaigning import good, make_ready
from tests.faults.clock import SharedClock
from tests.faults.post_office import office_at
from tests.faults.worker import MASTER_KEY
from tests.http.conftest import transport_to

LAUNCHED_AT: Final = datetime(2030, 1, 31, 9, 0, tzinfo=UTC)
STEPS: Final = 2
SENDERS: Final = 2
SETTINGS: Final = Settings(
    send_gap_seconds=0,
    tick_seconds=0.05,
    shards=2,
    worker_concurrency=4,
    run_dead_seconds=3600,
    stale_launch_seconds=7200,
    bounce_guard_percent=100,
)
"""Nothing is waited for, and the trials may move the clock from one step to the next without anybody seeming dead."""
_SEQUENCE: Final = [
    {"type": "email", "subject": "A question, {{first_name}}", "body": "Hello {{first_name}}"},
    {"type": "delay", "delay_minutes": 30},
    {"type": "email", "is_reply": True, "subject": "", "body": "Did you see my mail?"},
    {"type": "end"},
]


class Origin(Struct, frozen=True):
    """The database of the campaign, which has so many leads, and the socket of its senders' mail server."""

    server: str
    name: str
    listener: socket.socket
    leads: int

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """The DSN of a copy, until the end of the block."""
        name = _new_name()
        await _execute(self.server, f"CREATE DATABASE {name} TEMPLATE {self.name}")
        try:
            yield _dsn_of(self.server, name)
        finally:
            await _execute(self.server, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def launched(server: str, directory: Path, leads: int) -> AsyncIterator[Origin]:
    """A campaign of two steps for so many leads is launched on ``server``; nobody works on it."""
    name = _new_name()
    await _execute(server, f"CREATE DATABASE {name}")
    with socket.create_server((LOOPBACK, 0)) as listener:
        await _launch(_dsn_of(server, name), directory, listener, leads)
        yield Origin(server, name, listener, leads)
    await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _launch(dsn: str, directory: Path, listener: socket.socket, leads: int) -> None:
    await migrate(dsn)
    clock = SharedClock.set_to(LAUNCHED_AT, directory / "launch-clock")
    async with (
        office_at(listener) as office,
        assembled(SETTINGS, dsn, MASTER_KEY, clock) as liftoff,
        projecting(liftoff),
        await _client(liftoff) as client,
    ):
        campaign_id = await make_ready(client, f"smtp://{LOOPBACK}:{office.port}", leads, SENDERS)
        path = f"/api/campaigns/{campaign_id}"
        good(await client.patch(path, json={"sequence_nodes": _SEQUENCE}))
        good(await client.post(f"{path}/launch"))


async def _client(liftoff: Liftoff) -> httpx.AsyncClient:
    foundation = Foundation(
        settings=liftoff.settings,
        pool=liftoff.pool,
        clock=liftoff.clock,
        master_key=liftoff.master_key,
        registry=new_registry(),
    )
    workspace_id = await Workspaces(liftoff.pool, liftoff.clock).take("acme")
    new = NewKey(scopes=frozenset(Scope), name="test")
    issued = await ApiKeys(liftoff.pool, liftoff.clock).issue(workspace_id, new)
    return httpx.AsyncClient(
        transport=transport_to(api(liftoff, foundation)),
        base_url="http://test",
        headers={"Authorization": f"Bearer {issued.secret}"},
    )


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _new_name() -> str:
    return f"liftoff_fault_{uuid4().hex}"


def _dsn_of(server: str, database: str) -> str:
    return urlsplit(server)._replace(path=f"/{database}").geturl()
