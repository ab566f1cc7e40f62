"""The feed under fire: for a few seconds here, for as long as you like by ``python -m tests.store.soak``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from service.database.pool import Pool, open_pool
from service.store.feed import Feed
from tests.store.events import CODEC
from tests.store.soak import FeedReader, require_exactly_once_in_order, write_and_read

WRITERS = 12


@pytest.fixture
async def wide_pool(database: str) -> AsyncIterator[Pool]:
    """A connection for every writer, and some more."""
    async with await open_pool(database, max_size=WRITERS + 4) as pool:
        yield pool


class XminReader:
    """The well-known other way to miss nothing: by transaction, up to the oldest one still running in the cluster.

    The transaction of an event is the row's ``xmin``, which has 32 bits: enough for a young cluster.
    """

    def __init__(self, pool: Pool) -> None:
        self.seen: list[UUID] = []
        self._pool = pool
        self._upto = (0, 0)

    async def read(self) -> bool:
        """Read all that is certain."""
        rows = await self._pool.fetch(
            """
            SELECT event_id, xmin::text::bigint AS xid, position
              FROM events
             WHERE (xmin::text::bigint, position) > ($1, $2)
               AND xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
             ORDER BY xid, position
            """,
            *self._upto,
        )
        for row in rows:
            self.seen.append(row["event_id"])
            self._upto = (row["xid"], row["position"])
        return bool(rows)


async def test_a_reader_sees_every_committed_event_exactly_once_and_in_order(
    wide_pool: Pool, workspace: UUID
) -> None:
    reader = FeedReader(Feed(wide_pool, CODEC))
    tally = await write_and_read(wide_pool, workspace, WRITERS, 3, 1, [reader.read])
    assert tally.committed
    assert tally.rolled_back
    require_exactly_once_in_order(reader.seen, tally)


async def test_the_feed_agrees_with_a_reader_by_transaction(wide_pool: Pool, workspace: UUID) -> None:
    reader, oracle = FeedReader(Feed(wide_pool, CODEC)), XminReader(wide_pool)
    tally = await write_and_read(wide_pool, workspace, WRITERS - 2, 3, 2, [reader.read, oracle.read])
    require_exactly_once_in_order(reader.seen, tally)
    async with asyncio.timeout(60):  # what other tests have open on this server, the oracle waits for
        while len(oracle.seen) < len(tally.committed):
            await oracle.read()
            await asyncio.sleep(0.01)
    assert len(oracle.seen) == len(set(oracle.seen))
    assert set(oracle.seen) == {entry.event_id for entry in reader.seen}
