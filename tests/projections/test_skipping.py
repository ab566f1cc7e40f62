"""A poison event, left out by an operator's decision that is itself on the record."""

from __future__ import annotations

from typing import get_args

import pytest

from domain import streams
from domain.event import Event
from domain.read_models import ProjectionSkipped, ReadModel
from domain.upcasters import UPCASTERS
from projections.catalogue import ALL
from projections.leads import LEADS
from service.clock import SystemClock
from service.database.pool import Pool
from service.projector.replay import rebuild, replay_and_compare
from service.projector.runner import Projector
from service.projector.skips import NotStopped, Skipping
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.log import EventStore
from service.texts import Words, unpack
from service.vault import MasterKey, Vault
from tests.kit.histories import lived, of_an_unknown_lead
from tests.kit.world import World
from tests.projections.conftest import EVENTS, Write, writing_to
from tests.projections.driving import catch_up, standings
from tests.projections.tables import folded, stored

REASON = "The import of this lead was lost with the old system."


class SomethingOdd(Event, frozen=True, kw_only=True):
    """An event that no program knows any more."""

    type = "something-odd"


@pytest.fixture
def vault() -> Vault:
    return Vault(MasterKey(bytes(32)))


@pytest.fixture
def skipping(store: EventStore, vault: Vault) -> Skipping:
    return Skipping(store, vault, SystemClock())


async def test_a_projection_goes_on_without_the_event_it_is_told_to_skip(
    pool: Pool, feed: Feed, write: Write, skipping: Skipping
) -> None:
    before = await write(lived(1))
    (poison,) = await write(of_an_unknown_lead())
    after = await write(lived(2))
    await catch_up(Projector(pool, feed))
    left_out = await skipping.skip(LEADS, REASON, "operator")
    assert (left_out.position, left_out.event_id) == (poison.position, poison.event_id)
    await catch_up(Projector(pool, feed))
    assert {each.poison for each in (await standings(pool)).values()} == {None}
    assert await stored(pool, LEADS) == folded(LEADS, before, after)


async def test_the_decision_is_an_event_of_the_workspace_and_its_reason_is_in_the_vault(
    pool: Pool, feed: Feed, write: Write, skipping: Skipping, store: EventStore, vault: Vault
) -> None:
    (poison,) = await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    await skipping.skip(LEADS, REASON, "operator")
    [recorded] = await store.read_stream(poison.workspace_id, streams.projections(poison.workspace_id))
    assert isinstance(recorded.event, ProjectionSkipped)
    assert recorded.actor == "operator"
    told = (recorded.event.projection, recorded.event.position, recorded.event.event_id)
    assert told == ("leads", poison.position, poison.event_id)
    async with pool.acquire() as connection:
        reason = await vault.open(connection, poison.workspace_id, recorded.event.reason_id)
    assert unpack(reason, Words).text == REASON


async def test_what_is_skipped_is_left_out_of_rebuilding_and_verifying_too(
    pool: Pool, feed: Feed, write: Write, skipping: Skipping
) -> None:
    history = await write(lived())
    await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    await skipping.skip(LEADS, REASON, "operator")
    await catch_up(Projector(pool, feed))
    assert not (await replay_and_compare(pool, feed)).differing
    await pool.execute("DELETE FROM leads")
    await rebuild(pool, feed)
    assert await stored(pool, LEADS) == folded(LEADS, history)


async def test_an_event_that_can_not_even_be_read_is_skipped_by_each_projection(
    pool: Pool, feed: Feed, write: Write, skipping: Skipping
) -> None:
    world = World(workspace=3)
    world.record("something", SomethingOdd())
    before = await write(lived(1))
    await writing_to(EventStore(pool, Codec([*EVENTS, SomethingOdd], UPCASTERS)))(world.history)
    after = await write(lived(2))
    await catch_up(Projector(pool, feed))
    for projection in ALL:
        await skipping.skip(projection, REASON, "operator")
    await catch_up(Projector(pool, feed))
    await rebuild(pool, feed)
    for projection in ALL:
        assert await stored(pool, projection) == folded(projection, before, after)
    assert not (await replay_and_compare(pool, feed)).differing


async def test_only_a_projection_that_has_stopped_can_skip(
    pool: Pool, feed: Feed, write: Write, skipping: Skipping, store: EventStore
) -> None:
    history = await write(lived())
    await catch_up(Projector(pool, feed))
    with pytest.raises(NotStopped, match="has not stopped"):
        await skipping.skip(LEADS, REASON, "operator")
    assert (
        await store.read_stream(history[0].workspace_id, streams.projections(history[0].workspace_id)) == []
    )


def test_the_log_has_a_name_for_every_projection() -> None:
    assert set(get_args(ReadModel)) == {projection.name for projection in ALL}
