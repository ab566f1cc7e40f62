"""The projector against a real database: every event is folded once, whoever runs and whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from msgspec.structs import replace

from domain.event import Event
from domain.lead.events import LeadsImported
from domain.sender.state import Sender
from domain.upcasters import UPCASTERS
from projections.catalogue import ALL
from projections.leads import LEADS
from projections.projection import Key
from projections.senders import SENDERS, SenderRow
from service.database.pool import Pool, connect_as_owner, open_pool
from service.projector import checkpoints
from service.projector.checkpoints import Poison
from service.projector.runner import Projector
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.log import EventStore
from tests.kit.histories import lived, of_an_unknown_lead
from tests.kit.world import World
from tests.projections.conftest import EVENTS, Write, writing_to
from tests.projections.driving import catch_up, caught_up, evolve_leniently, running, standings
from tests.projections.tables import folded, stored


class SomethingNew(Event, frozen=True, kw_only=True):
    """An event of a later program."""

    type = "something-new"


@pytest.mark.parametrize("most_events", [1, 7, 1000])
async def test_the_tables_are_what_the_log_amounts_to(
    pool: Pool, feed: Feed, write: Write, most_events: int
) -> None:
    history = await write(lived())
    await catch_up(Projector(pool, feed, most_events=most_events))
    for projection in ALL:
        assert await stored(pool, projection) == folded(projection, history)
    assert {checkpoint.position for checkpoint in (await standings(pool)).values()} == {history[-1].position}


async def test_a_projector_that_dies_between_rows_and_checkpoint_leaves_neither(
    database: str, pool: Pool, feed: Feed, write: Write
) -> None:
    history = await write(lived())
    projector = Projector(pool, feed)
    async with dying_at_the_checkpoint(database):
        with pytest.raises(asyncpg.PostgresError, match="died"):
            await catch_up(projector)
        assert not (await stored(pool, LEADS)).rows
        assert {checkpoint.position for checkpoint in (await standings(pool)).values()} == {0}
    await catch_up(projector)
    assert await stored(pool, LEADS) == folded(LEADS, history)


async def test_a_running_projector_survives_the_loss_of_its_connections(
    database: str, pool: Pool, codec: Codec, write: Write
) -> None:
    own = await open_pool(database, application_name="projector", max_size=2)
    projector = Projector(own, Feed(own, codec))
    async with running(projector):
        await caught_up(pool, await write(lived(1)))
        assert await cut_connections(database, "projector")
        await caught_up(pool, await write(lived(2)))
    await own.close()


async def test_while_one_process_works_the_others_stand_by(pool: Pool, feed: Feed, write: Write) -> None:
    projector = Projector(pool, feed)
    await projector.start()
    history = await write(lived())
    async with pool.acquire() as other, other.transaction():
        for projection in ALL:
            await checkpoints.seize(other, projection)
        await projector.turn()
        assert not (await stored(pool, LEADS)).rows
    await projector.turn()
    assert await stored(pool, LEADS) == folded(LEADS, history)


async def test_many_projectors_beside_many_writers_fold_every_event_once(
    pool: Pool, feed: Feed, store: EventStore, write: Write
) -> None:
    projectors = [Projector(pool, feed, most_events=5) for _ in range(3)]
    store.on_appended.extend(projector.wake for projector in projectors)
    async with running(*projectors):
        histories = await asyncio.gather(*(write(lived(workspace)) for workspace in (1, 2, 3)))
        await caught_up(pool, *histories)
    for projection in ALL:
        assert await stored(pool, projection) == folded(projection, *histories)


async def test_a_poison_event_stops_its_projection_and_no_other(pool: Pool, feed: Feed, write: Write) -> None:
    before = await write(lived(1))
    (poison,) = await write(of_an_unknown_lead())
    after = await write(lived(2))
    await catch_up(Projector(pool, feed))
    checkpoint = (await standings(pool))["leads"]
    assert checkpoint.poison is not None
    assert checkpoint.position == before[-1].position
    assert checkpoint.poison == Poison(poison.position, poison.event_id, "BrokenHistory")
    up_to_date = {
        name for name, each in (await standings(pool)).items() if each.position == after[-1].position
    }
    assert up_to_date == {
        "campaigns",
        "senders",
        "suppressions",
    }
    assert await stored(pool, LEADS) == folded(LEADS, before)
    assert await stored(pool, SENDERS) == folded(SENDERS, before, after)


async def test_a_stopped_projection_tries_again_when_a_projector_starts(
    pool: Pool, feed: Feed, write: Write
) -> None:
    history = await write(lived())
    (poison,) = await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    stopped = (await standings(pool))["leads"]
    await catch_up(Projector(pool, feed))
    assert (await standings(pool))["leads"] == stopped
    repaired = replace(LEADS, evolve=evolve_leniently)
    await catch_up(Projector(pool, feed, [repaired]))
    assert (await standings(pool))["leads"].position == poison.position
    assert (await standings(pool))["leads"].poison is None
    assert await stored(pool, LEADS) == folded(LEADS, history)


async def test_an_event_whose_rows_the_database_refuses_is_poison_too(
    pool: Pool, feed: Feed, write: Write
) -> None:
    history = await write(lived())
    await catch_up(Projector(pool, feed))
    again = next(recorded for recorded in history if isinstance(recorded.event, LeadsImported))
    (poison,) = await write([again])
    await catch_up(Projector(pool, feed))
    checkpoint = (await standings(pool))["leads"]
    assert checkpoint.position == history[-1].position
    assert checkpoint.poison == Poison(poison.position, poison.event_id, "UniqueViolationError")
    assert await stored(pool, LEADS) == folded(LEADS, history)


async def test_an_event_that_this_program_does_not_know_stops_everything_until_one_that_does_starts(
    pool: Pool, feed: Feed, write: Write
) -> None:
    newer = Codec([*EVENTS, SomethingNew], UPCASTERS)
    world = World(workspace=3)
    world.record("something", SomethingNew())
    before = await write(lived(1))
    (unknown,) = await writing_to(EventStore(pool, newer))(world.history)
    after = await write(lived(2))
    await catch_up(Projector(pool, feed))
    for checkpoint in (await standings(pool)).values():
        assert checkpoint.position == before[-1].position
        assert checkpoint.poison == Poison(unknown.position, unknown.event_id, "UnknownEvent")
    assert await stored(pool, LEADS) == folded(LEADS, before)
    await catch_up(Projector(pool, Feed(pool, newer)))
    for checkpoint in (await standings(pool)).values():
        assert (checkpoint.position, checkpoint.poison) == (after[-1].position, None)
    assert await stored(pool, LEADS) == folded(LEADS, before, after)


async def test_a_new_version_is_folded_anew_and_an_older_program_leaves_it_alone(
    pool: Pool, feed: Feed, write: Write
) -> None:
    newer = replace(SENDERS, version=SENDERS.version + 1, lay_out=lay_out_as_new)
    await write(lived(1))
    await catch_up(Projector(pool, feed))
    await catch_up(Projector(pool, feed, [newer]))
    assert await pool.fetchval("SELECT array_agg(DISTINCT channel) FROM senders") == ["new"]
    rows = await pool.fetchval("SELECT count(*) FROM senders")
    await write(lived(2))
    await catch_up(Projector(pool, feed))
    assert await pool.fetchval("SELECT count(*) FROM senders") == rows
    await catch_up(Projector(pool, feed, [newer]))
    assert await pool.fetchval("SELECT count(*) FROM senders") == 2 * rows


def lay_out_as_new(key: Key, sender: Sender) -> SenderRow:
    return replace(SENDERS.lay_out(key, sender), channel="new")


@asynccontextmanager
async def dying_at_the_checkpoint(database: str) -> AsyncIterator[None]:
    """Whoever moves a checkpoint dies, until the block ends."""
    owner = await connect_as_owner(database, application_name="test")
    try:
        await owner.execute("""
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'died' USING ERRCODE = 'admin_shutdown'; END $$;
            CREATE TRIGGER die BEFORE UPDATE OF position ON projections FOR EACH STATEMENT EXECUTE FUNCTION die();
        """)
        yield
        await owner.execute("DROP TRIGGER die ON projections")
    finally:
        await owner.close()


async def cut_connections(database: str, application_name: str) -> int:
    owner = await connect_as_owner(database, application_name="test")
    try:
        cut = await owner.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            application_name,
        )
    finally:
        await owner.close()
    return len(cut)
