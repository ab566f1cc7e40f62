"""How far each sender's inbox was read, and who reads it now: one reader at a time, over all workers.

A reader holds a lease that it renews. What a message leads to is written together with how far the inbox was read, and
only by who holds the lease: so nothing is told twice, and nothing is skipped.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.ids import new_id

_queries: Any = statements(Path(__file__).with_name("places.sql"))

LEASE: Final = timedelta(seconds=60)
"""How long a reader is believed to be alive; it renews its lease several times as often."""

FIRST_RETRY: Final = timedelta(seconds=15)
LONGEST_RETRY: Final = timedelta(minutes=30)
"""A server that can't be read is tried again after 15, 30, 60 … seconds."""


class LeaseLost(Exception):
    """The inbox is not this reader's any more: another one reads it, or another inbox has taken its place."""


class Place(Struct, frozen=True):
    """Where the reading of an inbox stands. ``read_at`` is when all there was had been read; None: never."""

    workspace_id: UUID
    sender_id: UUID
    reader_id: UUID
    inbox_id: UUID
    uid_validity: int | None
    last_uid: int
    read_at: datetime | None


class Places:
    """The places of all senders."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def take(self, at_most: int) -> list[Place]:
        """Take a lease of inboxes whose turn it is."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            rows = _queries.take(connection, reader_id=new_id(), now=now, until=now + LEASE, at_most=at_most)
            return [Place(**row) async for row in rows]

    async def is_anyone_waiting(self) -> bool:
        """Whether it is the turn of an inbox that nobody reads."""
        async with self._pool.acquire() as connection:
            waiting: bool = await _queries.is_anyone_waiting(connection, now=self._clock.now())
        return waiting

    async def renew(self, place: Place) -> None:
        """All there was has been read; go on. Raises ``LeaseLost``."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            held = await _queries.renew(connection, **_of(place), now=now, until=now + LEASE)
        if not held:
            raise LeaseLost

    async def advance(self, connection: Connection, place: Place) -> None:
        """The reading has come to this place, in the caller's transaction. Raises ``LeaseLost``."""
        held = await _queries.advance(
            connection,
            **_of(place),
            uid_validity=place.uid_validity,
            last_uid=place.last_uid,
            until=self._clock.now() + LEASE,
        )
        if not held:
            raise LeaseLost

    async def leave(self, place: Place, after: timedelta) -> None:
        """Give the lease back; the inbox is visited again ``after`` some time."""
        look_at = self._clock.now() + after
        async with self._pool.acquire() as connection:
            await _queries.leave(connection, **_of(place), look_at=look_at)

    async def fail(self, place: Place) -> None:
        """Give the lease back; the inbox could not be read, and is tried again later and later."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            await _queries.fail(connection, **_of(place), now=now, first=FIRST_RETRY, longest=LONGEST_RETRY)

    async def give_up(self, place: Place) -> None:
        """The inbox can't be read by IMAP; it is left alone until another one takes its place."""
        async with self._pool.acquire() as connection:
            await _queries.give_up(connection, **_of(place))


def _of(place: Place) -> dict[str, UUID]:
    """Whose lease of which inbox."""
    return {
        "workspace_id": place.workspace_id,
        "sender_id": place.sender_id,
        "reader_id": place.reader_id,
    }
