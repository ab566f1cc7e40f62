"""Pages of the log that fit in memory: one event may tell of a lead, or of a thousand."""

from __future__ import annotations

from typing import Final

from service.database.pool import Connection
from service.store.feed import Feed, Page

MOST_EVENTS: Final = 1_000
MOST_BYTES: Final = 250_000
"""Of payload as it is stored, compressed: a thousand events about one lead each, or 3,000 to 25,000 leads at once."""
MOST_EVENTS_ANEW: Final = 2_000
MOST_BYTES_ANEW: Final = 500_000
"""Of a page of the whole log folded anew: nobody waits for its rows, and fewer pages cost less."""
MOST_THINGS: Final = 50_000
"""So many things a projection that is folded anew holds in memory before it writes their rows."""


async def read(connection: Connection, feed: Feed, after: int, most_events: int = MOST_EVENTS) -> Page:
    """The next events above ``after``: at least one, if there is one. Raises as ``Feed.read`` does."""
    return await feed.read(after, most_events, connection, MOST_BYTES)


async def read_anew(connection: Connection, feed: Feed, after: int, most_events: int) -> Page:
    """As ``read``, a larger page."""
    return await feed.read(after, most_events, connection, MOST_BYTES_ANEW)
