"""Events that mean nothing, for the tests of the store, and short ways to append them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from domain.event import Event, Upcaster
from service.database.pool import Connection
from service.store import appends
from service.store.appends import Append, Context, Expectation, Guard, Outcome, StreamWrite
from service.store.codec import Codec
from service.store.log import EventStore

ANY_VERSION = appends.Any()
NOON = datetime(2025, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


class Counted(Event, frozen=True):
    """A number was counted."""

    type: ClassVar[str] = "counted"
    number: int


class Weighed(Event, frozen=True):
    """Something was weighed: in kilograms at first, then in grams, then by whom it belongs to as well."""

    type: ClassVar[str] = "weighed"
    schema: ClassVar[int] = 3
    grams: int
    owner: UUID | None


def _in_grams(payload: dict[str, Any]) -> dict[str, Any]:
    return {"grams": payload["kilograms"] * 1000}


def _without_owner(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "owner": None}


UPCASTERS = [Upcaster("weighed", 1, _in_grams), Upcaster("weighed", 2, _without_owner)]
CODEC = Codec([Counted, Weighed], UPCASTERS)


def write(
    stream: str, *numbers: int, expected: Expectation = ANY_VERSION, raise_fence: int | None = None
) -> StreamWrite:
    """Numbers to count in a stream."""
    events = [Counted(number=number) for number in numbers]
    return StreamWrite(stream=stream, expected=expected, events=events, raise_fence=raise_fence)


def append(
    workspace_id: UUID,
    *writes: StreamWrite,
    append_id: UUID | None = None,
    epoch: int | None = None,
    guard: Guard | None = None,
) -> Append:
    """An append at noon, of a correlation of its own."""
    context = Context(actor="worker", correlation_id=uuid4(), recorded_at=NOON, epoch=epoch)
    return Append(workspace_id=workspace_id, writes=writes, context=context, append_id=append_id, guard=guard)


async def append_on(store: EventStore, connection: Connection, *requests: Append) -> list[Outcome]:
    """Append in one call, in a transaction of its own on this connection."""
    async with connection.transaction():
        return await store.append_in(connection, requests)
