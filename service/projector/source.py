"""Where a replay gets its events: the whole log, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import Protocol

from service.database.pool import Connection, Pool
from service.projector import checkpoints, pages
from service.projector.pages import MOST_EVENTS_ANEW
from service.store.errors import UnknownEvent, UnreadableEvent
from service.store.feed import Feed, Page


class Source(Protocol):
    """Events in order."""

    def pages(self, after: int, until: int, passing: Collection[int]) -> AsyncGenerator[Page]:
        """The pages from ``after`` to ``until``, or to the end of the log; the last may reach beyond.

        An event at a position of ``passing`` need not be readable. Raises as ``Feed.read`` does for any other.
        """
        ...


class WholeLog:
    """All events of the database. Another page is read while one is worked on."""

    def __init__(self, pool: Pool, feed: Feed) -> None:
        self._pool = pool
        self._feed = feed

    async def pages(self, after: int, until: int, passing: Collection[int]) -> AsyncGenerator[Page]:
        """As ``Source`` says."""
        if after >= until:
            return
        async with self._pool.acquire() as connection:
            reading = asyncio.create_task(self._read(connection, after, passing))
            try:
                while (page := await reading).upto > after:
                    after = page.upto
                    if after < until:
                        reading = asyncio.create_task(self._read(connection, after, passing))
                        await asyncio.sleep(0)  # so that it is asked for before the fold keeps us busy
                    yield page
                    if after >= until:
                        return
            finally:
                reading.cancel()
                await asyncio.wait([reading])

    async def _read(
        self,
        connection: Connection,
        after: int,
        passing: Collection[int],
        most_events: int = MOST_EVENTS_ANEW,
    ) -> Page:
        """The next page, a shorter one before an event that can't be read, or none at that event if it is passed."""
        try:
            return await pages.read_anew(connection, self._feed, after, most_events)
        except (UnknownEvent, UnreadableEvent) as error:
            if most_events > 1:
                return await self._read(connection, after, passing, most_events // 2)
            unreadable = await checkpoints.next_event(connection, after, error)
            if unreadable.position not in passing:
                raise
            return Page([], unreadable.position)
