"""Projectors at work in a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from domain.event import Recorded
from domain.lead.events import Fact, ImportedLead
from projections.catalogue import ALL
from projections.leads import LEADS, TrackedLead
from projections.projection import Key
from service.database.pool import Pool
from service.projector import checkpoints
from service.projector.checkpoints import Checkpoint
from service.projector.runner import Projector


async def catch_up(projector: Projector) -> None:
    """Start it, and let it work until nothing is left to do."""
    seen = await projector.start()
    while seen:
        seen = await projector.turn()


async def standings(pool: Pool) -> dict[str, Checkpoint]:
    """The checkpoints by projection."""
    async with pool.acquire() as connection:
        return {checkpoint.name: checkpoint for checkpoint in await checkpoints.find(connection, ALL)}


@asynccontextmanager
async def running(*projectors: Projector) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(projector.run()) for projector in projectors]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def caught_up(pool: Pool, *histories: Sequence[Recorded]) -> None:
    position = max(history[-1].position for history in histories)
    async with asyncio.timeout(30):
        while min((each.position for each in (await standings(pool)).values()), default=0) < position:
            await asyncio.sleep(0.01)


def evolve_leniently(
    key: Key, tracked: TrackedLead | None, fact: Fact, recorded: Recorded
) -> TrackedLead | None:
    """As a later program might: what isn't there is left alone."""
    if tracked is None and not isinstance(fact, ImportedLead):
        return None
    return LEADS.evolve(key, tracked, fact, recorded)
