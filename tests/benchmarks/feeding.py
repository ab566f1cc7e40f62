"""The lag of the feed: from the moment a writer speaks to the moment a follower has the event.

Beside it stands a follower that trusts ``position > checkpoint``. It waits for nobody, and so it skips events.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import streams
from service.caller import Caller
from service.composition import Liftoff
from service.database.pool import connect_as_owner
from service.ids import new_id
from service.projector.runner import REST_SECONDS
from service.settings import Settings
from service.store.appends import Append, New, StreamWrite
from tests.benchmarks.append import EVENT
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, compared, percentile, series
from tests.benchmarks.processes import in_own_process
from tests.benchmarks.stage import new_caller, service_on

_SETTINGS: Final = Settings()
_PAGE: Final = 1_000
_TICK: Final = 0.01
_PATIENCE: Final = 10.0
_BEGINS_WITHIN: Final = 60.0
_FOLLOWED: Final = 1
"""The advisory lock of who follows the log."""
_NEXT: Final = (
    "SELECT position, recorded_at, payload FROM events WHERE position > $1 ORDER BY position LIMIT $2"
)

Lags: TypeAlias = list[float]
Next: TypeAlias = Callable[[int], Awaitable[tuple[int, list[float]]]]
"""What a follower reads next: from a position on; answers where it stands then, and when each event was recorded."""


class Size(Struct, frozen=True):
    """So many events a second, for so long, so often."""

    rate: int
    seconds: float
    runs: int


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size(200, 0.5, 1),
    "quick": Size(1_000, 3, 1),
    "full": Size(5_000, 5, 2),
}


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """The lag that half of the events do not exceed, and that 99 of 100 do not."""
    size = SIZES[setting.scale]
    feed, bare = list[Lags](), list[Lags]()
    async with setting.ground.database() as dsn:
        workspace_id = await _prepare(dsn)
        for run in range(size.runs):
            setting.tell(f"following {size.rate:,} events/s, run {run + 1} of {size.runs}")
            feed.append(await _lags(dsn, workspace_id, size, _follow_feed))
            setting.tell(f"following them without care, run {run + 1} of {size.runs}")
            bare.append(await _lags(dsn, workspace_id, size, _follow_bare))
    for percent in (50, 99):
        words = f"at {size.rate:,} events/s, {percent} of 100 within"
        yield compared(
            "ms",
            series(f"lag of the feed {words}", [1000 * percentile(percent, lags) for lags in feed]),
            series(f"SELECT that skips events, {words}", [1000 * percentile(percent, lags) for lags in bare]),
            size=size.rate,
            aims=(Aim(100),) if percent == 99 else (),
        )


async def _prepare(dsn: str) -> UUID:
    async with service_on(dsn, _SETTINGS) as liftoff:
        return (await new_caller(liftoff)).workspace_id


async def _lags(
    dsn: str,
    workspace_id: UUID,
    size: Size,
    follow: Callable[[str, int], Coroutine[Any, Any, Lags]],
) -> Lags:
    """One process writes, another follows."""
    events = round(size.rate * size.seconds)
    following = asyncio.create_task(in_own_process(follow, dsn, events))
    await _until_followed(dsn)
    await in_own_process(_write, dsn, workspace_id, size)
    return (await following).answer


async def _write(dsn: str, workspace_id: UUID, size: Size) -> None:
    """Appends of one event each, at a steady pace, whether or not those before are stored."""
    async with service_on(dsn, _SETTINGS) as liftoff:
        begun, sent = time.perf_counter(), 0
        async with asyncio.TaskGroup() as appends:
            while sent < round(size.rate * size.seconds):
                due = min(round((time.perf_counter() - begun) * size.rate), round(size.rate * size.seconds))
                for _ in range(due - sent):
                    appends.create_task(_append(liftoff, Caller(workspace_id, "worker", new_id())))
                sent = max(sent, due)
                await asyncio.sleep(_TICK)


async def _append(liftoff: Liftoff, caller: Caller) -> None:
    write = StreamWrite(stream=streams.lead(new_id()), expected=New(), events=(EVENT,))
    await liftoff.store.append(
        Append(workspace_id=caller.workspace_id, writes=(write,), context=caller.context(liftoff.clock))
    )


async def _follow_feed(dsn: str, events: int) -> Lags:
    async with service_on(dsn, _SETTINGS) as liftoff:

        async def following(after: int) -> tuple[int, list[float]]:
            page = await liftoff.feed.read(after, _PAGE)
            return page.upto, [event.recorded_at.timestamp() for event in page.events]

        async with _end_of_the_log(dsn) as last:
            return await _follow(following, last, events)


async def _follow_bare(dsn: str, events: int) -> Lags:
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:

        async def following(after: int) -> tuple[int, list[float]]:
            rows = await connection.fetch(_NEXT, after, _PAGE)
            return rows[-1]["position"] if rows else after, [row["recorded_at"].timestamp() for row in rows]

        async with _end_of_the_log(dsn) as last:
            return await _follow(following, last, events)
    finally:
        await connection.close()


async def _follow(following: Next, position: int, events: int) -> Lags:
    """The lag of each event, in seconds, until there were so many or no more come."""
    lags: Lags = []
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as patience:
            while len(lags) < events:
                position, recorded = await following(position)
                now = time.time()
                lags += [now - at for at in recorded]
                if recorded:
                    patience.reschedule(asyncio.get_running_loop().time() + _PATIENCE)
                await asyncio.sleep(REST_SECONDS)
    return lags


@asynccontextmanager
async def _end_of_the_log(dsn: str) -> AsyncIterator[int]:
    """The last position, to follow the log from; as long as that is done a lock says so to ``_until_followed``."""
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:
        last: int = await connection.fetchval("SELECT coalesce(max(position), 0) FROM events")
        await connection.execute("SELECT pg_advisory_lock_shared($1)", _FOLLOWED)
        yield last
    finally:
        await connection.close()


async def _until_followed(dsn: str) -> None:
    """Wait until another process follows the log: what is written before, it would never see."""
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:
        async with asyncio.timeout(_BEGINS_WITHIN):
            while await connection.fetchval("SELECT pg_try_advisory_lock($1)", _FOLLOWED):
                await connection.execute("SELECT pg_advisory_unlock($1)", _FOLLOWED)
                await asyncio.sleep(_TICK)
    finally:
        await connection.close()


BENCHMARK: Final = Benchmark("feed", "the lag of who follows the log", measure)
