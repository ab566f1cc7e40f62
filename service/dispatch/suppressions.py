"""Suppression: who must not be written to any more, where a claim can look it up at the moment it matters.

The read model of the same name follows the log a little later; this is written with the event itself.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql

from domain import streams
from domain.suppression import PersonSuppressed, SuppressionReason
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection
from service.dispatch.due import Key
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, StreamWrite
from service.store.log import EventStore

_queries: Any = aiosql.from_path(Path(__file__).with_name("suppressions.sql"), "asyncpg")


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
        new = sorted(await self._added(connection, people, reason))
        appends = [
            self._append(
                Caller(workspace_id, actor, correlation_id), [person_id for _, person_id in those], reason
            )
            for workspace_id, those in groupby(new, key=lambda person: person[0])
        ]
        await self._store.append_in(connection, appends)

    async def unsubscribed(self, connection: Connection, people: Collection[Key]) -> set[Key]:
        """Those of the people who have unsubscribed."""
        workspace_ids, person_ids = _columns(people)
        rows = _queries.unsubscribed(connection, workspace_ids=workspace_ids, person_ids=person_ids)
        return {(row["workspace_id"], row["person_id"]) async for row in rows}

    async def _added(
        self, connection: Connection, people: Collection[Key], reason: SuppressionReason
    ) -> list[Key]:
        workspace_ids, person_ids = _columns(people)
        rows = _queries.suppress(
            connection, workspace_ids=workspace_ids, person_ids=person_ids, reason=reason
        )
        return [(row["workspace_id"], row["person_id"]) async for row in rows]

    def _append(self, caller: Caller, person_ids: list[UUID], reason: SuppressionReason) -> Append:
        events = [PersonSuppressed(person_id=person_id, reason=reason) for person_id in person_ids]
        stream = streams.suppressions(caller.workspace_id)
        return Append(
            workspace_id=caller.workspace_id,
            writes=(StreamWrite(stream=stream, expected=AnyVersion(), events=events),),
            context=caller.context(self._clock),
        )


def _columns(people: Collection[Key]) -> tuple[list[UUID], list[UUID]]:
    return [workspace_id for workspace_id, _ in people], [person_id for _, person_id in people]
