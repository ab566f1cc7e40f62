"""Where the replay of one campaign gets its events: the campaign's stream, its roster, and the streams of its leads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from domain import streams
from domain.event import Recorded
from domain.lead.events import LeadsImported
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.store.codec import Codec
from service.store.feed import Page

MOST_BYTES: Final = 200_000
"""Of payload in one page: some 20 ms of folding, after which others have their turn."""
_PREFETCH: Final = 100

_queries: Any = statements(Path(__file__).with_name("campaign_log.sql"))


class CampaignLog:
    """The events of one campaign and its leads, up to a position that a projection has reached: all are settled."""

    def __init__(self, pool: Pool, codec: Codec, workspace_id: UUID, campaign_id: UUID) -> None:
        self._pool = pool
        self._codec = codec
        self._workspace_id = workspace_id
        self._own = [streams.campaign(campaign_id), streams.roster(campaign_id)]
        self._leads: list[str] = []
        self._leads_known_until = 0

    async def pages(self, after: int, until: int, passing: Collection[int]) -> AsyncGenerator[Page]:
        """As ``Source`` says. Others have their turn after each page."""
        if after >= until:
            return
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            await self._get_to_know_leads(connection, until, passing)
            names = [*self._own, *self._leads]
            events: list[Recorded] = []
            size = 0
            async for row in self._rows(connection, names, after, until, passing):
                events.append(self._codec.recorded(row))
                size += len(row["payload"])
                if size > MOST_BYTES:
                    yield Page(events, events[-1].position)
                    events, size = [], 0
                    await asyncio.sleep(0)
            yield Page(events, until)

    async def _get_to_know_leads(self, connection: Connection, until: int, passing: Collection[int]) -> None:
        """Find out which streams the leads have that were imported up to there."""
        async for row in self._rows(connection, self._own[1:], self._leads_known_until, until, passing):
            event = self._codec.recorded(row).event
            if isinstance(event, LeadsImported):
                self._leads += [streams.lead(lead.lead_id) for lead in event.leads]
                await asyncio.sleep(0)
        self._leads_known_until = max(self._leads_known_until, until)

    async def _rows(
        self, connection: Connection, names: Sequence[str], after: int, until: int, passing: Collection[int]
    ) -> AsyncIterator[Any]:
        rows = connection.cursor(
            _queries.of_streams.sql, self._workspace_id, names, after, until, prefetch=_PREFETCH
        )
        async for row in rows:
            if row["position"] not in passing:
                yield row
