"""Reading a ledger: its entries are the events of its stream, so that it shows what was really recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from domain import streams
from domain.event import Recorded
from service.database.pool import Pool
from service.database.statements import statements
from service.store.codec import Codec

_queries: Any = statements(Path(__file__).with_name("reading.sql"))


class CreditReading:
    """Reads the entries of ledgers."""

    def __init__(self, pool: Pool, codec: Codec) -> None:
        self._pool = pool
        self._codec = codec

    async def page(self, workspace_id: UUID, before: int | None, at_most: int) -> list[Recorded]:
        """Up to ``at_most`` entries, newest first, those older than the version ``before``."""
        async with self._pool.acquire() as connection:
            rows = _queries.latest(
                connection,
                workspace_id=workspace_id,
                stream=streams.credits(workspace_id),
                before=before,
                at_most=at_most,
            )
            return [self._codec.recorded(row) async for row in rows]
