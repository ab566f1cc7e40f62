"""Differences planted in every table of every read model: found, named with the event at which they part, repaired."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from domain.event import Recorded
from domain.lead.events import LeadsImported, SendAccepted
from projections.catalogue import ALL, AnyProjection
from projections.projection import Table
from service.database.pool import Pool
from service.projector.difference import Difference
from service.projector.replay import repair, replay_and_compare, trace
from service.projector.runner import Projector
from service.projector.source import WholeLog
from service.store.feed import Feed
from service.store.log import EventStore
from tests.kit.histories import lived, of_an_unknown_lead
from tests.projections.conftest import Write
from tests.projections.driving import catch_up, caught_up, running, standings
from tests.projections.tables import folded, stored

TABLES: Final = [table for projection in ALL for table in projection.tables]
WRONG: Final = {
    "leads": "status = 'timed_out'",
    "campaign_counts": "n = n + 7",
    "sender_usage": "n = n + 7",
    "campaigns": "version = version + 7",
    "senders": "status = 'error'",
    "suppressions": "reason = 'hard-bounce'",
}
"""A value that the log never comes to, for each table."""


@pytest.fixture
async def history(pool: Pool, feed: Feed, write: Write) -> list[Recorded]:
    """What was lived, and is projected."""
    written = await write(lived())
    await catch_up(Projector(pool, feed))
    return written


async def traced(pool: Pool, feed: Feed) -> list[Difference]:
    return await trace(WholeLog(pool, feed), await replay_and_compare(pool, feed))


async def repaired(pool: Pool, feed: Feed) -> int:
    return (await repair(pool, WholeLog(pool, feed))).differing


async def the_log_is_shown(pool: Pool, *histories: list[Recorded]) -> bool:
    return all([await stored(pool, each) == folded(each, *histories) for each in ALL])


def key_of(table: Table, row: dict[str, object]) -> dict[str, str]:
    return {column: str(row[column]) for column in table.key}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_wrong_value_is_named_with_the_event_that_tells_the_right_one(
    table: Table, history: list[Recorded], pool: Pool, feed: Feed
) -> None:
    row = dict(
        await pool.fetchrow(
            f"UPDATE {table.name} SET {WRONG[table.name]} "
            f"WHERE ctid = (SELECT min(ctid) FROM {table.name}) RETURNING *"
        )
        or {}
    )
    [difference] = await traced(pool, feed)
    column = WRONG[table.name].partition(" ")[0]
    assert (difference.table, difference.key) == (table.name, key_of(table, row))
    assert difference.stored is not None
    assert difference.replayed is not None
    assert difference.stored == {column: row[column]}
    assert difference.replayed.keys() == {column}
    assert difference.parting is not None
    assert difference.parting.event_id in {recorded.event_id for recorded in history}
    assert await repaired(pool, feed) == 1
    assert await the_log_is_shown(pool, history)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_row_that_is_gone_is_named_with_the_event_that_began_it(
    table: Table, history: list[Recorded], pool: Pool, feed: Feed
) -> None:
    row = dict(
        await pool.fetchrow(
            f"DELETE FROM {table.name} WHERE ctid = (SELECT min(ctid) FROM {table.name}) RETURNING *"
        )
        or {}
    )
    [difference] = await traced(pool, feed)
    assert (difference.table, difference.key, difference.stored) == (table.name, key_of(table, row), None)
    assert difference.parting is not None
    if table.name == "leads":
        assert difference.parting.type == LeadsImported.type
    assert await repaired(pool, feed) == 1
    assert await the_log_is_shown(pool, history)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_row_that_no_event_told_of_is_named_without_one(
    table: Table, history: list[Recorded], pool: Pool, feed: Feed
) -> None:
    await pool.execute(
        f"CREATE TEMPORARY TABLE planted AS SELECT * FROM {table.name} LIMIT 1; "
        f"UPDATE planted SET {table.key[1]} = gen_random_uuid(); "
        f"INSERT INTO {table.name} SELECT * FROM planted; DROP TABLE planted"
    )
    [difference] = await traced(pool, feed)
    assert (difference.table, difference.replayed, difference.parting) == (table.name, None, None)
    assert await repaired(pool, feed) == 1
    assert await the_log_is_shown(pool, history)


async def test_a_counter_that_missed_an_event_is_named_with_that_event(
    history: list[Recorded], pool: Pool, feed: Feed
) -> None:
    accepted = [recorded for recorded in history if isinstance(recorded.event, SendAccepted)]
    kind = "kind = 'sends' AND n = (SELECT max(n) FROM campaign_counts WHERE kind = 'sends')"
    row = await pool.fetchrow(f"UPDATE campaign_counts SET n = n - 1 WHERE {kind} RETURNING *")
    assert row is not None
    [difference] = await traced(pool, feed)
    assert (difference.stored, difference.replayed) == ({"n": row["n"]}, {"n": row["n"] + 1})
    assert difference.parting is not None
    assert difference.parting.event_id in {recorded.event_id for recorded in accepted}


async def test_everything_can_be_wrong_at_once(history: list[Recorded], pool: Pool, feed: Feed) -> None:
    for table in TABLES:
        await pool.execute(f"UPDATE {table.name} SET {WRONG[table.name]}")
    differences = await traced(pool, feed)
    assert {difference.table for difference in differences} == {table.name for table in TABLES}
    assert all(difference.parting for difference in differences)
    assert await repaired(pool, feed) >= len(differences)
    assert await the_log_is_shown(pool, history)


async def test_rows_are_repaired_while_events_are_written(
    pool: Pool, feed: Feed, store: EventStore, write: Write
) -> None:
    projector = Projector(pool, feed, most_events=3)
    store.on_appended.append(projector.wake)
    async with running(projector):
        writing = asyncio.gather(*(write(lived(workspace)) for workspace in range(1, 4)))
        while not writing.done():
            await pool.execute("UPDATE campaign_counts SET n = n + 1 WHERE kind = 'status'")
            await repaired(pool, feed)
        await caught_up(pool, *await writing)
    await repaired(pool, feed)
    assert await the_log_is_shown(pool, *await writing)


async def test_a_projection_that_has_stopped_is_repaired_up_to_there(
    pool: Pool, feed: Feed, write: Write
) -> None:
    history = await write(lived(1))
    await write(of_an_unknown_lead())
    await write(lived(2))
    await catch_up(Projector(pool, feed))
    before = await standings(pool)
    await pool.execute("UPDATE leads SET status = 'timed_out'")
    assert await repaired(pool, feed)
    assert await standings(pool) == before
    assert await stored(pool, _named("leads")) == folded(_named("leads"), history)
    assert not (await replay_and_compare(pool, feed)).differing


def _named(name: str) -> AnyProjection:
    return next(projection for projection in ALL if projection.name == name)
