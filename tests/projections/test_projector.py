"""The projector against a real database: every event folded once, whoever runs and whatever goes wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from collections.abc import AsyncIterator

from projections.catalogue import ALL
from service.database.pool import Pool
from service.projector import checkpoints
from service.projector.freshness import Freshness
from service.projector.replay import rebuild, replay_and_compare
from service.projector.runner import Projector
from service.store.feed import Feed
from tests.projections.conftest import Write
from tests.projections.world import World


def lived(campaigns: int = 2) -> World:
    world = World()
    for number in range(campaigns):
        for action in (
            World.create_campaign,
            World.import_leads,
            World.import_leads,
            World.launch,
            World.enrol,
            World.activate,
        ):
            action(world, 4 + number)
        for lead in range(12):
            world.send(lead)
            world.conclude_send(lead)
            world.let_time_pass(lead * 20)
        world.unsubscribe(number)
    return world


async def test_the_tables_are_what_the_log_amounts_to(pool: Pool, feed: Feed, write: Write) -> None:
    last = await write(lived().history)
    projector = Projector(pool, feed)
    await projector.start()
    while await projector.turn() == 0:
        pass
    async with pool.acquire() as connection:
        for each in await checkpoints.find(connection, ALL):
            assert each.position >= last
        print(await connection.fetch("select * from liftoff.campaign_counts"))
        print(await connection.fetch("select * from liftoff.sender_usage"))
        print(await connection.fetch("select * from liftoff.leads limit 3"))
    comparison = await replay_and_compare(pool, feed)
    print(comparison)
    assert not comparison.differences
    print(await rebuild(pool, feed))
    comparison = await replay_and_compare(pool, feed)
    assert not comparison.differences
