"""Background runs of launches on the engine, beside plain PgQueuer with jobs that do nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

from msgspec import Struct
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from service.caller import Caller
from service.composition import Liftoff
from service.database.pool import open_pool
from service.projector.runner import Projector
from service.serving import working
from service.settings import Settings
from service.worker import DEQUEUE_TIMEOUT, JOBS_AT_ONCE
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Figure, compared, series
from tests.benchmarks.processes import in_own_process
from tests.benchmarks.stage import connect_senders, draft, enlist, new_caller, service_on

_SETTINGS: Final = Settings()
_POLL_SECONDS: Final = 0.01
_LEFT: Final = "SELECT count(*) FROM dispatch_campaigns WHERE workspace_id = $1 AND status = 'launching'"
_ENTRYPOINT: Final = "nothing"


class Size(Struct, frozen=True):
    """So many jobs, so often."""

    jobs: int
    runs: int


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size(3, 1),
    "quick": Size(50, 1),
    "full": Size(300, 3),
}


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """Jobs per second from the start of a worker until the last is done."""
    size = SIZES[setting.scale]
    runs, nothing = list[float](), list[float]()
    for run in range(size.runs):
        setting.tell(f"{size.jobs} background runs, run {run + 1} of {size.runs}")
        async with setting.ground.database() as dsn:
            runs.append((await in_own_process(_perform_runs, dsn, size.jobs)).answer)
            nothing.append((await in_own_process(_do_nothing, dsn, size.jobs)).answer)
    yield compared(
        "jobs/s",
        series("background runs of launches, 1 lead each", runs),
        series("plain PgQueuer, jobs that do nothing", nothing),
        size=size.jobs,
    )


async def _perform_runs(dsn: str, jobs: int) -> float:
    """Launches are accepted first; then a worker begins."""
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        caller = await new_caller(liftoff)
        sender_ids = await connect_senders(liftoff, caller, ["smtp://127.0.0.1:25"])
        for _ in range(jobs):
            campaign = await enlist(
                liftoff, caller, await draft(liftoff, caller, sender_ids, delay_days=1), 1
            )
            await liftoff.launching.launch(caller, campaign.id)
        begun = time.perf_counter()
        async with working(liftoff):
            await _until_none_is_left(liftoff, caller)
            return jobs / (time.perf_counter() - begun)


async def _until_none_is_left(liftoff: Liftoff, caller: Caller) -> None:
    while await liftoff.pool.fetchval(_LEFT, caller.workspace_id):
        await asyncio.sleep(_POLL_SECONDS)


async def _do_nothing(dsn: str, jobs: int) -> float:
    async with await open_pool(dsn, max_size=_SETTINGS.database_pool_size) as pool:
        queries = Queries(AsyncpgPoolDriver(pool))
        await queries.enqueue([_ENTRYPOINT] * jobs, [None] * jobs, [0] * jobs)
        manager = QueueManager(queries)
        done = 0

        async def perform(job: Job) -> None:
            nonlocal done
            done += 1
            if done == jobs:
                manager.shutdown.set()

        manager.entrypoint(_ENTRYPOINT)(perform)
        begun = time.perf_counter()
        await manager.run(dequeue_timeout=DEQUEUE_TIMEOUT, batch_size=JOBS_AT_ONCE)
        return jobs / (time.perf_counter() - begun)


BENCHMARK: Final = Benchmark("engine", "background runs, beside plain PgQueuer", measure)
