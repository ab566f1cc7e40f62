"""Group commit: who travels together, who waits, and what happens when a trip fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from service.database.pool import APPLICATION_ROLE, Connection, Pool, session_settings
from service.ids import new_id
from service.store.appends import Append, Appended, Conflict, Guard, New, Outcome
from service.store.errors import OutcomeUnknown, StoreUnavailable
from service.store.group_commit import LANES, LEAST_SHARE, MOST_REQUESTS, GroupCommit
from service.store.log import EventStore
from service.store.trip import Request, prepare
from tests.store.events import CODEC, append, write


class Ferry:
    """Takes trips nowhere: each is kept, waits to be let go, and is answered with the version of its only stream."""

    def __init__(self) -> None:
        self.trips: list[list[str]] = []
        self.goes = asyncio.Event()
        self.goes.set()
        self.sinks: Exception | None = None

    async def carry(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        names = ["+".join(write.stream for write in request.append.writes) for request in requests]
        self.trips.append(names)
        await self.goes.wait()
        if self.sinks is not None and "hole" in names:
            raise self.sinks
        return [Conflict(stream=name, actual=0) for name in names]


@pytest.fixture
def ferry() -> Ferry:
    return Ferry()


@pytest.fixture
def group(ferry: Ferry) -> GroupCommit:
    return GroupCommit(ferry.carry)


def request(append: Append) -> Request:
    return prepare(append, CODEC, new_id)


async def send(group: GroupCommit, workspace: UUID, *streams: str) -> list[Outcome | BaseException]:
    requests = [request(append(workspace, write(stream, 1))) for stream in streams]
    return await asyncio.gather(*map(group.send, requests), return_exceptions=True)


async def test_appends_that_arrive_together_travel_together(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    outcomes = await send(group, workspace, "a", "b", "c")
    assert ferry.trips == [["a", "b", "c"]]
    assert outcomes == [Conflict(stream=stream, actual=0) for stream in ("a", "b", "c")]


async def test_who_writes_the_same_stream_waits_for_the_next_trip_and_keeps_the_order(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    requests = [
        request(append(workspace, *(write(stream, 1) for stream in streams)))
        for streams in ("a", "ab", "b", "c")
    ]
    await asyncio.gather(*map(group.send, requests))
    assert ferry.trips == [["a", "c"], ["a+b"], ["b"]]


async def test_a_stream_under_way_is_not_taken_along_by_the_next_trip(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    ferry.goes.clear()
    first = asyncio.create_task(send(group, workspace, "a"))
    while not ferry.trips:
        await asyncio.sleep(0)
    second = asyncio.create_task(send(group, workspace, "a", "b"))
    while len(ferry.trips) < 2:
        await asyncio.sleep(0)
    ferry.goes.set()
    await asyncio.gather(first, second)
    assert ferry.trips == [["a"], ["b"], ["a"]]


async def test_who_relies_on_a_fence_does_not_travel_with_who_raises_it(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    guarded = [append(workspace, write(lead, 1), guard=Guard("campaign", 1)) for lead in ("x", "y")]
    raising = append(workspace, write("campaign", 1, raise_fence=2))
    plain = append(workspace, write("campaign", 1))
    requests = map(request, [guarded[0], plain, raising, guarded[1]])
    await asyncio.gather(*map(group.send, requests))
    assert ferry.trips == [["x", "campaign"], ["campaign"], ["y"]]


async def test_a_trip_is_bounded(group: GroupCommit, ferry: Ferry, workspace: UUID) -> None:
    await send(group, workspace, *(f"s{number}" for number in range(3 * MOST_REQUESTS)))
    assert [len(trip) for trip in ferry.trips][:2] == [MOST_REQUESTS, MOST_REQUESTS]
    assert sum(map(len, ferry.trips)) == 3 * MOST_REQUESTS


async def test_each_lane_takes_its_share_so_that_none_waits_for_the_other(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    share = 2 * LEAST_SHARE
    ferry.goes.clear()
    sending = asyncio.create_task(send(group, workspace, *(f"s{number}" for number in range(LANES * share))))
    while len(ferry.trips) < LANES:
        await asyncio.sleep(0)
    ferry.goes.set()
    await sending
    assert [len(trip) for trip in ferry.trips] == [share] * LANES


async def test_a_few_that_arrive_together_are_not_divided(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    await send(group, workspace, *(f"s{number}" for number in range(LEAST_SHARE)))
    assert [len(trip) for trip in ferry.trips] == [LEAST_SHARE]


async def test_nobody_is_left_behind_when_a_trip_has_just_ended(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(one_after_the_other(group, workspace, name) for name in "abcde"))
    assert sum(len(trip) for trip in ferry.trips) == 500


async def one_after_the_other(group: GroupCommit, workspace: UUID, name: str) -> None:
    for _ in range(100):
        await send(group, workspace, name)


async def test_who_has_given_up_before_the_trip_does_not_travel(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    sending = [asyncio.create_task(send(group, workspace, name)) for name in ("a", "b")]
    await asyncio.sleep(0)
    sending[0].cancel()
    await asyncio.gather(*sending, return_exceptions=True)
    await group.drain()
    assert ferry.trips == [["b"]]


async def test_a_failed_trip_is_told_to_everyone_on_it(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    ferry.sinks = OutcomeUnknown("gone")
    outcomes = await send(group, workspace, "a", "hole", "b")
    assert outcomes == [ferry.sinks] * 3
    assert ferry.trips == [["a", "hole", "b"]]


async def test_a_request_that_breaks_the_trip_does_not_spoil_the_others(
    group: GroupCommit, ferry: Ferry, workspace: UUID
) -> None:
    ferry.sinks = ValueError("no such number")
    outcomes = await send(group, workspace, "a", "hole", "b")
    assert outcomes == [Conflict(stream="a", actual=0), ferry.sinks, Conflict(stream="b", actual=0)]


async def test_concurrent_appends_get_their_own_outcomes(store: EventStore, workspace: UUID) -> None:
    await store.append(append(workspace, write("taken", 1)))
    outcomes = await asyncio.gather(
        *(store.append(append(workspace, write(name, 1, expected=New()))) for name in ("a", "taken", "b"))
    )
    assert isinstance(outcomes[0], Appended)
    assert outcomes[1] == Conflict(stream="taken", actual=1)
    assert isinstance(outcomes[2], Appended)


async def test_a_number_too_large_for_the_log_spoils_only_its_own_append(
    store: EventStore, workspace: UUID
) -> None:
    outcomes = await asyncio.gather(
        *(store.append(append(workspace, write(str(epoch), 1), epoch=epoch)) for epoch in (1, 2**40, 3)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Appended) for outcome in outcomes] == [True, False, True]


@pytest.mark.parametrize(
    ("blow", "error"),
    [("pg_cancel_backend", StoreUnavailable), ("pg_terminate_backend", OutcomeUnknown)],
)
async def test_a_broken_trip_says_whether_it_may_have_been_stored(
    store: EventStore, workspace: UUID, owner: Connection, blow: str, error: type[Exception]
) -> None:
    async with store.transaction() as holder:
        await store.append_in(holder, [append(workspace, write("a", 1))])
        sending = asyncio.create_task(store.append(append(workspace, write("a", 2))))
        async with asyncio.timeout(20):
            while not await owner.fetchval(
                f"SELECT bool_or({blow}(pid)) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))",
                holder.get_server_pid(),
            ):
                await asyncio.sleep(0.002)
        with pytest.raises(error):
            await sending


async def test_an_answer_stands_when_the_connection_breaks_right_after_it(
    database: str, owner: Connection, workspace: UUID
) -> None:
    async def cut(connection: Connection) -> None:
        await owner.execute("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
        await connection.execute("SELECT 1")

    settings = session_settings("test") | {"role": APPLICATION_ROLE}
    async with asyncpg.create_pool(database, min_size=1, reset=cut, server_settings=settings) as pool:
        store = EventStore(pool, CODEC)
        appends = [store.append(append(workspace, write(f"s{number}", 1))) for number in range(3)]
        outcomes = await asyncio.gather(*appends)
    assert [isinstance(outcome, Appended) for outcome in outcomes] == [True] * 3
    assert await owner.fetchval("SELECT count(*) FROM events") == 3


async def test_without_a_database_nothing_is_stored(store: EventStore, workspace: UUID, pool: Pool) -> None:
    await pool.close()
    with pytest.raises(StoreUnavailable):
        await store.append(append(workspace, write("a", 1)))


async def test_listeners_are_called_when_something_was_stored(store: EventStore, workspace: UUID) -> None:
    calls: list[str] = []
    store.on_appended.append(lambda: calls.append("stored"))
    await store.append(append(workspace, write("a", 1, expected=New())))
    await store.append(append(workspace, write("a", 2, expected=New())))
    assert calls == ["stored"]
    async with store.transaction() as connection:
        await store.append_in(connection, [append(workspace, write("a", 3))])
        assert calls == ["stored"]
    assert calls == ["stored", "stored"]
