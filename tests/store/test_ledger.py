"""The ledger: an append that names itself is stored once, however often it is sent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from service.database.pool import Pool
from service.store.appends import Append, Appended, AppendIdReused, At, Guard
from service.store.log import EventStore
from tests.store.events import append, append_on, write
from tests.store.waiting import until_blocked


async def test_the_same_append_gets_the_first_answer(store: EventStore, workspace: UUID) -> None:
    request = append(workspace, write("b", 1, 2), write("a", 3, expected=At(0)), append_id=uuid4())
    first = await store.append(request)
    await store.append(append(workspace, write("a", 4, raise_fence=9)))
    again = await store.append(request)
    assert isinstance(first, Appended)
    assert again == msgspec.structs.replace(first, repeated=True)
    assert len(await store.read_stream(workspace, "b")) == 2


async def test_another_attempt_may_differ_in_time_and_correlation(store: EventStore, workspace: UUID) -> None:
    request = append(workspace, write("a", 1), append_id=uuid4())
    later = msgspec.structs.replace(
        request.context, correlation_id=uuid4(), recorded_at=request.context.recorded_at + timedelta(hours=1)
    )
    await store.append(request)
    again = await store.append(msgspec.structs.replace(request, context=later))
    assert isinstance(again, Appended)
    assert again.repeated


def other_contents(request: Append) -> list[Append]:
    workspace, append_id = request.workspace_id, request.append_id
    return [
        append(workspace, write("a", 2), append_id=append_id),
        append(workspace, write("b", 1), append_id=append_id),
        append(workspace, write("a", 1, 1), append_id=append_id),
        append(workspace, write("a", 1, expected=At(0)), append_id=append_id),
        append(workspace, write("a", 1, raise_fence=0), append_id=append_id),
        append(workspace, write("a", 1), append_id=append_id, epoch=7),
        append(workspace, write("a", 1), append_id=append_id, guard=Guard("c", 7)),
    ]


@pytest.mark.parametrize("other", range(7))
async def test_an_append_id_with_other_content_is_refused(
    store: EventStore, workspace: UUID, other: int
) -> None:
    request = append(workspace, write("a", 1), append_id=uuid4())
    await store.append(request)
    outcome = await store.append(other_contents(request)[other])
    assert request.append_id is not None
    assert outcome == AppendIdReused(append_id=request.append_id)
    assert len(await store.read_stream(workspace, "a")) == 1


async def test_a_refused_append_is_not_in_the_ledger(store: EventStore, workspace: UUID) -> None:
    request = append(workspace, write("a", 1, expected=At(1)), append_id=uuid4())
    await store.append(request)
    await store.append(append(workspace, write("a", 0)))
    outcome = await store.append(request)
    assert isinstance(outcome, Appended)
    assert not outcome.repeated


async def test_append_ids_belong_to_their_workspace(store: EventStore, workspace: UUID) -> None:
    append_id = uuid4()
    outcomes = [
        await store.append(append(place, write("a", 1), append_id=append_id))
        for place in (workspace, uuid4())
    ]
    assert [isinstance(outcome, Appended) and outcome.repeated for outcome in outcomes] == [False, False]


async def test_the_same_append_sent_twice_at_once_is_stored_once(
    store: EventStore, workspace: UUID, pool: Pool
) -> None:
    request = append(workspace, write("a", 1), append_id=uuid4())
    async with pool.acquire() as second:
        async with store.transaction() as first:
            await store.append_in(first, [request])
            again = asyncio.create_task(append_on(store, second, request))
            await until_blocked(first, second)
        [outcome] = await again
    assert isinstance(outcome, Appended)
    assert outcome.repeated
    assert len(await store.read_stream(workspace, "a")) == 1


async def test_of_two_appends_that_race_for_an_id_one_is_refused(
    store: EventStore, workspace: UUID, pool: Pool
) -> None:
    append_id = uuid4()
    one, other = (append(workspace, write(stream, 1), append_id=append_id) for stream in ("a", "b"))
    async with pool.acquire() as second:
        async with store.transaction() as first:
            await store.append_in(first, [one])
            racing = asyncio.create_task(append_on(store, second, other))
            await until_blocked(first, second)
        assert await racing == [AppendIdReused(append_id=append_id)]
    assert await store.read_stream(workspace, "b") == []


async def test_of_two_appends_of_one_call_with_the_same_id_one_is_refused(
    store: EventStore, workspace: UUID
) -> None:
    append_id = uuid4()
    requests = [append(workspace, write(stream, 1), append_id=append_id) for stream in ("a", "b")]
    async with store.transaction() as connection:
        outcomes = await store.append_in(connection, requests)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AppendIdReused", "Appended"]
    assert sum([len(await store.read_stream(workspace, stream)) for stream in ("a", "b")]) == 1
