"""The feed skips nothing. Each test breaks one step of the argument that stands at the function ``feed``."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal
from uuid import UUID

import asyncpg
import pytest

from domain.event import Recorded
from service.database.pool import Connection, Pool
from service.store.appends import Appended
from service.store.feed import Feed
from service.store.log import EventStore
from tests.store.events import append, write
from tests.store.waiting import until_blocked

FixedSnapshot = Literal["repeatable_read", "serializable"]
Step = Literal["the first look", "the second look"]
OLD_FLOOR = "SELECT pg_advisory_xact_lock_shared(x'4C46'::bigint << 48)"
GATE = 77


def streams_of(events: list[Recorded]) -> list[str]:
    return [entry.stream for entry in events]


@asynccontextmanager
async def open_append(
    pool: Pool, store: EventStore, workspace: UUID, stream: str
) -> AsyncIterator[Connection]:
    """A connection whose transaction has appended to ``stream``; commits at the end."""
    async with pool.acquire() as connection, connection.transaction():
        await store.append_in(connection, [append(workspace, write(stream, 1))])
        yield connection


@asynccontextmanager
async def feed_stopped_before(
    step: Step, owner: Connection, pool: Pool
) -> AsyncIterator[asyncio.Task[list[asyncpg.Record]]]:
    """A reader that waits in the midst of the feed function while the block runs, then goes on to its answer."""
    definition = await owner.fetchval("SELECT pg_get_functiondef('feed'::regproc)")
    gated = definition.replace("FUNCTION liftoff.feed(", "FUNCTION liftoff.gated_feed(")
    looks = list(re.finditer(r"horizon :=", gated))
    assert len(looks) == 2, "the function takes two looks"
    place = looks[step == "the second look"].start()
    await owner.execute(f"{gated[:place]} PERFORM pg_advisory_xact_lock({GATE}); {gated[place:]}")
    async with pool.acquire() as reader:
        await owner.execute(f"SELECT pg_advisory_lock({GATE})")
        reading = asyncio.create_task(reader.fetch("SELECT * FROM gated_feed(0, 100)"))
        await until_blocked(owner, reader)
        yield reading
        await owner.execute(f"SELECT pg_advisory_unlock({GATE})")
        await reading


async def test_a_late_commit_of_a_lower_position_is_not_skipped(
    store: EventStore, feed: Feed, pool: Pool, workspace: UUID
) -> None:
    await store.append(append(workspace, write("before", 1)))
    async with open_append(pool, store, workspace, "late"):
        await store.append(append(workspace, write("early", 1)))
        meanwhile = await feed.read(0, 100)
    afterwards = await feed.read(meanwhile.upto, 100)
    assert streams_of(meanwhile.events) == ["before"]
    assert streams_of(afterwards.events) == ["late", "early"]


async def test_the_very_first_append_holds_back_the_feed(
    store: EventStore, feed: Feed, pool: Pool, workspace: UUID
) -> None:
    async with open_append(pool, store, workspace, "first"):
        await store.append(append(workspace, write("second", 1)))
        meanwhile = await feed.read(0, 100)
    assert (meanwhile.events, meanwhile.upto) == ([], 0)
    assert streams_of((await feed.read(0, 100)).events) == ["first", "second"]


async def test_positions_are_drawn_one_by_one(store: EventStore, pool: Pool, workspace: UUID) -> None:
    positions = []
    async with pool.acquire() as one, pool.acquire() as other:
        for connection in (one, other, one, other):
            async with connection.transaction():
                [outcome] = await store.append_in(connection, [append(workspace, write("a", 1))])
            assert isinstance(outcome, Appended)
            positions.append(outcome.last_position)
    assert positions == [1, 2, 3, 4]


async def test_holes_left_by_rollbacks_are_passed(
    store: EventStore, feed: Feed, pool: Pool, workspace: UUID
) -> None:
    async with pool.acquire() as connection:
        rolled_back = connection.transaction()
        await rolled_back.start()
        await store.append_in(connection, [append(workspace, write("never", 1, 2, 3))])
        await store.append(append(workspace, write("a", 1)))
        held_back = await feed.read(0, 100)
        await rolled_back.rollback()
    passed = await feed.read(held_back.upto, 100)
    assert held_back.upto == 0
    assert (streams_of(passed.events), passed.upto) == (["a"], 4)


async def test_a_reader_advances_over_a_hole_at_the_end(
    store: EventStore, feed: Feed, pool: Pool, workspace: UUID
) -> None:
    async with pool.acquire() as connection:
        rolled_back = connection.transaction()
        await rolled_back.start()
        await store.append_in(connection, [append(workspace, write("never", 1, 2, 3))])
        await rolled_back.rollback()
    page = await feed.read(0, 100)
    assert (page.events, page.upto) == ([], 3)


async def test_a_savepoint_rolled_back_is_a_hole_too(
    store: EventStore, feed: Feed, pool: Pool, workspace: UUID
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        savepoint = connection.transaction()
        await savepoint.start()
        await store.append_in(connection, [append(workspace, write("never", 1))])
        await savepoint.rollback()
        await store.append_in(connection, [append(workspace, write("kept", 1))])
        await store.append(append(workspace, write("beside", 1)))
        held_back = await feed.read(0, 100)
    passed = await feed.read(held_back.upto, 100)
    assert held_back.events == []
    assert streams_of(passed.events) == ["kept", "beside"]


async def test_positions_drawn_between_the_two_looks_are_left_for_later(
    store: EventStore, feed: Feed, pool: Pool, owner: Connection, workspace: UUID
) -> None:
    await store.append(append(workspace, write("before", 1)))
    async with AsyncExitStack() as late:
        async with feed_stopped_before("the second look", owner, pool) as reading:
            await late.enter_async_context(open_append(pool, store, workspace, "late"))
            await store.append(append(workspace, write("early", 1)))
        rows = await reading
    page = await feed.read(rows[0]["upto"], 100)
    assert [row["stream"] for row in rows] == ["before"]
    assert streams_of(page.events) == ["late", "early"]


@pytest.mark.parametrize("step", ["the first look", "the second look"])
async def test_a_commit_just_before_the_look_at_the_locks_is_seen(
    store: EventStore, pool: Pool, owner: Connection, workspace: UUID, step: Step
) -> None:
    async with AsyncExitStack() as late:
        await late.enter_async_context(open_append(pool, store, workspace, "late"))
        await store.append(append(workspace, write("early", 1)))
        async with feed_stopped_before(step, owner, pool) as reading:
            await late.aclose()
    assert [row["stream"] for row in await reading] == ["late", "early"]


@pytest.mark.parametrize("isolation", ["repeatable_read", "serializable"])
async def test_the_feed_refuses_a_fixed_snapshot(feed: Feed, pool: Pool, isolation: FixedSnapshot) -> None:
    async with pool.acquire() as connection, connection.transaction(isolation=isolation):
        with pytest.raises(asyncpg.InvalidTransactionStateError, match="can't be used under"):
            await feed.read(0, 100, connection)


async def test_a_transaction_idle_in_another_database_does_not_stall_the_feed(
    store: EventStore, feed: Feed, workspace: UUID, empty_database: str
) -> None:
    stranger = await asyncpg.connect(empty_database)
    async with stranger.transaction():
        await stranger.execute("CREATE TABLE idle (); " + OLD_FLOOR)
        await store.append(append(workspace, write("a", 1)))
        page = await feed.read(0, 100)
    await stranger.close()
    assert streams_of(page.events) == ["a"]


async def test_a_transaction_idle_beside_it_does_not_stall_the_feed(
    store: EventStore, feed: Feed, owner: Connection, workspace: UUID
) -> None:
    async with owner.transaction():
        await owner.execute("CREATE TABLE idle (); SELECT pg_advisory_xact_lock(1)")
        await store.append(append(workspace, write("a", 1)))
        page = await feed.read(0, 100)
    assert streams_of(page.events) == ["a"]


async def test_a_floor_below_the_reader_is_harmless(
    store: EventStore, feed: Feed, owner: Connection, workspace: UUID
) -> None:
    await store.append(append(workspace, write("a", 1, 2, 3)))
    before = await feed.read(0, 100)
    async with owner.transaction():
        await owner.execute(OLD_FLOOR)
        await store.append(append(workspace, write("b", 1)))
        during = await feed.read(before.upto, 100)
    assert (during.events, during.upto) == ([], before.upto)
    assert streams_of((await feed.read(during.upto, 100)).events) == ["b"]


async def test_pages_follow_each_other_without_gap_or_overlap(
    store: EventStore, feed: Feed, workspace: UUID
) -> None:
    await store.append(append(workspace, write("a", *range(5)), write("b", *range(5))))
    positions: list[int] = []
    sizes: list[int] = []
    upto = 0
    while (page := await feed.read(upto, 4)).events:
        positions += [entry.position for entry in page.events]
        sizes.append(len(page.events))
        upto = page.upto
    assert sizes == [4, 4, 2]
    assert positions == list(range(1, 11))


async def test_a_page_below_a_size_holds_what_fits_and_at_least_the_next_event(
    pool: Pool, store: EventStore, feed: Feed, workspace: UUID
) -> None:
    await store.append(append(workspace, write("a", *range(4))))
    (size,) = {row[0] for row in await pool.fetch("SELECT pg_column_size(payload) FROM events")}
    for most_bytes, fitting in ((1, 1), (size, 1), (2 * size, 2), (3 * size - 1, 2), (9 * size, 4)):
        page = await feed.read(0, 100, most_bytes=most_bytes)
        assert [entry.position for entry in page.events] == list(range(1, fitting + 1))
    assert len((await feed.read(0, 3, most_bytes=9 * size)).events) == 3


async def test_the_feed_tells_all_there_is_to_an_event(
    store: EventStore, feed: Feed, workspace: UUID
) -> None:
    await store.append(append(workspace, write("a", 1, 2), epoch=4))
    assert (await feed.read(0, 100)).events == await store.read_stream(workspace, "a")
