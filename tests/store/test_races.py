"""Appends that meet: one winner, and never a deadlock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest

from service.database.pool import Pool
from service.store.appends import Append, Appended, At, Conflict, Guard
from service.store.log import EventStore
from tests.store.events import append, append_on, write
from tests.store.waiting import until_blocked

LOW, HIGH = UUID(int=1), UUID(int=2)  # two append ids


async def test_of_two_appends_with_one_expectation_the_second_conflicts(
    store: EventStore, pool: Pool, workspace: UUID
) -> None:
    request = append(workspace, write("a", 1, expected=At(0)))
    async with pool.acquire() as second:
        async with store.transaction() as first:
            await store.append_in(first, [request])
            waiting = asyncio.create_task(append_on(store, second, request))
            await until_blocked(first, second)
        assert await waiting == [Conflict(stream="a", actual=1)]


async def test_the_second_wins_when_the_first_rolls_back(
    store: EventStore, pool: Pool, workspace: UUID
) -> None:
    request = append(workspace, write("a", 1, expected=At(0)))
    async with pool.acquire() as first, pool.acquire() as second:
        transaction = first.transaction()
        await transaction.start()
        await store.append_in(first, [request])
        waiting = asyncio.create_task(append_on(store, second, request))
        await until_blocked(first, second)
        await transaction.rollback()
        assert isinstance((await waiting)[0], Appended)


async def test_of_many_appends_with_one_expectation_exactly_one_wins(
    store: EventStore, workspace: UUID
) -> None:
    await store.append(append(workspace, write("a", 1)))
    outcomes = await asyncio.gather(
        *(store.append(append(workspace, write("a", number, expected=At(1)))) for number in range(50))
    )
    assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 1
    assert sum(outcome == Conflict(stream="a", actual=2) for outcome in outcomes) == 49


def writing(workspace: UUID, names: Sequence[str]) -> list[Append]:
    return [append(workspace, *(write(name, 1) for name in names))]


def raising(workspace: UUID, names: Sequence[str]) -> list[Append]:
    return [append(workspace, *(write(name, 1, raise_fence=1) for name in names))]


def naming(workspace: UUID, names: Sequence[str]) -> list[Append]:
    """Appends to streams nobody else writes, but with the append ids ``p`` and ``q`` stand for."""
    stream = f"stream-of-{uuid4()}"
    return [
        append(workspace, write(f"{stream}-{name}", 1), append_id={"p": LOW, "q": HIGH}[name])
        for name in names
    ]


@pytest.mark.parametrize("exist", [True, False])
@pytest.mark.parametrize("use", [writing, raising, naming])
async def test_crossed_requests_wait_for_the_same_one_first(
    store: EventStore,
    pool: Pool,
    workspace: UUID,
    use: Callable[[UUID, Sequence[str]], list[Append]],
    exist: bool,
) -> None:
    """Two hold p and q, two want both in opposite orders: if each got one of them, they would wait for each other."""
    if exist:
        await store.append(append(workspace, write("p", 1), write("q", 1)))
    async with (
        pool.acquire() as one,
        pool.acquire() as other,
        pool.acquire() as observer,
        AsyncExitStack() as held,
    ):
        pids = set()
        for name in ("p", "q"):
            holder = await held.enter_async_context(store.transaction())
            await store.append_in(holder, use(workspace, [name]))
            pids.add(holder.get_server_pid())
        crossed = [
            asyncio.create_task(append_on(store, one, *use(workspace, ["p", "q"]))),
            asyncio.create_task(append_on(store, other, *use(workspace, ["q", "p"]))),
        ]
        blockers = {*await until_blocked(observer, one), *await until_blocked(observer, other)}
        await held.aclose()
        await asyncio.gather(*crossed)
    assert len(blockers & pids) == 1


async def test_no_two_calls_deadlock(store: EventStore, pool: Pool, workspace: UUID) -> None:
    """A deadlock would be noticed by Postgres within a second, and raised."""
    streams = [f"s{number}" for number in range(12)]
    choice = random.Random(7)
    stop = asyncio.get_running_loop().time() + 2

    async def write_in_any_order() -> int:
        calls = 0
        async with pool.acquire() as connection:
            while asyncio.get_running_loop().time() < stop:
                names = [*choice.sample(streams, 4), f"new-{choice.randrange(200)}"]
                guard = None if choice.random() < 0.5 else Guard(choice.choice(streams), 10**6)
                fence = None if choice.random() < 0.8 else choice.randrange(100)
                writes = [write(name, 1, raise_fence=fence) for name in names]
                await append_on(store, connection, append(workspace, *writes, guard=guard))
                calls += 1
        return calls

    calls = await asyncio.gather(*(write_in_any_order() for _ in range(6)))
    assert min(calls) > 0
