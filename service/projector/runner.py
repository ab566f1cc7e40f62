"""Keeps the read models up with the log.

Rows and checkpoint move in one transaction that holds the checkpoint's lock, so each event is folded exactly once, and
of any number of processes that run a projector one works while the others stand by. An event that can't be folded
stops its projection, and no other; it is never skipped.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

import asyncpg
import structlog

from domain.event import Recorded
from projections.catalogue import ALL, AnyProjection
from service.database.pool import OUTAGES, Connection, Pool
from service.projector import checkpoints, pages, tables
from service.projector.checkpoints import Poison
from service.projector.folding import Folding
from service.store.errors import UnknownEvent, UnreadableEvent
from service.store.feed import Feed, Page

REST_SECONDS: Final = 0.01
"""Between two turns, so that appends that come one by one are folded together."""
IDLE_SECONDS: Final = 0.25
"""Between two looks at a quiet log."""
OUTAGE_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


class Projector:
    """Drives projections until it is cancelled. ``on_advanced`` holds what is told the new positions, by projection."""

    def __init__(
        self,
        pool: Pool,
        feed: Feed,
        projections: Sequence[AnyProjection] = ALL,
        most_events: int = pages.MOST_EVENTS,
    ) -> None:
        self.on_advanced: list[Callable[[Mapping[str, int]], object]] = []
        self._pool = pool
        self._feed = feed
        self._projections = projections
        self._most_events = most_events
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Something was appended: look at once."""
        self._awake.set()

    async def run(self) -> NoReturn:
        """Work for ever; a lost database is waited for, and any other trouble is logged and tried again."""
        step, pause = self.start, REST_SECONDS
        while True:
            self._awake.clear()
            try:
                pause = REST_SECONDS if await step() else min(2 * pause, IDLE_SECONDS)
                step = self.turn
            except Exception as error:
                # Whatever it was, rows and checkpoint are as they were before the turn.
                _log.warning("projector_waits", error=type(error).__name__, detail=str(error))
                pause = OUTAGE_SECONDS
            await asyncio.sleep(REST_SECONDS)
            await self._sleep(pause - REST_SECONDS)

    async def start(self) -> int:
        """Make sure each projection has a checkpoint, and let those that stopped try again; then as ``turn``."""
        for projection in self._projections:
            async with self._pool.acquire() as connection, connection.transaction():
                if await checkpoints.begin(connection, projection):
                    await tables.clear(connection, projection)
                await checkpoints.resume(connection, projection)
        return await self.turn()

    async def turn(self) -> int:
        """Fold the next events; answers how many there were, at most, for one projection."""
        standings = await self._standings()
        return max([await self._advance(standings[position], position) for position in standings], default=0)

    async def _sleep(self, seconds: float) -> None:
        """Sleep until the time is over or somebody wakes us."""
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return

    async def _standings(self) -> dict[int, list[AnyProjection]]:
        """Which projections stand at which position; those that stopped are left out.

        As a rule all stand at one and are served by one reading of the log. One that has much to catch up on is alone
        with its position, and holds up nobody.
        """
        by_name = {projection.name: projection for projection in self._projections}
        standings = defaultdict[int, list[AnyProjection]](list)
        async with self._pool.acquire() as connection:
            for checkpoint in await checkpoints.find(connection, self._projections):
                if checkpoint.poison is None:
                    standings[checkpoint.position].append(by_name[checkpoint.name])
        return standings

    async def _advance(self, projections: Sequence[AnyProjection], position: int) -> int:
        """Bring those projections that nobody else works on from ``position`` on by a page; answers its events."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            claimed = await checkpoints.claim(connection, projections, position)
            if not claimed:
                return 0
            page = await self._read(connection, position, self._most_events)
            if isinstance(page, Poison):
                await self._stop(connection, claimed, page)
                return 0
            moved = [each for each in claimed if await self._fold_in(connection, each, page.events)]
            if page.upto > position:
                await checkpoints.move(connection, moved, page.upto)
        positions = dict.fromkeys([projection.name for projection in moved], page.upto)
        for listener in self.on_advanced:
            listener(positions)
        return len(page.events)

    async def _read(self, connection: Connection, after: int, limit: int) -> Page | Poison:
        """The next page, a shorter one before an event that can't be read, or that event."""
        try:
            return await pages.read(connection, self._feed, after, limit)
        except (UnknownEvent, UnreadableEvent) as error:
            if limit > 1:
                return await self._read(connection, after, limit // 2)
            return await checkpoints.next_event(connection, after, error)

    async def _fold_in(
        self, connection: Connection, projection: AnyProjection, events: Sequence[Recorded]
    ) -> bool:
        """Fold the events into the tables; stop the projection at the first that can't be, and answer False."""
        poison = await _fold(connection, projection, events)
        if poison is not None:
            await self._stop(connection, [projection], poison)
        return poison is None

    async def _stop(
        self, connection: Connection, projections: Sequence[AnyProjection], poison: Poison
    ) -> None:
        for projection in projections:
            await checkpoints.stop(connection, projection, poison)
            _log.error(
                "projection_stopped",
                projection=projection.name,
                position=poison.position,
                event_id=str(poison.event_id),
                error=poison.error,
            )


async def _fold(
    connection: Connection, projection: AnyProjection, events: Sequence[Recorded]
) -> Poison | None:
    """Fold the events into the tables, or those before the first that can't be folded, which is answered.

    An error doesn't tell whose fault it was, so the events are halved until one is left.
    """
    try:
        folding = Folding(connection, projection)
        await folding.take(events)
        await folding.write()
    except Exception as error:
        if not _may_be_poison(error):
            raise
        if len(events) == 1:
            return Poison(events[0].position, events[0].event_id, type(error).__name__)
    else:
        return None
    middle = len(events) // 2
    return await _fold(connection, projection, events[:middle]) or await _fold(
        connection, projection, events[middle:]
    )


def _may_be_poison(error: Exception) -> bool:
    """Whether it speaks of what was folded or written, not of the way to the database."""
    wrong_values = (ValueError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
    return isinstance(error, wrong_values) or not isinstance(error, OUTAGES)
