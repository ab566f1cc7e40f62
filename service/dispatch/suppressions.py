"""Suppression: who must not be written to any more, where a claim can look it up at the moment it matters.

The read model of the same name follows the log a little later; this is written with the event itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

from domain import streams
from domain.event import Event
from domain.suppression import ENDING, PersonSuppressed, SuppressionReason, lift
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch.due import Key
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, StreamWrite
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("suppressions.sql"))


class Suppressions:
    """The suppressed people of all workspaces; every method joins the caller's transaction."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def suppress(
        self,
        connection: Connection,
        people: Collection[Key],
        reason: SuppressionReason,
        actor: str,
        correlation_id: UUID,
    ) -> None:
        """Nothing more is sent to these people (workspace, person). Each is told to the log once for each reason."""
        new = sorted(await self.added(connection, people, reason))
        for workspace_id, those in groupby(new, key=lambda person: person[0]):
            events = [PersonSuppressed(person_id=person_id, reason=reason) for _, person_id in those]
            await self.tell(connection, Caller(workspace_id, actor, correlation_id), events)

    async def added(
        self, connection: Connection, people: Collection[Key], reason: SuppressionReason
    ) -> list[Key]:
        """Suppress people; answers those who were not yet, for this reason. The caller tells the log."""
        workspace_ids, person_ids = _columns(people)
        rows = _queries.suppress(
            connection, workspace_ids=workspace_ids, person_ids=person_ids, reason=reason
        )
        return [(row["workspace_id"], row["person_id"]) async for row in rows]

    async def lift(self, connection: Connection, caller: Caller, person_id: UUID) -> None:
        """Let later launches take the person again. Raises ``Refused`` as the domain's ``lift`` does."""
        place = {"workspace_id": caller.workspace_id, "person_id": person_id}
        reasons = [row["reason"] async for row in _queries.hold_reasons(connection, **place)]
        events = lift(person_id, reasons)
        await _queries.lift(connection, **place, reasons=reasons)
        await self.tell(connection, caller, events)

    async def unwanted(self, connection: Connection, people: Collection[Key]) -> dict[Key, SuppressionReason]:
        """Those of the people who are to get nothing more of what is under way either, and why."""
        workspace_ids, person_ids = _columns(people)
        rows = _queries.unwanted(
            connection, workspace_ids=workspace_ids, person_ids=person_ids, reasons=list(ENDING)
        )
        return {(row["workspace_id"], row["person_id"]): row["reason"] async for row in rows}

    async def tell(self, connection: Connection, caller: Caller, events: Sequence[Event]) -> None:
        """Append to the workspace's stream."""
        stream = streams.suppressions(caller.workspace_id)
        append = Append(
            workspace_id=caller.workspace_id,
            writes=(StreamWrite(stream=stream, expected=AnyVersion(), events=events),),
            context=caller.context(self._clock),
        )
        await self._store.append_in(connection, [append])


def _columns(people: Collection[Key]) -> tuple[list[UUID], list[UUID]]:
    return [workspace_id for workspace_id, _ in people], [person_id for _, person_id in people]
