"""Many writers with random delays and rollbacks, and a reader who must see every committed event exactly once.

``python -m tests.store.soak --seconds 60 --writers 12`` runs it on the embedded database, or on that of
``--database-url``, to which it adds a workspace of its own.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import click
from msgspec import Struct, field

from domain.event import Recorded
from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.database.pool import Connection, Pool, open_pool
from service.store.appends import Append, Appended, Outcome
from service.store.feed import Feed
from service.store.log import EventStore
from tests.store.events import CODEC, append, write

STREAMS = 60
LONGEST_DELAY_SECONDS = 0.02
PAGE = 500

Reader = Callable[[], Awaitable[bool]]
"""Reads on; says whether there was anything."""


class Tally(Struct):
    """What the writers know to be committed, and what they know not to be."""

    committed: set[UUID] = field(default_factory=set)
    rolled_back: set[UUID] = field(default_factory=set)

    def count(self, outcomes: list[Outcome], committed: bool) -> None:
        """Note the events of a transaction."""
        for outcome in outcomes:
            if isinstance(outcome, Appended):
                (self.committed if committed else self.rolled_back).update(outcome.event_ids)


class Writer:
    """Appends at random: alone or several at once, grouped or in transactions of its own that linger or roll back."""

    def __init__(
        self, store: EventStore, pool: Pool, workspace_id: UUID, choice: random.Random, tally: Tally
    ) -> None:
        self._store = store
        self._pool = pool
        self._workspace_id = workspace_id
        self._choice = choice
        self._tally = tally

    async def write_until(self, deadline: float) -> None:
        """Write one transaction after the other."""
        while time.monotonic() < deadline:
            if self._choice.random() < 0.3:
                self._tally.count([await self._store.append(self._any_append())], committed=True)
            else:
                async with self._pool.acquire() as connection:
                    await self._write_slowly(connection)

    async def _write_slowly(self, connection: Connection) -> None:
        transaction = connection.transaction()
        await transaction.start()
        outcomes = await self._store.append_in(connection, [self._any_append()])
        await asyncio.sleep(self._choice.random() * LONGEST_DELAY_SECONDS)
        commits = self._choice.random() < 0.8
        await (transaction.commit() if commits else transaction.rollback())
        self._tally.count(outcomes, commits)

    def _any_append(self) -> Append:
        names = self._choice.sample(range(STREAMS), self._choice.randint(1, 3))
        writes = [write(f"s{name}", *range(self._choice.randint(1, 3))) for name in names]
        return append(self._workspace_id, *writes)


async def write_and_read(
    pool: Pool, workspace_id: UUID, writers: int, seconds: float, seed: int, readers: list[Reader]
) -> Tally:
    """Let the writers write for so long; the readers read meanwhile, and afterwards to the end of the log."""
    store = EventStore(pool, CODEC)
    tally = Tally()
    choice = random.Random(seed)
    finished = asyncio.Event()
    reading = [asyncio.create_task(_read_to_the_end(read, finished)) for read in readers]
    deadline = time.monotonic() + seconds
    crew = [Writer(store, pool, workspace_id, random.Random(choice.random()), tally) for _ in range(writers)]
    try:
        await asyncio.gather(*(writer.write_until(deadline) for writer in crew))
    finally:
        await store.close()
        finished.set()
        await asyncio.gather(*reading)
    return tally


async def _read_to_the_end(read: Reader, finished: asyncio.Event) -> None:
    last_round = False
    while not last_round:
        last_round = finished.is_set()
        while await read():
            continue
        await asyncio.sleep(0.001)


class FeedReader:
    """Follows the feed, and keeps what it was told."""

    def __init__(self, feed: Feed, after: int = 0) -> None:
        self.seen: list[Recorded] = []
        self._feed = feed
        self._upto = after

    async def read(self) -> bool:
        """Read one page."""
        page = await self._feed.read(self._upto, PAGE)
        self.seen += page.events
        self._upto = page.upto
        return bool(page.events)


def require_exactly_once_in_order(seen: list[Recorded], tally: Tally) -> None:
    """Raises ``AssertionError`` when an event was skipped, doubled, invented, or read out of order."""
    ids = [entry.event_id for entry in seen]
    assert len(ids) == len(set(ids)), "an event was read twice"
    assert not tally.committed - set(ids), f"{len(tally.committed - set(ids))} committed events were skipped"
    assert not set(ids) - tally.committed, "an event was read that was never committed"
    positions = [entry.position for entry in seen]
    assert positions == sorted(positions), "positions went back"
    versions: dict[str, int] = {}
    for entry in seen:
        assert entry.version == versions.get(entry.stream, 0) + 1, f"stream {entry.stream} out of order"
        versions[entry.stream] = entry.version


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="liftoff-soak-") as directory:
        Path(directory).chmod(0o755)  # the server of a run as root runs as another user
        with EmbeddedPostgres(Path(directory)) as dsn:
            yield dsn


async def _run(dsn: str, seconds: float, writers: int, seed: int) -> None:
    await migrate(dsn)
    async with await open_pool(dsn, max_size=writers + 4) as pool:
        last = await pool.fetchval("SELECT coalesce(max(position), 0) FROM events")
        reader = FeedReader(Feed(pool, CODEC), after=last)
        tally = await write_and_read(pool, uuid4(), writers, seconds, seed, [reader.read])
    require_exactly_once_in_order(reader.seen, tally)
    click.echo(
        f"{writers} writers, {seconds:g} s, seed {seed}: {len(tally.committed)} events committed,"
        f" {len(tally.rolled_back)} rolled back, {len(reader.seen)} read, each exactly once and in order per stream"
    )


@click.command()
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--writers", default=12, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--database-url", default=None, help="A Postgres to use instead of an embedded one.")
def main(seconds: float, writers: int, seed: int, database_url: str | None) -> None:
    """Prove for a while that a reader sees every committed event exactly once and in order per stream."""
    with _database(database_url) as dsn:
        asyncio.run(_run(dsn, seconds, writers, seed))


if __name__ == "__main__":
    main()
