"""A projection that remembers what it was given: of each stream, the positions of all events applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from msgspec import Struct

from domain.event import Event, Recorded
from projections.projection import Key, Projection, Table
from service.database.pool import APPLICATION_ROLE, Connection

_positions = msgspec.json.Decoder(tuple[int, ...])


class TallyRow(Struct, frozen=True):
    """A row of ``tallies``. ``positions`` is a list as JSON."""

    workspace_id: UUID
    stream_id: UUID
    positions: str


def _facts(recorded: Recorded) -> Iterator[tuple[UUID, Event]]:
    yield uuid5(NAMESPACE_OID, recorded.stream), recorded.event


def _evolve(_key: Key, applied: tuple[int, ...] | None, _fact: Event, recorded: Recorded) -> tuple[int, ...]:
    return (*(applied or ()), recorded.position)


def _lay_out(key: Key, applied: tuple[int, ...]) -> TallyRow:
    return TallyRow(*key, msgspec.json.encode(applied).decode())


def _read(row: TallyRow) -> tuple[Key, tuple[int, ...]]:
    return (row.workspace_id, row.stream_id), _positions.decode(row.positions)


TALLY: Final = Projection(
    name="tally",
    version=1,
    streams=("",),
    table=Table("tallies", ("workspace_id", "stream_id")),
    row=TallyRow,
    births=(),
    facts=_facts,
    evolve=_evolve,
    lay_out=_lay_out,
    read=_read,
)


async def set_up(owner: Connection) -> None:
    """Make its table, if it is not there."""
    await owner.execute(
        f"""
        CREATE TABLE IF NOT EXISTS tallies (workspace_id uuid, stream_id uuid, positions text NOT NULL,
            PRIMARY KEY (workspace_id, stream_id));
        GRANT SELECT, INSERT, UPDATE, DELETE ON tallies TO {APPLICATION_ROLE};
        """
    )


async def applied(owner: Connection) -> tuple[tuple[int, ...], ...]:
    """The positions of the events applied, stream by stream."""
    rows = await owner.fetch("SELECT positions FROM tallies")
    return tuple(_positions.decode(row["positions"]) for row in rows)
