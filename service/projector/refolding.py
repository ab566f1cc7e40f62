"""The events of a source, folded from the beginning into tables beside the real ones."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import TypeAlias

from projections.catalogue import AnyProjection
from service.database.pool import OUTAGES, Connection
from service.projector import pages, tables
from service.projector.course import Course, between
from service.projector.folding import Folding
from service.projector.source import Source
from service.store.feed import Page

Told: TypeAlias = Callable[[int, int], object]
"""Is told how far a replay has come: the position it has reached, and the one it goes to."""


def unheard(_position: int, _until: int) -> None:
    """For who need not know."""


class Unfoldable(Exception):
    """A projection can't fold an event, so there is nothing to compare with or to put in place."""

    def __init__(self, projection: AnyProjection, after: int, upto: int, error: Exception) -> None:
        super().__init__(
            f"The projection '{projection.name}' can't fold an event between the positions {after} and {upto} "
            f"({type(error).__name__}); nothing was changed."
        )


class Refolding:
    """Folds into temporary tables of the caller's transaction, a projection at a time for each page.

    ``events`` counts what was read so far, ``position`` is up to where.
    """

    def __init__(
        self,
        connection: Connection,
        source: Source,
        projections: Sequence[AnyProjection],
        told: Told = unheard,
        most_things: int = pages.MOST_THINGS,
    ) -> None:
        self.events = 0
        self.position = 0
        self._connection = connection
        self._source = source
        self._told = told
        self._most_things = most_things
        self._foldings = {each: Folding(connection, each, tables.BESIDE) for each in projections}
        self._reached = {projection.name: 0 for projection in projections}

    async def begin(self) -> None:
        """Make the tables."""
        for projection in self._foldings:
            await tables.set_up_beside(self._connection, projection)

    async def run(self, course: Course) -> None:
        """Go on from where each projection is to where the course ends for it."""
        with _uninterrupted_by_garbage_collection():
            start = min(self._reached.values(), default=0)
            async with aclosing(self._source.pages(start, course.last, course.passing)) as read:
                async for page in read:
                    await self._take(page, course)
                    self._told(self.position, course.last)
            for folding in self._foldings.values():
                await folding.write()

    async def _take(self, page: Page, course: Course) -> None:
        for projection, folding in self._foldings.items():
            reached = self._reached[projection.name]
            try:
                await folding.take(course.events(projection, page.events, reached))
            except OUTAGES:
                raise
            except Exception as error:
                raise Unfoldable(projection, reached, page.upto, error) from error
            until = min(page.upto, course.until.get(projection.name, 0))
            self._reached[projection.name] = max(reached, until)
            if len(folding) >= self._most_things:
                await folding.write()
        self.events += len(between(page.events, self.position, course.last))
        self.position = max(self.position, min(page.upto, course.last))


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
