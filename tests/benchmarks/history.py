"""A long history: what it takes to seal, export, verify and fold it anew, beside merely reading its rows.

What holds a million events in memory is fast for as long as they fit, so each figure has its peak of memory.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from msgspec import Struct

from service.audit import verify as verifier
from service.caller import Caller
from service.database.pool import connect_as_owner
from service.ids import new_id
from service.projector.replay import rebuild
from service.projector.runner import Projector
from service.settings import Settings
from tests.benchmarks import lived
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, compared, plain, series
from tests.benchmarks.processes import Done, in_own_process, peak_megabytes
from tests.benchmarks.stage import new_caller, service_on

_SETTINGS: Final = Settings()
_AIMS: Final = {"verifying": (Aim(100_000),), "rebuilding": (Aim(1 / 3, "ratio"),)}
_MEMORY: Final = Aim(300)
_PAGE: Final = 1_000
_LOOK_SECONDS: Final = 0.1
_ROWS: Final = "SELECT * FROM events ORDER BY position"


SIZES: Final[Mapping[Scale, int]] = {"smallest": 900, "quick": 36_000, "full": 1_000_000}
"""So many events."""


class Filled(Struct, frozen=True):
    """A log with a history of one workspace."""

    workspace_id: UUID
    events: int


class Work(Struct, frozen=True):
    """Seconds of a piece of work, over so many events."""

    seconds: float
    events: int

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """What can be done with a history, and how much memory that takes."""
    events = SIZES[setting.scale]
    async with setting.ground.database() as dsn:
        setting.tell(f"living through {events:,} events")
        filled = (await in_own_process(_fill, dsn, events)).answer
        setting.tell(f"reading {filled.events:,} rows")
        floors = [(await in_own_process(_read_rows, dsn)).answer.rate]
        setting.tell(f"sealing {filled.events:,} events")
        sealed = await in_own_process(_seal, dsn)
        setting.tell(f"exporting {filled.events:,} events")
        directory = setting.ground.directory / f"export-{filled.workspace_id}"
        exported = await in_own_process(_export, dsn, filled.workspace_id, directory)
        setting.tell(f"verifying {filled.events:,} events")
        verified = await _verify(directory, exported.answer.events)
        setting.tell(f"folding {filled.events:,} events anew")
        rebuilt = await in_own_process(_rebuild, dsn)
        floors.append((await in_own_process(_read_rows, dsn)).answer.rate)
    floor = series("reading the rows, and nothing else", floors)
    steps = {"sealing": sealed, "exporting": exported, "verifying": verified, "rebuilding": rebuilt}
    for step, done in steps.items():
        words = f"{step} {done.answer.events:,} events"
        rate = series(words, [done.answer.rate])
        yield compared("events/s", rate, floor, size=filled.events, aims=_AIMS.get(step, ()))
        memory = series(f"{words}: peak memory of the process", [done.peak_megabytes])
        yield plain("MB", memory, filled.events, (_MEMORY,))


async def _fill(dsn: str, events: int) -> Filled:
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        caller = await new_caller(liftoff)
        stored = 0
        async for more in lived.live(liftoff, caller, events):
            stored += more
        return Filled(caller.workspace_id, stored)


async def _read_rows(dsn: str) -> Work:
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:
        begun, events = time.perf_counter(), 0
        async with connection.transaction():
            async for _ in connection.cursor(_ROWS, prefetch=_PAGE):
                events += 1
        return Work(time.perf_counter() - begun, events)
    finally:
        await connection.close()


async def _seal(dsn: str) -> Work:
    async with service_on(dsn, _SETTINGS) as liftoff:
        begun, events = time.perf_counter(), 0
        while more := await liftoff.sealing.turn():
            events += more
        return Work(time.perf_counter() - begun, events)


async def _export(dsn: str, workspace_id: UUID, directory: Path) -> Work:
    async with service_on(dsn, _SETTINGS) as liftoff:
        begun = time.perf_counter()
        extent = await liftoff.export.plan(workspace_id, None, None)
        caller = Caller(workspace_id, "operator", new_id())
        await liftoff.export.write(caller, extent, directory, lambda _: None)
        return Work(time.perf_counter() - begun, extent.size)


async def _rebuild(dsn: str) -> Work:
    async with service_on(dsn, _SETTINGS) as liftoff:
        begun = time.perf_counter()
        done = await rebuild(liftoff.pool, liftoff.feed)
        return Work(time.perf_counter() - begun, done.replayed.events)


async def _verify(directory: Path, events: int) -> Done[Work]:
    """The verifier as auditors run it; the memory is that of its main process, the largest."""
    begun, peak = time.perf_counter(), 0.0
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", verifier.__file__, str(directory)), stdout=asyncio.subprocess.DEVNULL
    )
    ending = asyncio.create_task(program.wait())
    while not ending.done():
        peak = max(peak, peak_megabytes(program.pid))
        await asyncio.wait([ending], timeout=_LOOK_SECONDS)
    if program.returncode:
        raise RuntimeError("the verifier found something wrong with an export of the benchmark")
    return Done(Work(time.perf_counter() - begun, events), peak)


BENCHMARK: Final = Benchmark(
    "history", "a long history: sealed, exported, verified, folded anew; beside reading its rows", measure
)
