"""The marks of a database that was set back: facts of the database itself, so that every process heeds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from domain.refusal import Refused
from service.audit.checkpoints import Published
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.ids import new_id

_queries: Any = statements(Path(__file__).with_name("marks.sql"))
NOT_ACCEPTED: Final = "restored-not-accepted"


class Setback(Struct, frozen=True, kw_only=True):
    """How it is known that the database was set back, and how far.

    It was restored from a backup (``backup_taken_at``), or it lacks a checkpoint that was published of a workspace
    (``workspace_id``): of ``published_size`` events, where it had ``size``. ``position``, ``last_event_at``: its last
    event then. ``serial``: of the last checkpoint it had made.
    """

    found_at: datetime
    position: int
    last_event_at: datetime | None
    serial: int
    backup_taken_at: datetime | None
    workspace_id: UUID | None
    size: int | None
    published_size: int | None
    accepted_at: datetime | None


class Setbacks:
    """Reads and writes the marks of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def unaccepted(self) -> list[Setback]:
        """Those for which nothing is sent, the first found first."""
        async with self._pool.acquire() as connection:
            return [Setback(**row) async for row in _queries.unaccepted(connection)]

    async def all_accepted(self) -> bool:
        """Whether nothing of that kind stands in the way of sending."""
        async with self._pool.acquire() as connection:
            return await all_accepted(connection)

    async def require_accepted(self) -> None:
        """Raises ``Refused`` ``restored-not-accepted``."""
        if not await self.all_accepted():
            raise Refused(
                NOT_ACCEPTED,
                "The database of this service was restored to an earlier state, so it does not know what was sent "
                "after that. Nothing is launched or sent until its operator has accepted it.",
            )

    async def about(self, published: Sequence[Published]) -> list[Setback]:
        """What is known of these checkpoints."""
        async with self._pool.acquire() as connection:
            rows = _queries.about(connection, notes=[each.note for each in published])
            return [Setback(**row) async for row in rows]

    async def mark_behind(self, lost: Sequence[Published], found_at: datetime) -> None:
        """These checkpoints were published, and the database does not have them."""
        async with self._pool.acquire() as connection:
            await _queries.mark_behind(
                connection,
                setback_ids=[new_id() for _ in lost],
                found_at=found_at,
                workspace_ids=[each.workspace_id for each in lost],
                published_sizes=[each.size for each in lost],
                published_notes=[each.note for each in lost],
            )


async def all_accepted(connection: Connection) -> bool:
    """``Setbacks.all_accepted``, in the caller's transaction."""
    accepted: bool = await _queries.is_accepted(connection)
    return accepted


async def mark_restored(connection: Connection, backup_taken_at: datetime, found_at: datetime) -> None:
    """The rows that the caller's transaction writes are those of a backup."""
    await _queries.mark_restored(
        connection, setback_id=new_id(), found_at=found_at, backup_taken_at=backup_taken_at
    )


async def accept(connection: Connection, accepted_at: datetime) -> list[Setback]:
    """Accept what there is, in the caller's transaction; answers what that was."""
    await _queries.hold(connection)
    accepted = [Setback(**row) async for row in _queries.unaccepted(connection)]
    await _queries.accept(connection, accepted_at=accepted_at)
    return accepted
