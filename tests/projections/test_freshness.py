"""A client sees its own writes, and who can't be served in time is told so in time."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from projections.campaigns import CAMPAIGNS
from projections.catalogue import ALL
from projections.leads import LEADS
from service.database.pool import Pool, open_pool
from service.projector.freshness import Freshness
from service.projector.runner import Projector
from service.store.feed import Feed
from tests.kit.histories import lived, of_an_unknown_lead
from tests.projections.conftest import Write
from tests.projections.driving import catch_up, running
from tests.projections.tables import folded, stored

LONG = 60.0


async def test_what_was_written_is_read_once_it_is_reached(pool: Pool, feed: Feed, write: Write) -> None:
    freshness = Freshness(pool)
    async with running(Projector(pool, feed)):
        history = await write(lived())
        assert await freshness.reached(history[-1].position, *ALL)
        for projection in ALL:
            assert await stored(pool, projection) == folded(projection, history)


async def test_a_projector_of_the_same_process_tells_at_once(pool: Pool, feed: Feed, write: Write) -> None:
    freshness, projector = Freshness(pool), Projector(pool, feed)
    projector.on_advanced.append(freshness.observe)
    history = await write(lived())
    await catch_up(projector)
    await pool.execute("UPDATE projections SET position = 0")
    assert await freshness.reached(history[-1].position, *ALL, patience=0)


async def test_nobody_waits_longer_than_the_patience_given(pool: Pool, feed: Feed, write: Write) -> None:
    freshness = Freshness(pool)
    history = await write(lived())
    assert not await freshness.reached(history[-1].position, LEADS, patience=0.02)


async def test_nobody_waits_for_a_projection_that_has_stopped(pool: Pool, feed: Feed, write: Write) -> None:
    freshness = Freshness(pool)
    await write(lived())
    (poison,) = await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    assert not await freshness.reached(poison.position, LEADS, patience=LONG)
    assert await freshness.reached(poison.position - 1, LEADS, patience=LONG)
    assert await freshness.reached(poison.position, CAMPAIGNS, patience=LONG)


async def test_many_may_wait_for_different_positions(pool: Pool, feed: Feed, write: Write) -> None:
    freshness = Freshness(pool)
    history = await write(lived())
    waits = [asyncio.create_task(freshness.reached(each.position, LEADS, patience=LONG)) for each in history]
    never = asyncio.create_task(freshness.reached(history[-1].position + 1, LEADS, patience=0.2))
    async with running(Projector(pool, feed, most_events=4)):
        assert all(await asyncio.gather(*waits))
        assert not await never


async def test_a_database_that_can_not_be_asked_is_not_taken_for_a_late_read_model(database: str) -> None:
    lost = await open_pool(database)
    await lost.close()
    with pytest.raises(asyncpg.InterfaceError):
        await Freshness(lost).reached(1, LEADS, patience=LONG)


async def test_where_nothing_was_written_nobody_waits(pool: Pool) -> None:
    assert await Freshness(pool).reached(0, *ALL, patience=0)
