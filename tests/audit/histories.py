"""Histories worth auditing: lived at random by the domain's own decisions, with an event too large for a leaf."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from domain import streams
from domain.campaign import decide as campaigns
from domain.lead.events import ImportedLead, LeadsImported
from service.audit.manifest import Extent
from service.caller import Caller
from service.composition import Liftoff
from service.ids import new_id
from service.store.log import EventStore
from tests.kit.histories import OFTEN, OPENING, SELDOM
from tests.kit.world import World
from tests.projections.conftest import writing_to

_CROWD: Final = 300
"""Leads whose import is an event of more than 32,768 bytes."""


def random_world(seed: int, steps: int) -> World:
    """A world in which so much has happened; the same for the same seed."""
    choice, world = Random(seed), World(workspace=seed)
    for action in OPENING:
        action(world, 4)
    import_crowd(world)
    for _ in range(steps):
        action = choice.choice((*OFTEN, *OFTEN, *OFTEN, *SELDOM))
        action(world, choice.randrange(10_000))
    return world


def import_crowd(world: World) -> None:
    """A draft gets many leads at once."""
    world.create_campaign(0)
    campaign_id = list(world.campaigns)[-1]
    leads = tuple(
        ImportedLead(world.new_id(), number, world.new_id(), world.new_id()) for number in range(_CROWD)
    )
    world.campaign_of |= dict.fromkeys([lead.lead_id for lead in leads], campaign_id)
    decided = campaigns.decide(world.campaigns[campaign_id], campaigns.ReviseLeads(added=_CROWD))
    world.record(streams.campaign(campaign_id), *decided)
    imported = LeadsImported(campaign_id=campaign_id, source="csv", leads=leads)
    world.record(streams.roster(campaign_id), imported)


async def store(liftoff: Liftoff, world: World) -> None:
    """Append what the world has lived through, under the very ids that its events name each other by."""
    ids = iter([recorded.event_id for recorded in world.history])
    await writing_to(EventStore(liftoff.pool, liftoff.codec, lambda: next(ids)))(world.history)


async def export(
    liftoff: Liftoff, workspace_id: UUID, directory: Path, first: int | None = None, last: int | None = None
) -> Extent:
    """Export a workspace's history."""
    extent = await liftoff.export.plan(workspace_id, first, last)
    caller = Caller(workspace_id, "operator", new_id())
    await liftoff.export.write(caller, extent, directory, lambda _: None)
    return extent


async def public_keys(liftoff: Liftoff, workspace_id: UUID) -> list[str]:
    """The keys an auditor is told to trust."""
    async with liftoff.pool.acquire() as connection:
        return [key.key for key in await liftoff.audit_keys.public(connection, workspace_id)]
