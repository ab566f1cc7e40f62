"""The worker: hands the engine's jobs to whom they concern, and shows signs of life while it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import FailingListenerError, RetryRequested
from pgqueuer.models import HealthCheckEvent, Job
from pgqueuer.queries import Queries

from service import engine
from service.database.pool import OUTAGES, Pool
from service.dispatch.housekeeping import Housekeeping
from service.dispatch.recording import Recording
from service.dispatch.ticks import Ticks
from service.dispatch.watch import Watch
from service.engine import HousekeepingJob, LaunchJob, TickJob, WatchJob
from service.launch.run import LaunchRun

DEQUEUE_TIMEOUT: Final = timedelta(seconds=1)
"""How late a job is picked up when the engine's notification got lost, as it does when Postgres restarts."""
HEARTBEAT_TIMEOUT: Final = timedelta(seconds=10)
"""After so long without a sign of life a job is given to another worker."""
BEAT_SECONDS: Final = 2.0
RESTART_SECONDS: Final = 1.0
JOBS_AT_ONCE: Final = 10
RETRY_DELAY: Final = timedelta(seconds=1)
LOG_KEPT: Final = timedelta(days=1)

_log = structlog.get_logger(__name__)

P = TypeVar("P", bound=Struct)


class PatientQueueManager(QueueManager):
    """The engine, which takes its listener for failed only when a second probe of it is lost, too.

    The first one is sent while the engine begins to listen, and may come too early to be heard; then the engine would
    stop ten seconds after each start, and nothing would be sent until it has started again.
    """

    async def listener_healthy(
        self,
        timeout: timedelta = HEARTBEAT_TIMEOUT,  # noqa: ASYNC109 - the library's own
    ) -> HealthCheckEvent:
        """A probe that came back. Raises ``FailingListenerError`` when none does within ``timeout``."""
        with suppress(FailingListenerError):
            return await super().listener_healthy(timeout / 2)
        return await super().listener_healthy(timeout / 2)


class Worker:
    """One worker of a process."""

    def __init__(
        self,
        pool: Pool,
        worker_id: UUID,
        launch_run: LaunchRun,
        ticks: Ticks,
        recording: Recording,
        housekeeping: Housekeeping,
        watch: Watch,
        shards: int,
        tick: timedelta,
    ) -> None:
        self._pool = pool
        self._worker_id = worker_id
        self._launch_run = launch_run
        self._ticks = ticks
        self._recording = recording
        self._housekeeping = housekeeping
        self._watch = watch
        self._shards = shards
        self._tick = tick
        self._stopping = False
        self._manager: QueueManager | None = None

    async def run(self) -> None:
        """Work until ``stop``; a lost database is waited for."""
        await self._housekeeping.beat(self._worker_id)
        recording = asyncio.create_task(self._recording.run())
        beating = asyncio.create_task(self._keep_beating())
        try:
            while not self._stopping:
                await self._serve()
        finally:
            await self._ticks.stop()
            for task in (beating, recording):
                task.cancel()
            await asyncio.gather(beating, recording, return_exceptions=True)
            await self._housekeeping.leave(self._worker_id)

    def stop(self) -> None:
        """Take no more jobs; ``run`` returns once what is in flight has its outcome stored."""
        self._stopping = True
        self._ticks.stop_claiming()
        if self._manager is not None:
            self._manager.shutdown.set()

    async def _serve(self) -> None:
        """Work the queue until asked to stop, or until the engine lost its database."""
        try:
            await self._ensure_chains()
            self._manager = self._new_manager()
            await self._manager.run(
                dequeue_timeout=DEQUEUE_TIMEOUT,
                batch_size=JOBS_AT_ONCE,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                shutdown_on_listener_failure=True,
            )
        except Exception as error:
            # Whatever ended the engine, its jobs are in the database: begin again where it stopped.
            _log.error("engine_stopped", exc_info=error)
            await asyncio.sleep(RESTART_SECONDS)

    def _new_manager(self) -> QueueManager:
        manager = PatientQueueManager(Queries(AsyncpgPoolDriver(self._pool)))
        manager.entrypoint(engine.LAUNCH, on_failure="hold")(_typed(LaunchJob, self._launch))
        manager.entrypoint(engine.TICK, on_failure="hold")(_typed(TickJob, self._link))
        manager.entrypoint(engine.HOUSEKEEPING, on_failure="hold")(_typed(HousekeepingJob, self._keep_house))
        manager.entrypoint(engine.WATCH, on_failure="hold")(_typed(WatchJob, self._keep_watch))
        return manager

    async def _ensure_chains(self) -> None:
        """Begin the chains that nobody has: the engine gives a job up whose next link it could not ask for."""
        async with self._pool.acquire() as connection:
            await engine.enqueue(connection, HousekeepingJob())
            await engine.enqueue(connection, WatchJob())
            for shard in range(self._shards):
                await engine.enqueue(connection, TickJob(shard))

    async def _launch(self, job: LaunchJob) -> None:
        try:
            await self._launch_run.perform(job)
        except Exception as error:
            _log.error("launch_run_failed", exc_info=error)
            raise RetryRequested(RETRY_DELAY, type(error).__name__) from error

    async def _link(self, job: TickJob) -> None:
        if job.shard < self._shards:
            await self._ticks.link(job.shard)
            raise RetryRequested(timedelta(), "next link")

    async def _keep_house(self, job: HousekeepingJob) -> None:
        try:
            async with self._pool.acquire() as connection:
                await engine.forget_old_log(connection, LOG_KEPT)
            await self._again_and_again(self._housekeeping.round)
        except OUTAGES as error:
            _log.error("housekeeping_failed", exc_info=error)
        raise RetryRequested(timedelta(), "next round")

    async def _keep_watch(self, job: WatchJob) -> None:
        try:
            await self._again_and_again(self._watch.round)
        except OUTAGES as error:
            _log.error("watch_failed", exc_info=error)
        raise RetryRequested(timedelta(), "next round")

    async def _again_and_again(self, round_: Callable[[], Awaitable[None]]) -> None:
        """One link of a chain: rounds, a tick apart, for about as long as the engine waits for a sign of life."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + HEARTBEAT_TIMEOUT.total_seconds()
        while loop.time() < ends_at and not self._stopping:
            await round_()
            await asyncio.sleep(self._tick.total_seconds())

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._housekeeping.beat(self._worker_id)
                await self._ensure_chains()
            except OUTAGES as error:
                _log.error("no_sign_of_life", error=type(error).__name__)


def _typed(kind: type[P], work: Callable[[P], Awaitable[None]]) -> Callable[[Job], Awaitable[None]]:
    """What the engine calls: reads the job's payload, then works."""

    async def perform(job: Job) -> None:
        await work(msgspec.json.decode(job.payload or b"{}", type=kind))

    return perform
