"""The feed: all events of the database in the order of their positions, none ever skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
from msgspec import Struct

from domain.event import Recorded
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.store.codec import Codec

_queries: Any = statements(Path(__file__).with_name("feed.sql"))


class Page(Struct, frozen=True):
    """The next events, and up to where the feed was read: from there the reader goes on, also without events."""

    events: list[Recorded]
    upto: int


class Feed:
    """Reads the log in order. The reader keeps its own checkpoint."""

    def __init__(self, pool: Pool, codec: Codec) -> None:
        self._pool = pool
        self._codec = codec

    async def read(
        self, after: int, limit: int, connection: Connection | None = None, most_bytes: int | None = None
    ) -> Page:
        """At most ``limit`` (>= 1) events with a position above ``after``.

        With ``most_bytes`` no more than are below that size, of payload as it is stored, or else the next one alone.
        A transaction of the caller's must be READ COMMITTED. Raises as ``Codec.recorded`` does.
        """
        rows = await self._rows(after, limit, connection, most_bytes)
        events = [self._codec.recorded(row) for row in rows if row["position"] is not None]
        return Page(events, rows[0]["upto"])

    async def _rows(
        self, after: int, limit: int, connection: Connection | None, most_bytes: int | None
    ) -> list[asyncpg.Record]:
        source = self._pool if connection is None else connection
        if most_bytes is None:
            return await source.fetch(_queries.feed.sql, after, limit)
        return await source.fetch(_queries.feed_below.sql, after, limit, most_bytes)
