"""The log folded anew from its beginning, into tables beside the real ones: to verify the read models or replace them.

Nobody is kept waiting meanwhile: requests read the real tables, and the projector goes on writing them.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Final

from msgspec import Struct

from projections.catalogue import ALL, AnyProjection
from service.database.pool import Connection, Pool
from service.projector import checkpoints, pages, tables
from service.projector.folding import Folding
from service.projector.tables import Difference
from service.store.feed import Feed, Page

MOST_THINGS: Final = 50_000
"""So many things a projection holds in memory before it writes their rows."""
MOST_DIFFERENCES: Final = 20


class Replayed(Struct, frozen=True):
    """All ``events`` of the log up to ``position`` were folded; they amount to so many ``rows``."""

    position: int
    events: int
    rows: int


class Comparison(Struct, frozen=True):
    """What the log amounts to, and where the read models differ from it: the first rows of each table."""

    replayed: Replayed
    differences: Sequence[Difference]


async def replay_and_compare(
    pool: Pool, feed: Feed, projections: Sequence[AnyProjection] = ALL
) -> Comparison:
    """Fold the log anew up to where each read model stands, and compare row by row; nothing is changed.

    Raises what a projection raises for an event it can't fold.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        # One snapshot of checkpoints and rows; the log is read outside of it, for its past doesn't change.
        found = await checkpoints.find(connection, projections)
        replay = _Replay(connection, pool, feed, projections)
        await replay.begin()
        await replay.run({checkpoint.name: checkpoint.position for checkpoint in found})
        differences = [
            difference
            for projection in projections
            for difference in await tables.differences(connection, projection, MOST_DIFFERENCES)
        ]
        return Comparison(await replay.result(), differences)


async def rebuild(pool: Pool, feed: Feed, projections: Sequence[AnyProjection] = ALL) -> Replayed:
    """Fold the log anew and put the outcome in the place of the read models, all at once or not at all.

    Only at the end, while the rows are put in place, the projector has to wait. A projection that had stopped goes on.
    Raises what a projection raises for an event it can't fold.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        replay = _Replay(connection, pool, feed, projections)
        await replay.begin()
        await replay.run(dict.fromkeys(_names(projections), await checkpoints.head(connection)))
        standing = [await checkpoints.seize(connection, projection) for projection in projections]
        await replay.run(dict.fromkeys(_names(projections), max(standing)))
        for projection in projections:
            await tables.take_over(connection, projection)
            await checkpoints.resume(connection, projection)
        await checkpoints.move(connection, projections, replay.position)
        return await replay.result()


class _Replay:
    """Folds the log, a page being read ahead, into the tables beside the real ones."""

    def __init__(
        self, connection: Connection, pool: Pool, feed: Feed, projections: Sequence[AnyProjection]
    ) -> None:
        self.position = 0
        self._pool = pool
        self._events = 0
        self._connection = connection
        self._feed = feed
        self._foldings = {each: Folding(connection, each, tables.BESIDE) for each in projections}

    async def begin(self) -> None:
        """Make the tables."""
        for projection in self._foldings:
            await tables.set_up_beside(self._connection, projection)

    async def run(self, until: Mapping[str, int]) -> None:
        """Go on up to the position that ``until`` has for each projection."""
        last = max(until.values(), default=0)
        with _uninterrupted_by_garbage_collection():
            async with aclosing(_pages(self._pool, self._feed, self.position, last)) as read:
                async for page in read:
                    await self._take(page, until)
                    self._events += sum(event.position <= last for event in page.events)
                    self.position = min(page.upto, last)
            for folding in self._foldings.values():
                await folding.write()

    async def _take(self, page: Page, until: Mapping[str, int]) -> None:
        for projection, folding in self._foldings.items():
            bound = until.get(projection.name, 0)
            try:
                await folding.take([event for event in page.events if event.position <= bound])
            except Exception as error:
                error.add_note(f"folding '{projection.name}', after position {self.position}")
                raise
            if len(folding) >= MOST_THINGS:
                await folding.write()

    async def result(self) -> Replayed:
        """What came of it."""
        rows = [await tables.count_beside(self._connection, projection) for projection in self._foldings]
        return Replayed(self.position, self._events, sum(rows))


async def _pages(pool: Pool, feed: Feed, after: int, until: int) -> AsyncGenerator[Page]:
    """The pages of the log from ``after`` to ``until``, or to its end; one is read while another is worked on."""
    if after >= until:
        return
    async with pool.acquire() as connection:
        reading = asyncio.create_task(pages.read(connection, feed, after))
        try:
            while (page := await reading).upto > after:
                after = page.upto
                if after < until:
                    reading = asyncio.create_task(pages.read(connection, feed, after))
                yield page
                if after >= until:
                    return
        finally:
            reading.cancel()
            await asyncio.wait([reading])


@contextmanager
def _uninterrupted_by_garbage_collection() -> Iterator[None]:
    """Spare the search for cycles in states and events, which have none: it took a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _names(projections: Sequence[AnyProjection]) -> list[str]:
    return [projection.name for projection in projections]
