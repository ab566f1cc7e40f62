"""Credits by their streams: load, decide, append with compare-and-swap, and keep the open reservations in step."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from domain import credits, streams
from domain.credits import Command, Ledger, Reserve, Settle
from domain.refusal import Refused
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.store.appends import Append, Appended, At, StreamWrite, as_recorded
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("repository.sql"))

ATTEMPTS: Final = 20
"""How often a change is decided anew when another writer was first: a workspace has one ledger for all it does."""


class LedgerMoved(Exception):
    """Another writer changed the ledger between reading and writing it."""


class Credits:
    """The ledgers of a database's workspaces, one stream each."""

    def __init__(self, pool: Pool, store: EventStore, clock: Clock) -> None:
        self._pool = pool
        self._store = store
        self._clock = clock

    async def load(self, workspace_id: UUID, connection: Connection | None = None) -> Ledger:
        """The workspace's ledger now; empty when it was never granted anything."""
        history = await self._store.read_stream(
            workspace_id, streams.credits(workspace_id), connection=connection
        )
        return credits.fold(history)

    async def execute(self, caller: Caller, command: Command) -> Ledger:
        """Decide and append; anew while other writers come first. Answers the ledger after it.

        Raises what ``decide`` raises, and ``Refused`` ``credits-changed``.
        """
        for _ in range(ATTEMPTS):
            try:
                async with self._store.transaction() as connection:
                    return await self._append(connection, caller, command)
            except LedgerMoved:
                continue
        raise Refused("credits-changed", "Others keep changing this workspace's credits. Repeat the request.")

    async def settlement(self, connection: Connection, workspace_id: UUID, command: Settle) -> StreamWrite:
        """What settles a reservation, for an append in the caller's transaction; its row is gone with that.

        Raises ``Refused`` ``reservation-over`` when it was settled by somebody else, who gave everything back.
        """
        if not await self._close(connection, workspace_id, command.reservation_id):
            raise Refused("reservation-over", "This took so long that the credits reserved for it went back.")
        ledger = await self.load(workspace_id, connection)
        return _write(workspace_id, ledger, command)

    async def abandoned(self, reserved_before: datetime) -> list[tuple[UUID, UUID]]:
        """Workspace and id of every open reservation made before then."""
        async with self._pool.acquire() as connection:
            rows = _queries.reservations_before(connection, reserved_before=reserved_before)
            return [(row["workspace_id"], row["reservation_id"]) async for row in rows]

    async def _append(self, connection: Connection, caller: Caller, command: Command) -> Ledger:
        """The ledger after the command. Raises ``LedgerMoved``."""
        if isinstance(command, Settle):
            await self._close(connection, caller.workspace_id, command.reservation_id)
        ledger = await self.load(caller.workspace_id, connection)
        write = _write(caller.workspace_id, ledger, command)
        if not write.events:
            return ledger
        append = Append(
            workspace_id=caller.workspace_id, writes=(write,), context=caller.context(self._clock)
        )
        [outcome] = await self._store.append_in(connection, [append])
        if not isinstance(outcome, Appended):
            raise LedgerMoved
        if isinstance(command, Reserve):
            await _queries.open_reservation(
                connection,
                workspace_id=caller.workspace_id,
                reservation_id=command.reservation_id,
                now=self._clock.now(),
            )
        return credits.fold(as_recorded(append, outcome), ledger)

    async def _close(self, connection: Connection, workspace_id: UUID, reservation_id: UUID) -> bool:
        closed = await _queries.close_reservation(
            connection, workspace_id=workspace_id, reservation_id=reservation_id
        )
        return closed is not None


def _write(workspace_id: UUID, ledger: Ledger, command: Command) -> StreamWrite:
    return StreamWrite(
        stream=streams.credits(workspace_id),
        expected=At(ledger.version),
        events=credits.decide(ledger, command),
    )
