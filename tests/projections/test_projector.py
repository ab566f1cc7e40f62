"""The projector against a real database: every event is folded once, whoever runs and whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from domain import streams
from domain.event import Event
from domain.lead.events import LeadsImported, SendAccepted
from projections.catalogue import ALL, AnyProjection
from projections.leads import LEADS
from projections.senders import SENDERS
from service.database.pool import Pool, connect_as_owner
from service.projector import checkpoints
from service.projector.checkpoints import Checkpoint
from service.projector.runner import Projector
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.log import EventStore
from tests.projections.conftest import Write, catch_up, rows_of
from tests.projections.test_folds import folded
from tests.projections.world import World, lived


class SomethingNew(Event, frozen=True, kw_only=True):
    """An event of a later program."""

    type = "something-new"
    happened: UUID


@pytest.mark.parametrize("page", [1, 7, 1000])
async def test_the_tables_are_what_the_log_amounts_to(pool: Pool, feed: Feed, write: Write, page: int) -> None:
    history = lived()
    last = await write(history)
    await catch_up(Projector(pool, feed, page=page))
    for projection in ALL:
        expected = folded(projection, history)
        assert await rows_of(pool, projection) == expected.rows
        assert await sums_of(pool, projection) == expected.sums
    assert {checkpoint.position for checkpoint in await standing(pool)} == {last}


async def test_a_projector_that_dies_between_rows_and_checkpoint_leaves_neither(
    database: str, pool: Pool, feed: Feed, write: Write
) -> None:
    await write(lived())
    projector = Projector(pool, feed)
    async with dying_at_the_checkpoint(database):
        with pytest.raises(asyncpg.PostgresError, match="died"):
            await catch_up(projector)
        assert not await rows_of(pool, LEADS)
        assert {checkpoint.position for checkpoint in await standing(pool)} == {0}
    await catch_up(projector)
    assert await rows_of(pool, LEADS) == folded(LEADS, lived()).rows


async def test_while_one_process_works_the_others_stand_by(pool: Pool, feed: Feed, write: Write) -> None:
    history = lived()
    await write(history)
    projector = Projector(pool, feed)
    async with pool.acquire() as other, other.transaction():
        for projection in ALL:
            await checkpoints.seize(other, projection)
        await projector.start()
        assert not await rows_of(pool, LEADS)
    await catch_up(projector)
    assert await rows_of(pool, LEADS) == folded(LEADS, history).rows


async def test_many_projectors_beside_many_writers_fold_every_event_once(
    pool: Pool, feed: Feed, store: EventStore, write: Write
) -> None:
    projectors = [Projector(pool, feed, page=5) for _ in range(3)]
    running = [asyncio.create_task(projector.run()) for projector in projectors]
    for projector in projectors:
        store.on_appended.append(projector.wake)
    histories = [lived(workspace) for workspace in (1, 2, 3)]
    last = max(await asyncio.gather(*map(write, histories)))
    while min([checkpoint.position for checkpoint in await standing(pool)], default=0) < last:
        await asyncio.sleep(0.01)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for projection in ALL:
        expected = folded(projection, *histories)
        assert await rows_of(pool, projection) == expected.rows
        assert await sums_of(pool, projection) == expected.sums


async def test_a_poison_event_stops_its_projection_and_no_other(
    pool: Pool, feed: Feed, write: Write
) -> None:
    before = lived()
    good = await write(before)
    stray = World(workspace=2)
    stray.record(streams.lead(UUID(int=1)), SendAccepted(send_id=UUID(int=2), code=250))
    poison = await write(stray.history)
    after = lived(3)
    last = await write(after)
    projector = Projector(pool, feed)
    await catch_up(projector)
    by_name = {checkpoint.name: checkpoint for checkpoint in await standing(pool)}
    stopped = by_name.pop("leads")
    assert (stopped.position, stopped.poison and stopped.poison.error) == (poison - 1, "UnknownLead")
    assert stopped.poison is not None
    assert stopped.poison.position == poison == good + 1
    assert {checkpoint.position for checkpoint in by_name.values()} == {last}
    assert await rows_of(pool, LEADS) == folded(LEADS, before).rows
    assert await rows_of(pool, SENDERS) == folded(SENDERS, before, after).rows
    await catch_up(projector)
    assert {checkpoint.name: checkpoint for checkpoint in await standing(pool)}["leads"] == stopped


async def test_an_event_whose_rows_the_database_refuses_is_poison_too(
    pool: Pool, feed: Feed, write: Write
) -> None:
    history = lived()
    imported = next(event for event in history if isinstance(event.event, LeadsImported))
    await write(history)
    poison = await write([imported])
    await catch_up(Projector(pool, feed))
    (stopped,) = [checkpoint for checkpoint in await standing(pool) if checkpoint.poison]
    assert stopped.poison is not None
    assert (stopped.name, stopped.poison.error) == ("leads", "UniqueViolationError")
    assert (stopped.position, stopped.poison.position) == (poison - 1, poison)
    assert await rows_of(pool, LEADS) == folded(LEADS, history).rows


async def test_an_event_that_this_program_does_not_know_stops_all_until_one_that_does_starts(
    pool: Pool, feed: Feed, codec: Codec, write: Write
) -> None:
    newer = Codec([*codec.events, SomethingNew])
    history = lived()
    await write(history)
    ...


async def test_a_new_version_is_folded_anew_and_an_older_program_leaves_it_alone(
    pool: Pool, feed: Feed, write: Write
) -> None:
    ...


@asynccontextmanager
async def dying_at_the_checkpoint(database: str) -> AsyncIterator[None]:
    """Let every move of a checkpoint end the session that tries it."""
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


async def standing(pool: Pool) -> list[Checkpoint]:
    async with pool.acquire() as connection:
        return await checkpoints.find(connection, ALL)
