"""Moments: where in the log a version of a thing is, or a time; and what had happened by then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from domain.event import Recorded
from service.database.pool import Pool
from service.database.statements import statements
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("moments.sql"))

LOOKS: Final = 200
PAUSE_SECONDS: Final = 0.01
"""So often, and so far apart, it looks whether writers who hold an earlier position have committed."""

Moment: TypeAlias = int | datetime
"""A version of a thing, counted from 1, or a time."""
NO_MOMENT: Final = "neither a version, as in 7, nor a time, as in 2030-01-31T09:00:00Z"
_Time: TypeAlias = Annotated[datetime, Meta(tz=True)]


def read_moment(text: str) -> Moment | None:
    """The moment a text tells; None when it is ``NO_MOMENT``."""
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    try:
        return msgspec.convert(text, _Time)
    except msgspec.ValidationError:
        return None


class Cut(Struct, frozen=True):
    """Where history is cut: behind a position, and behind a time if there is one.

    Of each thing the events up to the first that lies behind are its past. So what is kept is a prefix of its history,
    whatever the clocks of those who wrote it.
    """

    position: int
    time: datetime | None = None

    def holds(self, position: int, recorded_at: datetime) -> bool:
        """Whether an event of this position and time lies before."""
        return position <= self.position and (self.time is None or recorded_at <= self.time)

    def prefix(self, history: Iterable[Recorded]) -> list[Recorded]:
        """What had happened by then to the thing whose events these are, in order."""
        return list(takewhile(lambda event: self.holds(event.position, event.recorded_at), history))


class Past(Struct, frozen=True):
    """A thing's events up to a moment, none when it was not there then; and where that moment cuts other histories."""

    cut: Cut
    history: Sequence[Recorded]


class Moments:
    """Finds moments in the log."""

    def __init__(self, pool: Pool, store: EventStore) -> None:
        self._pool = pool
        self._store = store

    async def find(self, workspace_id: UUID, stream: str, moment: Moment, beside: Sequence[str] = ()) -> Past:
        """The past of a stream at a moment: a version is the moment of that event, by position.

        A time that has not come yet is the present, with all that has been written to the streams ``beside`` it.
        """
        history = await self._store.read_stream(workspace_id, stream)
        if isinstance(moment, datetime):
            heads = await self._store.head(workspace_id, [stream, *beside])
            written = max(head.last_position for head in heads.values())
            cut = Cut(max(written, await self._settled()), moment)
        elif moment in range(1, len(history) + 1):
            cut = Cut(history[moment - 1].position)
        else:
            return Past(Cut(0), ())
        await self._settle(cut.position)
        return Past(cut, cut.prefix(history))

    async def _settle(self, position: int) -> None:
        """Wait until all that will ever be written up to ``position`` has been, so that a moment is always the same."""
        for _ in range(LOOKS):
            if await self._settled() >= position:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _settled(self) -> int:
        async with self._pool.acquire() as connection:
            position: int = await _queries.settled_position(connection)
            return position
