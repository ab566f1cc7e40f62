"""The campaign that faults are put into: launched once, and copied with its whole database for each trial."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
from msgspec import Struct

from service.access import ApiKeys, NewKey, Scope, Workspaces
from service.composition import Liftoff, assembled
from service.database.migrate import migrate
from service.http.routes import api
from service.metrics import new_registry
from service.serving import projecting
from service.settings import Settings
from tests.channels.servers import LOOPBACK
from tests.databases import name_of, temporary_database
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
    async def copy(self, tablespace: str = "pg_default") -> AsyncIterator[str]:
        """The DSN of a copy, until the end of the block."""
        async with temporary_database(self.server, self.name, tablespace) as dsn:
            yield dsn


@asynccontextmanager
async def launched(server: str, directory: Path, leads: int) -> AsyncIterator[Origin]:
    """A campaign of two steps for so many leads is launched on ``server``; nobody works on it."""
    async with temporary_database(server) as dsn:
        with socket.create_server((LOOPBACK, 0)) as listener:
            await _launch(dsn, directory, listener, leads)
            yield Origin(server, name_of(dsn), listener, leads)


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
    workspace_id = await Workspaces(liftoff.pool, liftoff.clock).take("acme")
    new = NewKey(scopes=frozenset(Scope), name="test")
    issued = await ApiKeys(liftoff.pool, liftoff.clock).issue(workspace_id, new)
    return httpx.AsyncClient(
        transport=transport_to(api(liftoff, new_registry())),
        base_url="http://test",
        headers={"Authorization": f"Bearer {issued.secret}"},
    )
