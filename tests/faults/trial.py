"""A trial: workers on one copy of the launched campaign, killed and followed by others, until everything is over."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from service.channels.session import Timeouts
from service.database.pool import OUTAGES, Pool, connect_as_owner, open_pool
from tests.faults.clock import SharedClock
from tests.faults.kill_points import Doom
from tests.faults.launched import LAUNCHED_AT, SETTINGS, Origin
from tests.faults.law import Finding, examine
from tests.faults.post_office import Behaviour, PostOffice, behave, office_at
from tests.faults.worker import Brief, WorkerProcess

_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.02
_TIMEOUTS: Final = Timeouts(connect=5.0, command=5.0, message=5.0)
_SITUATION: Final = """
    SELECT
        (SELECT status FROM dispatch_campaigns) AS status,
        count(*) FILTER (WHERE worker_id = ANY ($2::uuid[])) AS lost,
        count(*) FILTER (WHERE worker_id IS NOT NULL AND worker_id <> ALL ($2::uuid[])) AS in_flight,
        count(*) FILTER (WHERE worker_id IS NULL AND free_at <= $1) AS due,
        min(free_at) FILTER (WHERE worker_id IS NULL) AS next_due_at
    FROM dispatch_due
    JOIN dispatch_senders AS s USING (workspace_id, sender_id)
    JOIN dispatch_lanes AS l USING (workspace_id, sender_id, campaign_id),
    LATERAL greatest(due_at, s.next_free_at, l.next_free_at) AS free_at
"""

_HAS_BEATEN: Final = """
    SELECT EXISTS (SELECT FROM dispatch_workers WHERE beat_at >= $1 AND worker_id <> ALL ($2::uuid[]))
"""


class Situation(Struct, frozen=True):
    """The campaign's status, sends of dead workers and of living ones, what is due now, and when something will be."""

    status: str
    lost: int
    in_flight: int
    due: int
    next_due_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing will ever happen again."""
        return self.status == "completed"

    @property
    def is_at_rest(self) -> bool:
        """Whether all leads that anybody works on wait for a later step."""
        return not (self.in_flight or self.due) and self.next_due_at is not None


class Trial:
    """The copy, its clock and its worker."""

    def __init__(self, origin: Origin, pool: Pool, brief: Brief, office: PostOffice) -> None:
        self.pool = pool
        self.office = office
        self.clock = SharedClock(brief.clock)
        self._leads = origin.leads
        self.brief = brief
        self._worker: WorkerProcess | None = None
        self._dead: list[UUID] = []

    @property
    def worker(self) -> WorkerProcess:
        """The worker at work."""
        assert self._worker is not None
        return self._worker

    def hire(self, doom: Doom | None = None, dsn: str | None = None) -> None:
        """Start a worker, which lives until its doom, or until it is killed; ``dsn`` is its way to the database."""
        self._worker = WorkerProcess(replace(self.brief, doom=doom, dsn=dsn or self.brief.dsn))

    async def bury(self) -> None:
        """The worker was killed: let as much time pass as the engine waits until it gives a job to another."""
        assert self.worker.exit_code == -signal.SIGKILL, self.brief.log.read_text()
        await self.pool.execute(
            "UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 hour' WHERE status = 'picked'"
        )
        self._dead = [
            row["worker_id"] for row in await self.pool.fetch("SELECT worker_id FROM dispatch_workers")
        ]

    async def go_on(self, until: Callable[[Situation], bool]) -> None:
        """Go on until it is so; whenever nobody has anything to do, time is moved to when somebody has."""
        before, changed_at = None, monotonic()
        while not until(now := await self._situation()):
            assert not now.is_over, "everything is over, and it has not come to this"
            if now != before:
                before, changed_at = now, monotonic()
            assert monotonic() < changed_at + _PATIENCE_SECONDS, f"it goes on no longer: {now}"
            if not (now.due or now.in_flight):
                await self._let_time_pass(now)
            await asyncio.sleep(_LOOK_SECONDS)

    async def until_arrived(self, mails: int) -> None:
        """Go on until so many mails have arrived."""
        await self.go_on(lambda _: len(self.office.arrived) >= mails)

    async def complete(self) -> None:
        """Go on until everything is over."""
        await self.go_on(lambda now: now.is_over)

    async def examine(self) -> Finding:
        """Look what has come of it."""
        return await examine(self.pool, self.office, self._leads)

    async def as_owner(self, statement: str) -> None:
        """Do to the database what the service itself may not."""
        owner = await connect_as_owner(self.brief.dsn, application_name="trial")
        await owner.execute(statement)
        await owner.close()

    async def until_logged(self, words: str) -> None:
        """Go on until the worker's log has these words."""
        await self.go_on(lambda _: words in self.brief.log.read_text())

    def end(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.join()

    async def _situation(self) -> Situation:
        """How it stands, as soon as the database can be asked."""
        while True:
            with suppress(*OUTAGES):
                row = await self.pool.fetchrow(_SITUATION, self.clock.now(), self._dead)
                break
            await asyncio.sleep(_LOOK_SECONDS)
        assert row is not None
        return Situation(*row.values())

    async def _until_beaten(self) -> None:
        """A worker that lives says so at the new time: if it were moved again before, that one would seem dead, too."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await self.pool.fetchval(_HAS_BEATEN, self.clock.now(), self._dead):
                await asyncio.sleep(_LOOK_SECONDS)

    async def _let_time_pass(self, now: Situation) -> None:
        """Move the clock to the next step; after the last one, to where silent workers are dead."""
        if now.next_due_at is not None:
            self.clock.move(now.next_due_at - self.clock.now())
        elif now.lost:
            self.clock.move(timedelta(seconds=SETTINGS.run_dead_seconds + 1))
            await self._until_beaten()


@asynccontextmanager
async def trial(
    origin: Origin,
    directory: Path,
    behaviour: Behaviour = behave,
    timeouts: Timeouts = _TIMEOUTS,
    tablespace: str = "pg_default",
) -> AsyncIterator[Trial]:
    """A trial on a copy of the campaign; nobody works on it yet."""
    clock = directory / "clock"
    SharedClock.set_to(LAUNCHED_AT, clock)
    async with (
        origin.copy(tablespace) as dsn,
        office_at(origin.listener, behaviour) as office,
        await open_pool(dsn) as pool,
    ):
        brief = Brief(
            settings=SETTINGS, dsn=dsn, clock=clock, log=directory / "worker.log", timeouts=timeouts
        )
        begun = Trial(origin, pool, brief, office)
        try:
            yield begun
        finally:
            begun.end()
