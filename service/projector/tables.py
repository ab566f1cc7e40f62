"""Reads and writes the rows of any projection's tables.

The same few statements serve every table; here alone SQL is composed, from names that only ``projections`` declares.
A ``place`` is the schema of the tables: that of the application, or ``pg_temp`` for tables that stand beside the real
ones until a transaction ends. It is always spelled out, for a prepared statement keeps to the table it found first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from projections.catalogue import AnyProjection
from projections.fold import Changes
from projections.projection import Fact, Key, Projection, Row, State, SumName, Sums, Table
from service.database.pool import SCHEMA, Connection
from service.projector.difference import Difference

LIVE: Final = SCHEMA
BESIDE: Final = "pg_temp"


class Extent(Struct, frozen=True):
    """The rows of one campaign, in tables that have a column for it."""

    workspace_id: UUID
    campaign_id: UUID


async def load(
    connection: Connection, projection: Projection[State, Row, Fact], keys: Sequence[Key], place: str = LIVE
) -> list[Row]:
    """The rows of those ``keys`` that have one."""
    if not keys:
        return []
    statement = _load(place, projection.table, projection.columns)
    return [projection.row(*record) for record in await connection.fetch(statement, *_transposed(keys))]


async def write(
    connection: Connection,
    projection: Projection[State, Row, Fact],
    changes: Changes[Row],
    place: str = LIVE,
) -> None:
    """Bring the tables up to date; to be called in a transaction."""
    if changes.outdated:
        await connection.execute(_remove(place, projection.table), *_transposed(changes.outdated))
    if changes.rows:
        await connection.copy_records_to_table(
            projection.table.name,
            schema_name=place,
            columns=projection.columns,
            records=map(astuple, changes.rows),
        )
    for sums in projection.sums:
        await _add(connection, sums, changes.sums[sums.table.name], place)


async def clear(connection: Connection, projection: AnyProjection) -> None:
    """Remove all rows."""
    for table in projection.tables:
        await connection.execute(f"DELETE FROM {LIVE}.{table.name}")


async def set_up_beside(connection: Connection, projection: AnyProjection) -> None:
    """Make empty tables beside the real ones, which are gone when the transaction ends."""
    for table in projection.tables:
        await connection.execute(_set_up_beside(table))


async def count_beside(connection: Connection, projection: AnyProjection) -> int:
    """How many rows the tables beside have."""
    counts = [
        await connection.fetchval(f"SELECT count(*) FROM {BESIDE}.{each.name}") for each in projection.tables
    ]
    return sum(counts)


async def find_differing(connection: Connection, projection: AnyProjection, extent: Extent | None) -> int:
    """Note the keys of the rows in which the real tables differ from those beside; answers how many there are.

    They stay noted until the transaction ends.
    """
    arguments = [] if extent is None else [extent.workspace_id, extent.campaign_id]
    found = 0
    for table in projection.tables:
        await connection.execute(_set_up_differing(table))
        noted = await connection.execute(_find_differing(table, extent), *arguments)
        found += int(noted.removeprefix("INSERT 0 "))
    return found


async def differences(connection: Connection, projection: AnyProjection, most: int) -> list[Difference]:
    """Both sides of the rows noted, as far as ``most`` rows of each table."""
    found = []
    for table in projection.tables:
        columns = _columns(projection, table)
        for record in await connection.fetch(_differences(table, columns), most):
            stored, replayed = tuple(record)[: len(columns)], tuple(record)[len(columns) :]
            found.append(Difference.between(table, columns, stored, replayed))
    return found


async def replace_differing(connection: Connection, projection: AnyProjection) -> None:
    """Put the rows of the tables beside in the place of the real ones, as far as they are noted to differ."""
    for table in projection.tables:
        for statement in _replace_differing(table):
            await connection.execute(statement)


async def _add(
    connection: Connection, sums: Sums[Any], differences: Mapping[SumName, int], place: str
) -> None:
    if differences:
        columns = (*sums.table.key, "n")
        terms = [dict(zip(columns, (*name, n), strict=True)) for name, n in differences.items()]
        await connection.execute(_sum_up(place, sums.table), msgspec.json.encode(terms).decode())


def _transposed(keys: Sequence[Key]) -> tuple[list[UUID], list[UUID]]:
    return [key[0] for key in keys], [key[1] for key in keys]


# --- Statements ------------------------------------------------------------------------------------------------------


def _load(place: str, table: Table, columns: Sequence[str]) -> str:
    key = ", ".join(table.key)
    return f"""
        SELECT {", ".join(columns)}
          FROM {place}.{table.name} JOIN unnest($1::uuid[], $2::uuid[]) AS wanted ({key}) USING ({key})
    """


def _remove(place: str, table: Table) -> str:
    return f"""
        DELETE FROM {place}.{table.name} AS stored
         USING unnest($1::uuid[], $2::uuid[]) AS outdated ({", ".join(table.key)})
         WHERE {_same(table, "stored", "outdated")}
    """


def _sum_up(place: str, table: Table) -> str:
    columns = (*table.key, "n")
    return f"""
        MERGE INTO {place}.{table.name} AS stored
        USING json_populate_recordset(NULL::{place}.{table.name}, $1) AS term
           ON {_same(table, "stored", "term")}
         WHEN MATCHED AND stored.n + term.n = 0 THEN DELETE
         WHEN MATCHED THEN UPDATE SET n = stored.n + term.n
         WHEN NOT MATCHED THEN INSERT ({", ".join(columns)}) VALUES ({", ".join(f"term.{c}" for c in columns)})
    """


def _set_up_beside(table: Table) -> str:
    return f"""
        CREATE TEMPORARY TABLE {table.name} (LIKE {LIVE}.{table.name}, PRIMARY KEY ({", ".join(table.key)}))
        ON COMMIT DROP
    """


def _set_up_differing(table: Table) -> str:
    return f"""
        CREATE TEMPORARY TABLE {_differing(table)} ON COMMIT DROP AS
        SELECT {", ".join(table.key)} FROM {LIVE}.{table.name} WITH NO DATA
    """


def _find_differing(table: Table, extent: Extent | None) -> str:
    # *= compares the stored bytes: json has no equality of its own.
    return f"""
        INSERT INTO {BESIDE}.{_differing(table)}
        SELECT {", ".join(f"coalesce(stored.{column}, replayed.{column})" for column in table.key)}
          FROM {_stored(table, extent)} AS stored
          FULL JOIN {BESIDE}.{table.name} AS replayed ON {_same(table, "stored", "replayed")}
         WHERE (stored *= replayed) IS NOT TRUE
    """


def _stored(table: Table, extent: Extent | None) -> str:
    if extent is None:
        return f"{LIVE}.{table.name}"
    # A row may wrongly stand in another campaign: it is found by the key it should have.
    return f"""(
        SELECT * FROM {LIVE}.{table.name} WHERE workspace_id = $1 AND campaign_id = $2
        UNION ALL
        SELECT misplaced.*
          FROM {BESIDE}.{table.name} AS replayed
          JOIN {LIVE}.{table.name} AS misplaced ON {_same(table, "misplaced", "replayed")}
         WHERE misplaced.campaign_id <> $2
    )"""


def _differences(table: Table, columns: Sequence[str]) -> str:
    sides = [f"{side}.{column}" for side in ("stored", "replayed") for column in columns]
    return f"""
        SELECT {", ".join(sides)}
          FROM {BESIDE}.{_differing(table)} AS differing
          LEFT JOIN {LIVE}.{table.name} AS stored ON {_same(table, "stored", "differing")}
          LEFT JOIN {BESIDE}.{table.name} AS replayed ON {_same(table, "replayed", "differing")}
         ORDER BY {", ".join(f"differing.{column}" for column in table.key)}
         LIMIT $1
    """


def _replace_differing(table: Table) -> tuple[str, str]:
    remove = f"""
        DELETE FROM {LIVE}.{table.name} AS stored
         USING {BESIDE}.{_differing(table)} AS differing
         WHERE {_same(table, "stored", "differing")}
    """
    insert = f"""
        INSERT INTO {LIVE}.{table.name}
        SELECT replayed.*
          FROM {BESIDE}.{table.name} AS replayed
          JOIN {BESIDE}.{_differing(table)} AS differing ON {_same(table, "replayed", "differing")}
    """
    return remove, insert


def _differing(table: Table) -> str:
    return f"differing_{table.name}"


def _columns(projection: AnyProjection, table: Table) -> tuple[str, ...]:
    return projection.columns if table == projection.table else (*table.key, "n")


def _same(table: Table, one: str, other: str) -> str:
    return " AND ".join(f"{one}.{column} = {other}.{column}" for column in table.key)
