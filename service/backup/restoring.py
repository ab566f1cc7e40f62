"""Restoring a backup into an empty database: in one transaction, with the mark that it was restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

from service.backup.archive import Archive, NotABackup, Table
from service.clock import Clock
from service.database.migrate import alone, build, migrate
from service.database.pool import SCHEMA, Connection, DatabaseError, connect_as_owner
from service.database.statements import statements
from service.setbacks.marks import mark_restored
from service.vault import MasterKey, WrongMasterKey

_queries: Any = statements(Path(__file__).with_name("backup.sql"))


class NotEmpty(DatabaseError):
    """The database is somebody's: nothing is restored over it."""

    def __init__(self) -> None:
        super().__init__(
            "the database is not empty, and nothing is restored over what is there: stop the service, and name a new "
            "database by LIFTOFF_DATABASE_URL, or a new directory by LIFTOFF_DATA_DIR"
        )


async def restore(dsn: str, archive: Archive, clock: Clock) -> None:
    """Bring the backup into the empty database, all of it or nothing, and then to this program's schema.

    From then on it knows that it was restored, and sends nothing until that is accepted. Raises ``NotEmpty``,
    ``NotABackup`` when the rows are not what the manifest says, and ``DatabaseError``.
    """
    connection = await connect_as_owner(dsn, application_name="liftoff restore")
    try:
        async with alone(connection), connection.transaction(isolation="read_committed"):
            await _make_room(connection)
            await build(connection, archive.manifest.migrations)
            await _load(connection, archive)
            await mark_restored(connection, archive.manifest.taken_at, clock.now())
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(
            f"the backup could not be restored, and the database is as it was: {type(error).__name__}"
        ) from error
    finally:
        await connection.close()
    await migrate(dsn)


def require_key(archive: Archive, master_key: MasterKey) -> None:
    """Make sure the key opens what the backup holds. Raises ``WrongMasterKey``."""
    if archive.manifest.sealed_with != master_key.fingerprint.hex():
        raise WrongMasterKey("The backup")


async def _make_room(connection: Connection) -> None:
    """An empty schema may be another version's, so it is made anew. Raises ``NotEmpty``."""
    if await _queries.has_schema(connection) and await _queries.is_inhabited(connection):
        raise NotEmpty
    await _queries.drop_schema(connection)


async def _load(connection: Connection, archive: Archive) -> None:
    await _queries.clear_seeds(connection)
    for table in archive.manifest.tables:
        await _load_table(connection, archive, table)
    for name, last_value in archive.manifest.sequences.items():
        await _queries.set_sequence(connection, name=name, last_value=last_value)


async def _load_table(connection: Connection, archive: Archive, table: Table) -> None:
    with archive.rows_of(table.name) as rows:
        copied = await connection.copy_to_table(
            table.name, schema_name=SCHEMA, columns=table.columns, source=rows
        )
    if copied != f"COPY {table.rows}":
        raise NotABackup(f"The backup has other rows of {table.name} than its manifest says.")
