"""How far each projection has come: one row for each, which also says whether it had to stop, and where."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from projections.catalogue import AnyProjection
from service.database.pool import Connection
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("checkpoints.sql"))


class Poison(Struct, frozen=True):
    """An event that can't be folded. ``error`` is the class of what was raised: its words might tell too much."""

    position: int
    event_id: UUID
    error: str


class Checkpoint(Struct, frozen=True):
    """The tables hold all events up to ``position``; ``poison`` is the event at which the projection stopped."""

    name: str
    version: int
    position: int
    poison: Poison | None


async def begin(connection: Connection, projection: AnyProjection) -> bool:
    """Make sure there is a checkpoint; answers whether the tables still hold the rows of an older version.

    A program older than the tables gets no checkpoint, and so never writes to them.
    """
    older = [row async for row in _queries.drop_older(connection, **_named(projection))]
    await _queries.begin(connection, **_named(projection))
    return bool(older)


async def resume(connection: Connection, projection: AnyProjection) -> None:
    """Let a projection that stopped at an event try it once more."""
    await _queries.resume(connection, **_named(projection))


async def find(connection: Connection, projections: Iterable[AnyProjection]) -> list[Checkpoint]:
    """The checkpoints there are."""
    return [
        Checkpoint(row["name"], row["version"], row["position"], _poison(row))
        async for row in _queries.find(connection, **_all_named(projections))
    ]


async def claim(
    connection: Connection, projections: Iterable[AnyProjection], position: int
) -> list[AnyProjection]:
    """Those that stand at ``position``, have not stopped, and are now this transaction's to move."""
    by_name = {projection.name: projection for projection in projections}
    rows = _queries.claim(connection, **_all_named(by_name.values()), position=position)
    return [by_name[row["name"]] async for row in rows]


async def seize(connection: Connection, projection: AnyProjection) -> int:
    """The position, 0 without a checkpoint; it is this transaction's to move, once nobody else works on it."""
    await begin(connection, projection)
    position: int = await _queries.seize(connection, **_named(projection)) or 0
    return position


async def move(connection: Connection, projections: Collection[AnyProjection], position: int) -> None:
    """The tables of these now hold all events up to ``position``."""
    await _queries.move(connection, **_all_named(projections), position=position)


async def stop(connection: Connection, projection: AnyProjection, poison: Poison) -> None:
    """The tables hold all events before ``poison``, which can't be folded."""
    await _queries.stop(
        connection,
        **_named(projection),
        position=poison.position - 1,
        failed_position=poison.position,
        failed_event_id=poison.event_id,
        error=poison.error,
    )


async def next_event(connection: Connection, after: int, error: Exception) -> Poison:
    """The next event of the log, which could not even be read."""
    row = await _queries.next_event(connection, after=after)
    return Poison(row["position"], row["event_id"], type(error).__name__)


async def head(connection: Connection) -> int:
    """The position of the last event there is."""
    position: int = await _queries.head(connection)
    return position


async def waiting_since(connection: Connection, position: int) -> datetime | None:
    """When the oldest event above ``position`` was recorded; None when there is none."""
    recorded_at: datetime | None = await _queries.waiting_since(connection, after=position)
    return recorded_at


def _named(projection: AnyProjection) -> dict[str, object]:
    return {"name": projection.name, "version": projection.version}


def _all_named(projections: Iterable[AnyProjection]) -> dict[str, list[object]]:
    pairs = [(projection.name, projection.version) for projection in projections]
    return {"names": [name for name, _ in pairs], "versions": [version for _, version in pairs]}


def _poison(row: Any) -> Poison | None:
    if row["error"] is None:
        return None
    return Poison(row["failed_position"], row["failed_event_id"], row["error"])
