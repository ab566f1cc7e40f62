"""The history of one lead: every fact the log holds about it, in order, with the servers' words that were kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import streams
from domain.event import Recorded
from domain.lead.events import facts
from service.database.pool import Pool
from service.database.statements import statements
from service.leads.reading import no_such_lead
from service.store.codec import Codec
from service.texts import Words, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("history.sql"))


class LeadFact(Struct, frozen=True, kw_only=True):
    """A fact about the lead. ``data`` is what it says of this lead alone; ``words`` what a server said, if kept."""

    position: int
    id: UUID
    type: str
    recorded_at: datetime
    actor: str
    epoch: int | None
    data: dict[str, Any]
    words: str | None


class LeadHistory:
    """Reads the log lead by lead."""

    def __init__(self, pool: Pool, codec: Codec, vault: Vault) -> None:
        self._pool = pool
        self._codec = codec
        self._vault = vault

    async def of(self, workspace_id: UUID, campaign_id: UUID, lead_id: UUID) -> list[LeadFact]:
        """All facts about a lead of the campaign. Raises ``Refused`` ``not-found``."""
        async with self._pool.acquire() as connection:
            rows = _queries.facts_of(
                connection,
                workspace_id=workspace_id,
                lead_stream=streams.lead(lead_id),
                roster_stream=streams.roster(campaign_id),
                lead_id=str(lead_id),
            )
            told = [
                (recorded, fact)
                for recorded in [self._codec.recorded(row) async for row in rows]
                for subject, fact in facts(recorded)
                if subject == lead_id
            ]
            if not any(recorded.stream == streams.roster(campaign_id) for recorded, _ in told):
                raise no_such_lead()
            evidence = [id_ for _, fact in told if (id_ := getattr(fact, "evidence", None)) is not None]
            opened = await self._vault.open_many(connection, workspace_id, evidence)
        return [_shown(recorded, fact, opened) for recorded, fact in told]


def _shown(recorded: Recorded, fact: Struct, opened: dict[UUID, bytes]) -> LeadFact:
    words = opened.get(getattr(fact, "evidence", None) or UUID(int=0))
    return LeadFact(
        position=recorded.position,
        id=recorded.event_id,
        type=recorded.event.type,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        epoch=recorded.epoch,
        data=msgspec.to_builtins(fact),
        words=None if words is None else unpack(words, Words).text,
    )
