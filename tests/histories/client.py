"""A client of the log whose every request is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal, TypeAlias
from uuid import UUID

import asyncpg

from service.database.pool import Connection, Pool
from service.store import appends
from service.store.errors import OutcomeUnknown, StoreUnavailable
from service.store.feed import Feed
from service.store.feed import Page as FeedPage
from service.store.log import EventStore
from tests.histories.history import (
    Answer,
    Append,
    Conflicting,
    Failed,
    Fenced,
    Follow,
    IdReused,
    Lost,
    NotStored,
    Numbers,
    Page,
    Read,
    Request,
    Stored,
)
from tests.histories.recording import Recorder
from tests.store.events import ANY_VERSION, CODEC, Counted, append, write

Isolation: TypeAlias = Literal["read_committed", "repeatable_read"]

WORKSPACE: Final = UUID(int=7)
_BROKEN: Final = (
    OutcomeUnknown,
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
)


class Client:
    """Appends, reads and follows. What breaks is answered as ``Lost``, what nobody promised as ``Failed``.

    It follows the feed in transactions of ``isolation``.
    """

    def __init__(self, pool: Pool, recorder: Recorder, isolation: Isolation = "read_committed") -> None:
        self._pool = pool
        self._store = EventStore(pool, CODEC)
        self._feed = Feed(pool, CODEC)
        self._recorder = recorder
        self._isolation = isolation

    async def append(self, request: Append) -> Answer:
        """Append, together with what others append at the moment."""
        number = self._recorder.begin(request)
        try:
            answer = _answer(await self._store.append(_as_asked(request)))
        except Exception as error:
            answer = _trouble(error)
        return self._answered(number, request, answer)

    @asynccontextmanager
    async def holding(self, request: Append, commits: bool = True) -> AsyncIterator[Connection]:
        """Append in a transaction that stays open during the block, and is then committed or rolled back."""
        number = self._recorder.begin(request)
        answer: Answer = Lost()
        try:
            async with self._pool.acquire() as connection:
                transaction = connection.transaction(isolation="read_committed")
                await transaction.start()
                [outcome] = await self._store.append_in(connection, [_as_asked(request)])
                yield connection
                await (transaction.commit() if commits else transaction.rollback())
                answer = _answer(outcome)
                if isinstance(answer, Stored) and not commits:
                    answer = NotStored()
        except Exception as error:
            answer = _trouble(error)
        self._answered(number, request, answer)

    async def read(self, stream: str) -> Answer:
        """All numbers of a stream."""
        request = Read(stream)
        number = self._recorder.begin(request)
        try:
            recorded = await self._store.read_stream(WORKSPACE, stream)
            answer: Answer = Numbers(tuple(_number(entry.event) for entry in recorded))
        except Exception as error:
            answer = _trouble(error)
        return self._answered(number, request, answer)

    async def follow(self, reader: str, after: int, limit: int = 500) -> int:
        """The next page of the feed; answers where the reader goes on."""
        request = Follow(reader, after)
        number = self._recorder.begin(request)
        upto = after
        try:
            page = await self._page(after, limit)
            entries = tuple((entry.position, _number(entry.event)) for entry in page.events)
            answer: Answer = Page(entries, page.upto)
            upto = page.upto
        except Exception as error:
            answer = _trouble(error)
        self._answered(number, request, answer)
        return upto

    async def _page(self, after: int, limit: int) -> FeedPage:
        """As a reader does that keeps its checkpoint in the database: it looks there first."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation=self._isolation),
        ):
            await connection.execute("SELECT FROM projections")
            return await self._feed.read(after, limit, connection)

    async def close(self) -> None:
        """Wait for the appends under way."""
        await self._store.close()

    def _answered(self, number: int, request: Request, answer: Answer) -> Answer:
        """A lost answer is no answer: the operation has no end."""
        if not isinstance(answer, Lost):
            self._recorder.end(number, answer)
        return answer


def _as_asked(request: Append) -> appends.Append:
    return append(
        WORKSPACE,
        *(
            write(
                each.stream,
                *each.numbers,
                expected=ANY_VERSION if each.expected is None else appends.At(each.expected),
                raise_fence=each.raises,
            )
            for each in request.writes
        ),
        append_id=request.append_id,
        epoch=request.epoch,
        guard=None if request.guard is None else appends.Guard(request.guard.stream, request.guard.epoch),
    )


def _answer(outcome: appends.Outcome) -> Answer:
    match outcome:
        case appends.Appended():
            return Stored(
                versions=outcome.versions, positions=tuple(outcome.positions), repeated=outcome.repeated
            )
        case appends.Conflict(stream=stream, actual=actual):
            return Conflicting(stream, actual)
        case appends.Fenced(stream=stream, fence=fence, epoch=epoch):
            return Fenced(stream, fence, epoch)
        case appends.AppendIdReused():
            return IdReused()


def _trouble(error: Exception) -> Answer:
    if isinstance(error, StoreUnavailable):
        return NotStored()
    if isinstance(error, _BROKEN):
        return Lost()
    return Failed(f"{type(error).__name__}: {error}")


def _number(event: object) -> int:
    assert isinstance(event, Counted)
    return event.number
