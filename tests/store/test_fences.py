"""Fences: a run thought dead can't write beside its successor, whatever order things happen in."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import pytest

from service.database.pool import Pool
from service.store.appends import Append, Appended, Fenced, Guard, Outcome
from service.store.log import EventStore
from tests.store.events import append, append_on, write
from tests.store.waiting import until_blocked


async def raise_fence(store: EventStore, workspace: UUID, fence: int) -> Outcome:
    return await store.append(append(workspace, write("campaign", 1, raise_fence=fence)))


def guarded_write(workspace: UUID, lead: str) -> Append:
    return append(workspace, write(lead, 1), guard=Guard("campaign", 1))


def new_fence(workspace: UUID) -> Append:
    return append(workspace, write("campaign", 1, raise_fence=2))


@pytest.mark.parametrize(("epoch", "admitted"), [(1, False), (2, True), (3, True), (None, True)])
async def test_a_stream_refuses_an_epoch_below_its_fence(
    store: EventStore, workspace: UUID, epoch: int | None, admitted: bool
) -> None:
    await raise_fence(store, workspace, 2)
    outcome = await store.append(append(workspace, write("campaign", 2), epoch=epoch))
    if admitted:
        assert isinstance(outcome, Appended)
    else:
        assert outcome == Fenced(stream="campaign", fence=2, epoch=1)


@pytest.mark.parametrize(("epoch", "admitted"), [(1, False), (2, True), (3, True)])
async def test_a_guard_refuses_an_epoch_below_its_fence(
    store: EventStore, workspace: UUID, epoch: int, admitted: bool
) -> None:
    await raise_fence(store, workspace, 2)
    outcome = await store.append(append(workspace, write("lead", 2), guard=Guard("campaign", epoch)))
    if admitted:
        assert isinstance(outcome, Appended)
    else:
        assert outcome == Fenced(stream="campaign", fence=2, epoch=epoch)
        assert await store.read_stream(workspace, "lead") == []


async def test_a_guard_without_fence_admits_every_epoch(store: EventStore, workspace: UUID) -> None:
    assert isinstance(
        await store.append(append(workspace, write("lead", 1), guard=Guard("campaign", 0))), Appended
    )


async def test_a_fence_is_never_lowered(store: EventStore, workspace: UUID) -> None:
    await raise_fence(store, workspace, 5)
    await raise_fence(store, workspace, 3)
    assert (await store.head(workspace, ["campaign"]))["campaign"].fence == 5


async def test_the_append_that_raises_the_fence_is_checked_against_the_one_before(
    store: EventStore, workspace: UUID
) -> None:
    own = append(workspace, write("campaign", 1, raise_fence=2), epoch=1, guard=Guard("campaign", 1))
    first, second = await store.append(own), await store.append(own)
    assert isinstance(first, Appended)
    assert second == Fenced(stream="campaign", fence=2, epoch=1)


async def test_fenced_is_said_before_conflict(store: EventStore, workspace: UUID) -> None:
    await raise_fence(store, workspace, 2)
    outcome = await store.append(
        append(workspace, write("a", 1), write("campaign", 2, raise_fence=1), epoch=1, guard=Guard("x", 1))
    )
    assert outcome == Fenced(stream="campaign", fence=2, epoch=1)


async def test_a_guarded_append_waits_for_a_fence_being_raised_and_is_refused(
    store: EventStore, workspace: UUID, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        async with store.transaction() as raising:
            await store.append_in(raising, [new_fence(workspace)])
            guarded = asyncio.create_task(append_on(store, connection, guarded_write(workspace, "lead")))
            await until_blocked(raising, connection)
        assert await guarded == [Fenced(stream="campaign", fence=2, epoch=1)]


async def test_raising_a_fence_waits_for_the_guarded_append_under_way(
    store: EventStore, workspace: UUID, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        async with store.transaction() as guarded:
            await store.append_in(guarded, [guarded_write(workspace, "lead")])
            raising = asyncio.create_task(append_on(store, connection, new_fence(workspace)))
            await until_blocked(guarded, connection)
        [outcome] = await raising
    [sent] = await store.read_stream(workspace, "lead")
    assert isinstance(outcome, Appended)
    assert sent.position < outcome.last_position


async def test_who_raises_a_fence_is_not_kept_out_by_a_stream_of_guarded_appends(
    store: EventStore, workspace: UUID, pool: Pool
) -> None:
    async with pool.acquire() as waiting, pool.acquire() as late:
        async with store.transaction() as first:
            await store.append_in(first, [guarded_write(workspace, "lead-1")])
            raising = asyncio.create_task(append_on(store, waiting, new_fence(workspace)))
            await until_blocked(first, waiting)
            guarded = asyncio.create_task(append_on(store, late, guarded_write(workspace, "lead-2")))
            await until_blocked(first, late)
        assert isinstance((await raising)[0], Appended)
        assert await guarded == [Fenced(stream="campaign", fence=2, epoch=1)]


async def test_one_call_may_not_raise_a_fence_that_another_of_its_requests_relies_on(
    store: EventStore, workspace: UUID
) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError, match="raises the fence of campaign"):
        async with store.transaction() as connection:
            await store.append_in(connection, [new_fence(workspace), guarded_write(workspace, "lead")])
