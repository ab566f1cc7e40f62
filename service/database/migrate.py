"""Brings the database to the schema of this program: numbered SQL files, each in one transaction, under one lock."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import asyncpg
from msgspec import Struct

from service.database.pool import APPLICATION_ROLE, Connection, DatabaseError, connect_as_owner
from service.database.statements import statements

_queries = statements(Path(__file__).with_name("migrate.sql"))
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK_KEY = 5_147_001_522_318_606_957  # any constant of ours; advisory locks belong to one database
_LOCK_POLL_SECONDS = 0.05
_LOCK_PATIENCE_SECONDS = 300.0


class MigrationError(DatabaseError):
    """The database can't be brought to this program's schema; nothing of the failing file was applied."""


class Migration(Struct, frozen=True):
    """One numbered file of SQL statements."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of its text, in hex: tells whether the file is still the one that was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class Applied(Struct, frozen=True):
    """A migration that a database has."""

    number: int
    name: str
    checksum: str


def shipped_migrations() -> list[Migration]:
    """The migrations this program comes with, in order."""
    return read_migrations(files("migrations"))


def read_migrations(directory: Traversable) -> list[Migration]:
    """The migrations in ``directory``, in order. Raises ``MigrationError`` for a file name or number that can't be."""
    migrations: dict[int, Migration] = {}
    for file in sorted(
        (entry for entry in directory.iterdir() if entry.name.endswith(".sql")), key=lambda f: f.name
    ):
        matched = _FILE_NAME.fullmatch(file.name)
        if matched is None:
            raise MigrationError(f"migration {file.name} is not named like 0001_what_it_adds.sql")
        number = int(matched[1])
        if number in migrations:
            raise MigrationError(f"migrations {migrations[number].name} and {file.name} have the same number")
        migrations[number] = Migration(number, file.name, file.read_text(encoding="utf-8"))
    return list(migrations.values())


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is missing (of the shipped migrations, unless given): the names of the files applied, in order.

    Any number of runners may start at once: one applies, the others wait and find nothing to do. Raises
    ``MigrationError`` when a file fails, was changed after it was applied, or comes too late, and ``DatabaseError``
    when the database can't be reached.
    """
    wanted = shipped_migrations() if migrations is None else migrations
    connection = await connect_as_owner(dsn, application_name="liftoff migrate")
    try:
        async with alone(connection):
            await _prepare(connection)
            pending = _pending(wanted, await applied_migrations(connection))
            for migration in pending:
                await _apply(connection, migration)
    finally:
        await connection.close()
    return [migration.name for migration in pending]


async def missing_migrations(connection: Connection) -> list[str]:
    """The names of shipped files that this database lacks; empty when it is up to date. For readiness checks."""
    try:
        applied = await applied_migrations(connection)
    except asyncpg.UndefinedTableError:
        applied = []
    return [migration.name for migration in _pending(shipped_migrations(), applied)]


async def build(connection: Connection, applied: Sequence[Applied]) -> None:
    """Make the schema as another database has it, within the caller's transaction; there must be nothing of it yet.

    Raises ``MigrationError`` when this program doesn't know the schema.
    """
    wanted = shipped_migrations()
    later = {migration.number for migration in _pending(wanted, applied)}
    await _prepare(connection)
    for migration in wanted:
        if migration.number not in later:
            await _apply(connection, migration)


async def applied_migrations(connection: Connection) -> list[Applied]:
    """What the database has, in order. Raises ``asyncpg.UndefinedTableError`` when it has nothing of ours."""
    return [Applied(**row) async for row in _queries.find_applied(connection)]


def _pending(wanted: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """What is still to be applied, once it is certain that what was applied is what we know."""
    known = {migration.number: migration for migration in wanted}
    for done in applied:
        migration = known.pop(done.number, None)
        if migration is None:
            raise MigrationError(
                f"the database has {done.name}, which this program doesn't know: run the newer program"
            )
        if migration.checksum != done.checksum:
            raise MigrationError(
                f"{migration.name} was changed after it was applied: restore it, and put the change into a new file"
            )
    newest = applied[-1] if applied else None
    for migration in known.values():
        if newest is not None and migration.number < newest.number:
            raise MigrationError(
                f"{migration.name} comes too late, after {newest.name}: give it a higher number"
            )
    return list(known.values())


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await _queries.record_applied(
                connection, number=migration.number, name=migration.name, checksum=migration.checksum
            )
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name}{_line(error, migration.sql)} failed: {error}") from error


def _line(error: asyncpg.PostgresError, sql: str) -> str:
    """Where in the file the server saw the error, if it says so."""
    position = getattr(error, "position", None)
    return f", line {sql.count(chr(10), 0, int(position)) + 1}," if position else ""


async def _prepare(connection: Connection) -> None:
    """Make what the numbered files and the application's sessions rely on: role, schema, ledger of migrations."""
    try:
        await _queries.prepare(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(
            f"the database's user lacks a right ({error}): have an administrator of the server run"
            f" 'CREATE ROLE {APPLICATION_ROLE} NOLOGIN', grant that role and CREATE on the database to the user"
        ) from error


@asynccontextmanager
async def alone(connection: Connection) -> AsyncIterator[None]:
    """Let one runner at a time into the block, of all that migrate this database."""
    deadline = time.monotonic() + _LOCK_PATIENCE_SECONDS
    while not await _queries.try_lock(connection, key=_LOCK_KEY):
        if time.monotonic() > deadline:
            raise MigrationError(
                "another program has been migrating the database for minutes: see what it is doing"
            )
        await asyncio.sleep(_LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        await _queries.unlock(connection, key=_LOCK_KEY)
