"""A row of a read model that is not what the log amounts to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.event import Recorded
from projections.projection import Table

Values: TypeAlias = Mapping[str, Any]
"""Columns with their values, as JSON has them."""


class Parting(Struct, frozen=True, kw_only=True):
    """The event at which a stored row and the log part; see ``service.projector.parting``."""

    position: int
    event_id: UUID
    type: str
    stream: str
    version: int
    recorded_at: datetime

    @classmethod
    def at(cls, recorded: Recorded) -> Self:
        """The two part at this event."""
        return cls(
            position=recorded.position,
            event_id=recorded.event_id,
            type=recorded.event.type,
            stream=recorded.stream,
            version=recorded.version,
            recorded_at=recorded.recorded_at,
        )


class Difference(Struct, frozen=True, kw_only=True):
    """A row as it is ``stored`` and as it is ``replayed``, None where there is no such row: the columns that differ.

    Where one side has no row the other is whole. ``parting`` is None when it was not looked for, and when no event
    ever told of such a row.
    """

    table: str
    key: Mapping[str, str]
    stored: Values | None
    replayed: Values | None
    parting: Parting | None = None

    @classmethod
    def between(
        cls, table: Table, columns: Sequence[str], stored: Sequence[object], replayed: Sequence[object]
    ) -> Self:
        """The difference between two rows of a table; a row that is missing is all None."""
        here, there = (
            None if row[columns.index(table.key[0])] is None else values(columns, row)
            for row in (stored, replayed)
        )
        known = here or there or {}
        key = {column: str(known[column]) for column in table.key}
        if here is not None and there is not None:
            differing = [column for column in columns if here[column] != there[column]]
            here, there = ({column: side[column] for column in differing} for side in (here, there))
        return cls(table=table.name, key=key, stored=here, replayed=there)


def values(columns: Sequence[str], row: Sequence[object]) -> dict[str, Any]:
    """The row with its values as JSON has them, so that rows of any origin can be compared and shown."""
    plain: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(dict(zip(columns, row, strict=True)), enc_hook=str)
    )
    return plain
