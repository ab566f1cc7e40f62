"""Reads and writes the rows of any projection's tables.

The same few statements serve every table; here alone SQL is composed, from names that only ``projections`` declares.
Table names carry no schema, so that temporary tables of the same names can stand in for the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from projections.catalogue import AnyProjection
from projections.fold import Changes
from projections.projection import Fact, Key, Projection, Row, State, SumName, Sums, Table
from service.database.pool import Connection


async def load(
    connection: Connection, projection: Projection[State, Row, Fact], keys: Sequence[Key]
) -> list[Row]:
    """The rows of those ``keys`` that have one."""
    if not keys:
        return []
    records = await connection.fetch(_load(projection.table, projection.columns), *_transposed(keys))
    return [projection.row(*record) for record in records]


async def write(
    connection: Connection, projection: Projection[State, Row, Fact], changes: Changes[Row]
) -> None:
    """Bring the projection's tables up to date; to be called in a transaction."""
    if changes.outdated:
        await connection.execute(_remove(projection.table), *_transposed(changes.outdated))
    if changes.rows:
        rows = map(astuple, changes.rows)
        await connection.copy_records_to_table(
            projection.table.name, columns=projection.columns, records=rows
        )
    for sums in projection.sums:
        await _add(connection, sums, changes.sums[sums.table.name])


async def clear(connection: Connection, projection: AnyProjection) -> None:
    """Remove all rows."""
    for table in projection.tables:
        await connection.execute(f"DELETE FROM {table.name}")


async def _add(connection: Connection, sums: Sums[Any], differences: Mapping[SumName, int]) -> None:
    if differences:
        columns = (*sums.table.key, "n")
        terms = [dict(zip(columns, (*name, n), strict=True)) for name, n in differences.items()]
        await connection.execute(_sum_up(sums.table), msgspec.json.encode(terms).decode())


def _transposed(keys: Sequence[Key]) -> tuple[list[UUID], list[UUID]]:
    return [key[0] for key in keys], [key[1] for key in keys]


# --- Statements ------------------------------------------------------------------------------------------------------


def _load(table: Table, columns: Sequence[str]) -> str:
    key = ", ".join(table.key)
    return f"""
        SELECT {", ".join(columns)}
          FROM {table.name} JOIN unnest($1::uuid[], $2::uuid[]) AS wanted ({key}) USING ({key})
    """


def _remove(table: Table) -> str:
    return f"""
        DELETE FROM {table.name} AS stored
         USING unnest($1::uuid[], $2::uuid[]) AS outdated ({", ".join(table.key)})
         WHERE {_same(table, "stored", "outdated")}
    """


def _sum_up(table: Table) -> str:
    return f"""
        MERGE INTO {table.name} AS stored
        USING json_populate_recordset(NULL::{table.name}, $1) AS term
           ON {_same(table, "stored", "term")}
         WHEN MATCHED AND stored.n + term.n = 0 THEN DELETE
         WHEN MATCHED THEN UPDATE SET n = stored.n + term.n
         WHEN NOT MATCHED THEN INSERT VALUES ({", ".join(f"term.{column}" for column in (*table.key, "n"))})
    """


def _same(table: Table, one: str, other: str) -> str:
    return " AND ".join(f"{one}.{column} = {other}.{column}" for column in table.key)
