"""The log as it was written, for those who audit it: exact payloads, in order, none skipped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.database.pool import Pool
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("history.sql"))


class Written(Struct, frozen=True, kw_only=True):
    """An event exactly as it is stored; ``payload`` is the JSON text that was written."""

    workspace_id: UUID
    position: int
    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    epoch: int | None
    recorded_at: datetime
    payload: str


class History:
    """Reads the log of one workspace at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_workspace(self, workspace_id: UUID, after: int, at_most: int) -> list[Written]:
        """The next events of all streams, with positions above ``after``."""
        async with self._pool.acquire() as connection:
            upto = await _queries.settled_position(connection)
            rows = _queries.all_events(
                connection, workspace_id=workspace_id, after=after, upto=upto, at_most=at_most
            )
            return [Written(**row) async for row in rows]

    async def of_streams(
        self, workspace_id: UUID, streams: Sequence[str], after: int, at_most: int
    ) -> list[Written]:
        """The next events of these streams, with positions above ``after``."""
        async with self._pool.acquire() as connection:
            upto = await _queries.settled_position(connection)
            rows = _queries.events_of(
                connection,
                workspace_id=workspace_id,
                streams=list(streams),
                after=after,
                upto=upto,
                at_most=at_most,
            )
            return [Written(**row) async for row in rows]
