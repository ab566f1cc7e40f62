"""Durable appends to the event log, beside inserts of a bare row each, pgbench, and the ``eventsourcing`` package."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.lead.events import SendIntended
from domain.upcasters import UPCASTERS
from service.caller import Caller
from service.clock import SystemClock
from service.database.pool import Pool, connect_as_owner, open_pool
from service.ids import new_id
from service.store.appends import Append, Appended, At, New, StreamWrite
from service.store.codec import Codec
from service.store.log import EventStore
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, Measurement, compared, in_turns, series
from tests.benchmarks.peers import pgbench
from tests.benchmarks.peers.eventsourcing_package import append_all

CONNECTIONS: Final = 16
_PACKAGE_SHARE: Final = 4
"""The package is slower: it is given a part of the appends."""
_CODEC: Final = Codec([SendIntended], [each for each in UPCASTERS if each.type == SendIntended.type])
_CLOCK: Final = SystemClock()
EVENT: Final = SendIntended(
    campaign_id=new_id(), send_id=new_id(), node_id=new_id(), sender_id=new_id(), attempt=1, action="email"
)


_PACKAGE: Final = "the eventsourcing package"
_AIMS: Final = {_PACKAGE: (Aim(25_000), Aim(8, "ratio"))}
"""Of appends that are grouped."""


class Load(Struct, frozen=True):
    """So many writers, each of which appends to its own stream, ``events`` at a time; ``appends`` in all."""

    writers: int
    events: int
    appends: int

    @property
    def words(self) -> str:
        """The load as the table shows it."""
        writers = "1 writer" if self.writers == 1 else f"{self.writers} writers"
        return f"{writers}, {self.events} event{'s' if self.events > 1 else ''} an append"


class Size(Struct, frozen=True):
    """The loads, how often each is measured, and for how long pgbench is."""

    runs: int
    pgbench_seconds: int
    loads: tuple[Load, ...]


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size(1, 1, (Load(1, 1, 20), Load(16, 1, 64))),
    "quick": Size(2, 1, (Load(1, 1, 300), Load(16, 1, 2_000), Load(256, 1, 5_000), Load(16, 100, 200))),
    "full": Size(3, 3, (Load(1, 1, 1_000), Load(16, 1, 8_000), Load(256, 1, 20_000), Load(16, 100, 1_000))),
}


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """Events per second of each load, beside rows per second of bare inserts, and events per second of a peer."""
    size = SIZES[setting.scale]
    async with setting.ground.database() as dsn:
        await _make_bare_table(dsn)
        async with await open_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
            store = EventStore(pool, _CODEC)
            for load in size.loads:
                setting.tell(load.words)
                ours, bare, package, *by_pgbench = await in_turns(
                    size.runs,
                    partial(_append, store, load),
                    partial(_insert, pool, load),
                    partial(_append_by_package, dsn, load),
                    *_pgbench(setting, dsn, load),
                )
                others = {"bare INSERT of a row": bare, _PACKAGE: package}
                if by_pgbench:
                    others["pgbench, INSERT of a row"] = by_pgbench[0]
                for words, runs in others.items():
                    beside = series(f"{words}, {_connections(load)}", runs)
                    aims = _AIMS.get(words, ()) if load.writers > CONNECTIONS else ()
                    yield compared("events/s", series(load.words, ours), beside, size=load.writers, aims=aims)
            await store.close()


def _connections(load: Load) -> str:
    connections = min(load.writers, CONNECTIONS)
    return f"{connections} connection{'s' if connections > 1 else ''}"


async def _append_by_package(dsn: str, load: Load) -> float:
    writers = min(load.writers, CONNECTIONS)
    appends = max(load.appends // _PACKAGE_SHARE, writers)
    return await asyncio.to_thread(append_all, dsn, _CODEC.encode(EVENT), writers, appends, load.events)


def _pgbench(setting: Setting, dsn: str, load: Load) -> list[Measurement]:
    """What pgbench does with as many clients, for appends of one event, if it is installed."""
    program = pgbench.program()
    if program is None or load.events > 1:
        return []
    payload, directory = _CODEC.encode(EVENT).decode(), setting.ground.directory
    clients, seconds = min(load.writers, CONNECTIONS), SIZES[setting.scale].pgbench_seconds
    return [partial(pgbench.inserts, program, dsn, directory, payload, clients, seconds)]


async def _make_bare_table(dsn: str) -> None:
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:
        await connection.execute(
            "CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload json NOT NULL)"
        )
        await connection.execute("GRANT INSERT ON bare TO liftoff_app")
    finally:
        await connection.close()


async def _append(store: EventStore, load: Load) -> float:
    workspace_id = new_id()
    each = load.appends // load.writers
    begun = time.perf_counter()
    await asyncio.gather(*(_write(store, workspace_id, each, load.events) for _ in range(load.writers)))
    return each * load.writers * load.events / (time.perf_counter() - begun)


async def _write(store: EventStore, workspace_id: UUID, appends: int, events: int) -> None:
    """One writer: the next append begins when the one before is durable."""
    stream, caller = streams.lead(new_id()), Caller(workspace_id, "worker", new_id())
    for count in range(appends):
        write = StreamWrite(
            stream=stream, expected=At(count * events) if count else New(), events=(EVENT,) * events
        )
        outcome = await store.append(
            Append(workspace_id=workspace_id, writes=(write,), context=caller.context(_CLOCK))
        )
        if not isinstance(outcome, Appended):
            raise TypeError(f"an append of the benchmark was refused: {outcome}")


async def _insert(pool: Pool, load: Load) -> float:
    """As many rows as the load has appends, each a transaction of its own, as pgbench would do it."""
    connections = min(load.writers, CONNECTIONS)
    each = load.appends // connections
    payload = _CODEC.encode(EVENT).decode()
    begun = time.perf_counter()
    await asyncio.gather(*(_insert_rows(pool, payload, each) for _ in range(connections)))
    return each * connections / (time.perf_counter() - begun)


async def _insert_rows(pool: Pool, payload: str, rows: int) -> None:
    async with pool.acquire() as connection:
        insert = await connection.prepare("INSERT INTO bare (payload) VALUES ($1)")
        for _ in range(rows):
            await insert.fetch(payload)


BENCHMARK: Final = Benchmark("append", "durable appends to the log, beside bare single-row inserts", measure)
