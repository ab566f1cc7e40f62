"""What every append keeps: expectations, versions, positions, exact bytes, and an outcome for each request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.event import Recorded
from service.database.pool import Pool
from service.store.appends import (
    Append,
    Appended,
    At,
    Conflict,
    Context,
    Expectation,
    Head,
    New,
    Outcome,
    StreamWrite,
    as_recorded,
)
from service.store.errors import UnknownEvent
from service.store.log import EventStore
from tests.store.events import ANY_VERSION, CODEC, NOON, Counted, append, write

FixedSnapshot = Literal["repeatable_read", "serializable"]


def numbers(recorded: Sequence[Recorded]) -> list[int]:
    return [entry.event.number for entry in recorded if isinstance(entry.event, Counted)]


def appended(outcome: Outcome) -> Appended:
    assert isinstance(outcome, Appended), outcome
    return outcome


async def append_in_one_call(store: EventStore, *requests: Append) -> list[Outcome]:
    async with store.transaction() as connection:
        return await store.append_in(connection, requests)


async def test_what_was_appended_is_read_back(store: EventStore, workspace: UUID) -> None:
    context = Context(actor="key:1", correlation_id=uuid4(), causation_id=uuid4(), recorded_at=NOON, epoch=3)
    events = [Counted(number=1), Counted(number=2)]
    request = Append(
        workspace_id=workspace,
        writes=[StreamWrite(stream="campaign-1", expected=New(), events=events)],
        context=context,
    )
    outcome = appended(await store.append(request))
    recorded = await store.read_stream(workspace, "campaign-1")
    assert outcome.versions == {"campaign-1": 2}
    assert not outcome.repeated
    assert recorded == as_recorded(request, outcome)
    assert [entry.version for entry in recorded] == [1, 2]
    assert [entry.event for entry in recorded] == events
    assert recorded[1].position == outcome.last_position
    assert recorded[0].recorded_at == NOON
    assert recorded[0].recorded_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("length", "expected", "admitted"),
    [
        (0, New(), True),
        (2, New(), False),
        (0, At(2), False),
        (1, At(2), False),
        (2, At(2), True),
        (3, At(2), False),
        (0, ANY_VERSION, True),
        (2, ANY_VERSION, True),
    ],
)
async def test_an_expectation_is_checked(
    store: EventStore, workspace: UUID, length: int, expected: Expectation, admitted: bool
) -> None:
    if length:
        await store.append(append(workspace, write("s", *range(length))))
    outcome = await store.append(append(workspace, write("s", 99, expected=expected)))
    if admitted:
        assert appended(outcome).versions == {"s": length + 1}
    else:
        assert outcome == Conflict(stream="s", actual=length)
        assert numbers(await store.read_stream(workspace, "s")) == list(range(length))


async def test_an_append_to_many_streams_is_stored_whole_or_not_at_all(
    store: EventStore, workspace: UUID
) -> None:
    await store.append(append(workspace, write("b", 1)))
    outcome = await store.append(
        append(workspace, write("a", 2), write("b", 3, expected=New()), write("c", 4))
    )
    streams = await store.read_streams(workspace, ["a", "b", "c"])
    assert outcome == Conflict(stream="b", actual=1)
    assert {stream: numbers(events) for stream, events in streams.items()} == {"a": [], "b": [1], "c": []}


async def test_each_request_of_a_call_has_its_own_outcome(store: EventStore, workspace: UUID) -> None:
    outcomes = await append_in_one_call(
        store,
        append(workspace, write("a", 1, expected=At(7))),
        append(workspace, write("b", 2), write("c", 3)),
        append(workspace, write("d", 4, expected=At(1))),
        append(workspace, write("e", 5, 6)),
    )
    assert outcomes[0] == Conflict(stream="a", actual=0)
    assert appended(outcomes[1]).versions == {"b": 1, "c": 1}
    assert outcomes[2] == Conflict(stream="d", actual=0)
    assert appended(outcomes[3]).versions == {"e": 2}


async def test_positions_rise_with_the_order_of_the_request(store: EventStore, workspace: UUID) -> None:
    first, second = await append_in_one_call(
        store, append(workspace, write("z", 1, 2), write("a", 3)), append(workspace, write("m", 4))
    )
    positions = [*appended(first).positions, *appended(second).positions]
    streams = await store.read_streams(workspace, ["z", "a", "m"])
    assert positions == sorted(positions)
    assert [entry.position for events in streams.values() for entry in events] == positions


async def test_a_refused_append_draws_no_position(store: EventStore, workspace: UUID) -> None:
    before = appended(await store.append(append(workspace, write("a", 1)))).last_position
    await store.append(append(workspace, write("a", 2, 3, 4, expected=New())))
    after = appended(await store.append(append(workspace, write("a", 5)))).last_position
    assert after == before + 1


async def test_a_write_without_events_is_a_condition(store: EventStore, workspace: UUID) -> None:
    await store.append(append(workspace, write("campaign", 1, 2)))
    met = await store.append(append(workspace, write("campaign", expected=At(2)), write("roster", 3)))
    missed = await store.append(append(workspace, write("campaign", expected=At(1)), write("roster", 4)))
    heads = await store.head(workspace, ["campaign", "roster"])
    assert appended(met).versions == {"campaign": 2, "roster": 1}
    assert missed == Conflict(stream="campaign", actual=2)
    assert [head.version for head in heads.values()] == [2, 1]


async def test_a_head_says_where_its_stream_stands(store: EventStore, workspace: UUID) -> None:
    outcome = appended(await store.append(append(workspace, write("a", 1, 2, raise_fence=4))))
    assert await store.head(workspace, ["a", "b"]) == {"a": Head(2, outcome.last_position, 4), "b": Head()}


async def test_a_stream_is_read_on_from_a_version(store: EventStore, workspace: UUID) -> None:
    await store.append(append(workspace, write("a", 1, 2, 3)))
    assert numbers(await store.read_stream(workspace, "a", after_version=1)) == [2, 3]
    assert await store.read_stream(workspace, "a", after_version=3) == []


async def test_workspaces_do_not_see_each_other(store: EventStore, workspace: UUID) -> None:
    other = uuid4()
    await store.append(append(workspace, write("a", 1)))
    outcome = await store.append(append(other, write("a", 2, expected=New())))
    assert appended(outcome).versions == {"a": 1}
    assert numbers(await store.read_stream(workspace, "a")) == [1]
    assert numbers(await store.read_stream(other, "a")) == [2]


async def test_the_payload_is_stored_byte_for_byte(store: EventStore, workspace: UUID, pool: Pool) -> None:
    await store.append(append(workspace, write("a", 12)))
    stored = await pool.fetchval("SELECT convert_to(payload::text, 'UTF8') FROM events")
    assert stored == CODEC.encode(Counted(number=12)) == b'{"number":12}'


async def test_a_thousand_streams_are_written_in_one_call(store: EventStore, workspace: UUID) -> None:
    streams = [f"lead-{number}" for number in range(1000)]
    outcome = appended(await store.append(append(workspace, *(write(stream, 1, 2) for stream in streams))))
    assert outcome.versions == dict.fromkeys(streams, 2)
    assert len(set(outcome.positions)) == 2000


async def test_two_appends_of_one_call_may_not_write_the_same_stream(
    store: EventStore, workspace: UUID
) -> None:
    with pytest.raises(asyncpg.CardinalityViolationError):
        await append_in_one_call(store, append(workspace, write("a", 1)), append(workspace, write("a", 2)))


@pytest.mark.parametrize("writes", [(), (write("a"),), (write("a", 1), write("b", 2), write("a", 3))])
async def test_an_append_that_makes_no_sense_is_refused_at_once(
    store: EventStore, workspace: UUID, writes: tuple[StreamWrite, ...]
) -> None:
    with pytest.raises(ValueError, match="an append"):
        await store.append(append(workspace, *writes))


async def test_an_event_the_codec_does_not_know_is_not_written(store: EventStore, workspace: UUID) -> None:
    class Stranger(Counted, frozen=True):
        type = "stranger"

    stranger = StreamWrite(stream="a", expected=New(), events=[Stranger(number=1)])
    with pytest.raises(UnknownEvent, match="Stranger"):
        await store.append(append(workspace, stranger))


@pytest.mark.parametrize("isolation", ["repeatable_read", "serializable"])
async def test_append_refuses_a_fixed_snapshot(
    store: EventStore, workspace: UUID, pool: Pool, isolation: FixedSnapshot
) -> None:
    async with pool.acquire() as connection, connection.transaction(isolation=isolation):
        with pytest.raises(asyncpg.InvalidTransactionStateError, match="can't be used under"):
            await store.append_in(connection, [append(workspace, write("a", 1))])


async def test_append_in_asks_for_a_transaction(store: EventStore, workspace: UUID, pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(ValueError, match="transaction"):
            await store.append_in(connection, [append(workspace, write("a", 1))])


async def test_append_in_shares_the_fate_of_its_transaction(
    store: EventStore, workspace: UUID, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await store.append_in(connection, [append(workspace, write("a", 1))])
        seen_inside = await store.read_stream(workspace, "a", connection=connection)
        await transaction.rollback()
    assert numbers(seen_inside) == [1]
    assert await store.read_stream(workspace, "a") == []
