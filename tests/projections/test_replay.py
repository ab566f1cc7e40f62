"""The log folded anew: to prove that the read models are what it amounts to, and to make them so."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from projections.catalogue import ALL
from projections.leads import LEADS, BrokenHistory
from service.database.pool import Pool, connect_as_owner, open_pool
from service.projector import pages
from service.projector.refolding import Unfoldable
from service.projector.replay import Replayed, rebuild, replay_and_compare
from service.projector.runner import Projector
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.log import EventStore
from tests.kit.histories import lived, of_an_unknown_lead
from tests.projections.conftest import Write
from tests.projections.driving import catch_up, caught_up, evolve_leniently, running, standings
from tests.projections.tables import folded, stored


async def test_the_tables_dropped_and_rebuilt_hold_equal_rows(
    database: str, pool: Pool, feed: Feed, write: Write
) -> None:
    history = await write(lived())
    await catch_up(Projector(pool, feed))
    before = [await stored(pool, projection) for projection in ALL]
    await drop_and_create_tables(database)
    assert not (await stored(pool, LEADS)).rows
    replayed = (await rebuild(pool, feed)).replayed
    assert [await stored(pool, projection) for projection in ALL] == before
    assert (replayed.events, replayed.position) == (len(history), history[-1].position)
    assert {each.position for each in (await standings(pool)).values()} == {replayed.position}
    assert not (await replay_and_compare(pool, feed)).differences


async def test_read_models_can_be_rebuilt_and_compared_while_events_are_written(
    pool: Pool, feed: Feed, store: EventStore, write: Write
) -> None:
    projector = Projector(pool, feed, most_events=3)
    store.on_appended.append(projector.wake)
    async with running(projector):
        writing = asyncio.gather(*(write(lived(workspace)) for workspace in range(1, 5)))
        while not writing.done():
            assert not (await replay_and_compare(pool, feed)).differences
            await rebuild(pool, feed)
        await caught_up(pool, *await writing)
    for projection in ALL:
        assert await stored(pool, projection) == folded(projection, *await writing)


async def test_a_comparison_names_the_rows_that_differ(pool: Pool, feed: Feed, write: Write) -> None:
    history = await write(lived())
    await catch_up(Projector(pool, feed))
    wrong = await pool.fetchval("UPDATE leads SET status = 'replied' WHERE ordinal = 1 RETURNING lead_id")
    gone = await pool.fetchval("DELETE FROM senders WHERE status = 'active' RETURNING sender_id")
    await pool.execute(
        "INSERT INTO campaign_counts SELECT workspace_id, campaign_id, 'milestone', 'replied', 1 FROM campaigns"
    )
    comparison = await replay_and_compare(pool, feed)
    assert comparison.replayed.events == len(history)
    by_table = {difference.table: difference for difference in comparison.differences}
    assert by_table.keys() == {"leads", "senders", "campaign_counts"}
    assert by_table["leads"].key["lead_id"] == str(wrong)
    assert by_table["leads"].stored == {"status": "replied"}
    assert "replied" not in (by_table["leads"].replayed or {}).values()
    assert by_table["senders"].stored is None
    assert by_table["senders"].key["sender_id"] == str(gone)
    assert by_table["campaign_counts"].replayed is None


async def test_a_comparison_is_made_where_the_read_models_stand(pool: Pool, feed: Feed, write: Write) -> None:
    history = await write(lived(1))
    await catch_up(Projector(pool, feed))
    await write(lived(2))
    comparison = await replay_and_compare(pool, feed)
    assert comparison.replayed == Replayed(history[-1].position, len(history), comparison.replayed.rows)
    assert (comparison.differing, comparison.differences) == (0, [])


async def test_a_replay_of_more_than_fits_in_memory_comes_to_the_same(
    pool: Pool, feed: Feed, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_BYTES_ANEW", 2_000)
    histories = [await write(lived(workspace)) for workspace in (1, 2)]
    await rebuild(pool, feed, most_things=3)
    for projection in ALL:
        assert await stored(pool, projection) == folded(projection, *histories)


async def test_sessions_that_have_replayed_go_on_to_write_the_real_tables_and_no_other(
    database: str, codec: Codec, write: Write
) -> None:
    pool = await open_pool(database, max_size=2)
    feed = Feed(pool, codec)
    projector = Projector(pool, feed)
    histories = []
    for workspace in (1, 2, 3):
        histories.append(await write(lived(workspace)))
        await catch_up(projector)
        for projection in ALL:
            assert await stored(pool, projection) == folded(projection, *histories)
        assert not (await replay_and_compare(pool, feed)).differences
    await pool.close()


async def test_a_rebuild_that_meets_a_poison_event_changes_nothing(
    pool: Pool, feed: Feed, write: Write
) -> None:
    await write(lived())
    await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    before = await standings(pool), await stored(pool, LEADS)
    with pytest.raises(Unfoldable, match="'leads'") as caught:
        await rebuild(pool, feed)
    assert isinstance(caught.value.__cause__, BrokenHistory)
    assert (await standings(pool), await stored(pool, LEADS)) == before


async def test_a_rebuild_lets_a_projection_that_had_stopped_go_on(
    pool: Pool, feed: Feed, write: Write
) -> None:
    history = await write(lived())
    await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    await rebuild(pool, feed, [replace(LEADS, evolve=evolve_leniently)])
    assert (await standings(pool))["leads"].poison is None
    assert await stored(pool, LEADS) == folded(LEADS, history)


async def drop_and_create_tables(database: str) -> None:
    owner = await connect_as_owner(database, application_name="test")
    try:
        tables = [table.name for projection in ALL for table in projection.tables]
        for table in ("projections", *tables):
            await owner.execute(
                f"CREATE TABLE anew (LIKE {table} INCLUDING ALL); DROP TABLE {table}; "
                f"ALTER TABLE anew RENAME TO {table}; "
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO liftoff_app"
            )
    finally:
        await owner.close()
