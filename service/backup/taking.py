"""Taking a backup while everything goes on: all tables as they are at one moment.

By COPY through our own connection rather than by pg_dump: it works with every server and every kind of connection the
service itself works with, whichever programs are installed, and into a server of another version.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import asyncpg

from service.backup.archive import Draft, Manifest, Table, drafted
from service.clock import Clock
from service.database.migrate import applied_migrations
from service.database.pool import SCHEMA, Connection, DatabaseError, connect_as_owner
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("backup.sql"))


async def take(dsn: str, file: Path, clock: Clock) -> Manifest:
    """Write a backup of the database to ``file``, which must be new.

    Raises ``DatabaseError`` where there is nothing to back up, and ``OSError``.
    """
    connection = await connect_as_owner(dsn, application_name="liftoff backup")
    try:
        await _require_current(connection)
        with drafted(file) as draft:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                manifest = await _copy(connection, draft, clock)
            draft.conclude(manifest)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(f"the database could not be copied: {type(error).__name__}") from error
    finally:
        await connection.close()
    return manifest


async def _copy(connection: Connection, draft: Draft, clock: Clock) -> Manifest:
    await _queries.hold_tables(connection)
    taken_at = clock.now()
    extent = await _queries.extent(connection)
    tables = [await _copy_table(connection, draft, table) for table in await _tables(connection)]
    return Manifest(
        taken_at=taken_at,
        position=extent["position"],
        events=extent["events"],
        sealed_with=await _queries.sealed_with(connection),
        migrations=await applied_migrations(connection),
        tables=tables,
        sequences={row["name"]: row["last_value"] async for row in _queries.sequences(connection)},
    )


async def _copy_table(connection: Connection, draft: Draft, table: Table) -> Table:
    with draft.rows_of(table.name) as out:
        copied = await connection.copy_from_table(
            table.name, schema_name=SCHEMA, columns=table.columns, output=out
        )
    return Table(table.name, table.columns, int(copied.removeprefix("COPY ")))


async def _tables(connection: Connection) -> list[Table]:
    """All of them, each after those that its foreign keys point to."""
    found = {row["name"]: row async for row in _queries.tables(connection)}
    order = TopologicalSorter({name: row["points_to"] for name, row in found.items()}).static_order()
    return [Table(name, found[name]["columns"], 0) for name in order]


async def _require_current(connection: Connection) -> None:
    """A backup without the table of setbacks could be restored without anybody noticing."""
    names = (
        {row["name"] async for row in _queries.tables(connection)} if await _has_schema(connection) else ()
    )
    if not names:
        raise DatabaseError("there is nothing to back up: the database holds nothing of Liftoff's")
    if "setbacks" not in names:
        raise DatabaseError(
            "the database's schema is from before there were backups: run 'liftoff migrate' first"
        )


async def _has_schema(connection: Connection) -> bool:
    has: bool = await _queries.has_schema(connection)
    return has
