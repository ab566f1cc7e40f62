"""The event store: the one way to write facts and to read a stream back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from domain.event import Recorded
from service.database.pool import OUTAGES, Connection, Pool
from service.database.statements import statements
from service.ids import new_id
from service.store.appends import Append, Appended, Head, Outcome
from service.store.codec import Codec
from service.store.errors import OutcomeUnknown, StoreUnavailable
from service.store.group_commit import GroupCommit
from service.store.trip import Request, call, prepare

_queries: Any = statements(Path(__file__).with_name("log.sql"))
_UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in the middle of an answer
    asyncpg.TooManyConnectionsError,
)
_BROKEN = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in the middle of an answer
    asyncpg.OperatorInterventionError,
)
_GIVEN_UP = (
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
)


class EventStore:
    """The log of a database. ``on_appended`` holds what is called, without arguments, whenever something was stored."""

    def __init__(self, pool: Pool, codec: Codec, new_id: Callable[[], UUID] = new_id) -> None:
        self.on_appended: list[Callable[[], object]] = []
        self._pool = pool
        self._codec = codec
        self._new_id = new_id
        self._group = GroupCommit(self._carry)

    async def append(self, append: Append) -> Outcome:
        """Store it, together with what others append at the moment, and commit.

        Raises ``StoreUnavailable`` (not stored), ``OutcomeUnknown`` (perhaps stored), ``UnknownEvent``, and
        ``ValueError`` for an append without events or with two writes to one stream.
        """
        return await self._group.send(prepare(append, self._codec, self._new_id))

    async def append_in(self, connection: Connection, appends: Sequence[Append]) -> list[Outcome]:
        """Store them within the caller's transaction, which must be READ COMMITTED; an outcome for each.

        The appends of one call write different streams, and none raises a fence that another relies on: a second
        one goes into a second call. Raises ``ValueError`` outside a transaction, and what asyncpg raises. Who calls
        it outside ``transaction`` calls ``announce`` after the commit.
        """
        if not connection.is_in_transaction():
            raise ValueError("append_in joins a transaction: begin one, or use append")
        if not appends:
            return []
        return await call(connection, [prepare(append, self._codec, self._new_id) for append in appends])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction for ``append_in`` and the rows that belong to it; announces once it is committed."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            yield connection
        self.announce()

    def announce(self) -> None:
        """Call everyone in ``on_appended``."""
        for listener in self.on_appended:
            listener()

    async def read_stream(
        self, workspace_id: UUID, stream: str, after_version: int = 0, connection: Connection | None = None
    ) -> list[Recorded]:
        """The events of a stream, in order; none when there is no such stream. Raises as ``Codec.recorded`` does."""
        rows = await self._rows(connection, _queries.read_streams, [stream], 1, workspace_id, after_version)
        return [self._codec.recorded(row) for row in rows]

    async def read_streams(
        self, workspace_id: UUID, streams: Iterable[str], connection: Connection | None = None
    ) -> dict[str, list[Recorded]]:
        """The events of each of the streams, in one round trip. Raises as ``Codec.recorded`` does."""
        found: dict[str, list[Recorded]] = {stream: [] for stream in streams}
        rows = await self._rows(connection, _queries.read_streams, list(found), len(found), workspace_id, 0)
        for row in rows:
            found[row["stream"]].append(self._codec.recorded(row))
        return found

    async def head(
        self, workspace_id: UUID, streams: Iterable[str], connection: Connection | None = None
    ) -> dict[str, Head]:
        """Where each of the streams stands."""
        heads = {stream: Head() for stream in streams}
        for row in await self._rows(connection, _queries.heads, list(heads), len(heads), workspace_id):
            heads[row["stream"]] = Head(row["version"], row["last_position"], row["fence"])
        return heads

    async def close(self) -> None:
        """Wait for the appends under way; the pool stays open."""
        await self._group.drain()

    async def _rows(
        self, connection: Connection | None, query: Any, *arguments: object
    ) -> list[asyncpg.Record]:
        return await (self._pool if connection is None else connection).fetch(query.sql, *arguments)

    async def _carry(self, requests: Sequence[Request]) -> list[Outcome]:
        try:
            connection = await self._pool.acquire()
        except _UNREACHABLE as error:
            raise StoreUnavailable("the database can't be reached; nothing was stored") from error
        try:
            outcomes = await call(connection, requests)
        except _GIVEN_UP as error:
            raise StoreUnavailable("the database gave the append up; nothing was stored") from error
        except _BROKEN as error:
            raise OutcomeUnknown("the connection broke; the append may have been stored") from error
        finally:
            with suppress(*OUTAGES):  # one that breaks after the answer is dropped; the answer stands
                await self._pool.release(connection)
        if any(isinstance(outcome, Appended) and not outcome.repeated for outcome in outcomes):
            self.announce()
        return outcomes
