"""Pages of the log that fit in memory: one event may tell of a lead, or of a thousand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import aiosql

from service.database.pool import Connection
from service.store.feed import Feed, Page, StoredPage

MOST_EVENTS: Final = 1_000
MOST_BYTES: Final = 250_000
"""Of payload as it is stored, compressed: a thousand events about one lead each, or 3,000 to 25,000 leads at once."""

_queries: Any = aiosql.from_path(Path(__file__).with_name("pages.sql"), "asyncpg")


async def read(connection: Connection, feed: Feed, after: int, most_events: int = MOST_EVENTS) -> Page:
    """The next events above ``after``: at least one, if there is one. Raises as ``Feed.read`` does."""
    return await feed.read(after, await _fitting(connection, after, most_events), connection)


async def read_stored(connection: Connection, feed: Feed, after: int) -> StoredPage:
    """As ``read``, with the events exactly as they are stored."""
    return await feed.read_stored(after, await _fitting(connection, after, MOST_EVENTS), connection)


async def _fitting(connection: Connection, after: int, most_events: int) -> int:
    fitting: int = await _queries.fitting(
        connection, after=after, most_events=most_events, most_bytes=MOST_BYTES
    )
    return max(fitting, 1)
