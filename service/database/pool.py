"""Connections to the database: as the application's role, in the schema ``liftoff``, in UTC.

``json`` and ``jsonb`` values travel as text, exactly as they are stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg

from service.database.driver import DriverConnection
from service.database.programs import OLDEST_MAJOR_VERSION

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:  # the real classes take no type arguments
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

APPLICATION_ROLE = "liftoff_app"
SCHEMA = "liftoff"
_CONNECT_SECONDS = 10.0
_TYPES: Final = """
    SELECT NULL::integer[], NULL::bigint[], NULL::uuid[], NULL::bytea[], NULL::date[], NULL::timestamptz[],
           NULL::interval[], NULL::jsonb[], ARRAY(SELECT ROW())
"""
"""What is met later is asked for by its own: here all types at once, as ``DriverConnection`` remembers them."""

OUTAGES: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement raises when the database is away, goes away, or refuses: work that can wait is tried again."""


class DatabaseError(Exception):
    """The database can't be used: the message says why and what to do, in one line and without credentials."""


async def open_pool(
    dsn: str, *, application_name: str = "liftoff", min_size: int = 1, max_size: int = 10
) -> Pool:
    """A pool of connections of the application's role, for the caller to close. Raises ``DatabaseError``.

    A connection goes back as it is, rolled back if need be: to make sure of more would cost a round trip each time.
    Statements therefore change nothing that outlives their transaction; who listens resets the connection.
    """
    settings = session_settings(application_name) | {"role": APPLICATION_ROLE}
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=_CONNECT_SECONDS,
            init=_begin,
            reset=_leave,
            server_settings=settings,
            connection_class=DriverConnection,
        )
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _explained(error, dsn) from error


@asynccontextmanager
async def one_moment(pool: Pool) -> AsyncIterator[Connection]:
    """A connection that shows the database as it is at one moment, in all statements, and changes nothing."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


async def connect_as_owner(dsn: str, *, application_name: str) -> Connection:
    """One connection of the DSN's own user, who owns the database's objects. Raises ``DatabaseError``."""
    try:
        connection = await asyncpg.connect(
            dsn,
            timeout=_CONNECT_SECONDS,
            server_settings=session_settings(application_name),
            connection_class=DriverConnection,
        )
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _explained(error, dsn) from error
    try:
        await _refuse_old_servers(connection)
    except DatabaseError:
        await connection.close()
        raise
    return connection


def session_settings(application_name: str) -> dict[str, str]:
    """What every session of ours starts with.

    Without bitmaps a statement that asks for the next rows in order reads those and no more. The planner, knowing
    nothing of a table just filled, would rather find all that come after, and sort them each time
    (``test_the_next_leads_are_found_without_reading_those_behind_them``).
    """
    return {
        "application_name": application_name,
        "search_path": SCHEMA,
        "timezone": "UTC",
        "enable_bitmapscan": "off",
    }


async def _begin(connection: Connection) -> None:
    await _refuse_old_servers(connection)
    await connection.fetchrow(_TYPES)  # not just prepared: that would leave the session within a transaction


async def _leave(_connection: Connection) -> None:
    """What asyncpg does before, a rollback of what was left open, is enough."""


async def _refuse_old_servers(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major < OLDEST_MAJOR_VERSION:
        raise DatabaseError(
            f"the database server is Postgres {version.major}: Liftoff needs {OLDEST_MAJOR_VERSION} or newer"
        )


def _explained(error: Exception, dsn: str) -> DatabaseError:
    """The error in the words of the person who set ``LIFTOFF_DATABASE_URL``; never with the password in it."""
    if isinstance(error, asyncpg.InvalidParameterValueError) and APPLICATION_ROLE in str(error):
        return DatabaseError(f"the database has no role {APPLICATION_ROLE}: run 'liftoff migrate' first")
    if isinstance(error, ValueError):  # its message may hold what was taken for a port
        return DatabaseError(
            "LIFTOFF_DATABASE_URL can't be read: is a special character of its password not a %XX?"
        )
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DatabaseError(f"can't use the database at {_place(dsn)}: {reason}")


def _place(dsn: str) -> str:
    """Where a DSN points to, without its user and password."""
    parts = urlsplit(dsn)
    host = parse_qs(parts.query).get("host", [parts.netloc.rpartition("@")[2]])[0]
    return host + parts.path
