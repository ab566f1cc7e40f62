"""Reading the suppression list: who is in it from the read model, their addresses from the vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.sequence import Channel
from domain.suppression import SuppressionReason
from projections.suppressions import SUPPRESSIONS
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.projector.freshness import Freshness
from service.store.log import EventStore
from service.texts import LeadProfile, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("reading.sql"))


class Place(NamedTuple):
    """Where a person stands in the list, which descends."""

    since: datetime
    person_id: UUID


TOP: Final = Place(datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))
"""Before everybody."""


class SuppressedPerson(Struct, frozen=True, kw_only=True):
    """A person in the list. Without an address where neither the entry nor a lead knows it, or it was erased."""

    id: UUID
    channel: Channel
    reason: SuppressionReason
    since: datetime
    profile: LeadProfile


class SuppressionReading:
    """Reads the list; what a client has entered itself is always there."""

    def __init__(self, pool: Pool, store: EventStore, vault: Vault, freshness: Freshness) -> None:
        self._pool = pool
        self._store = store
        self._vault = vault
        self._freshness = freshness

    async def page(
        self,
        workspace_id: UUID,
        reason: SuppressionReason | None,
        channel: Channel | None,
        after: Place,
        at_most: int,
    ) -> list[SuppressedPerson]:
        """Up to ``at_most`` people behind a place of the list, newest first."""
        stream = streams.suppressions(workspace_id)
        head = (await self._store.head(workspace_id, [stream]))[stream]
        await self._freshness.reached(head.last_position, SUPPRESSIONS)
        async with self._pool.acquire() as connection:
            rows = [
                row
                async for row in _queries.page(
                    connection,
                    workspace_id=workspace_id,
                    reason=reason,
                    channel=channel,
                    since=after.since,
                    person_id=after.person_id,
                    at_most=at_most,
                )
            ]
            profiles = await self._profiles(connection, workspace_id, rows)
        return [
            SuppressedPerson(
                id=row["person_id"],
                channel=row["channel"],
                reason=row["reason"],
                since=row["since"],
                profile=profiles.get(row["person_id"], LeadProfile()),
            )
            for row in rows
        ]

    async def _profiles(
        self, connection: Connection, workspace_id: UUID, rows: Sequence[Mapping[str, Any]]
    ) -> dict[UUID, LeadProfile]:
        """Who the people are, as they were entered or else as leads."""
        documents: dict[UUID, UUID] = {
            row["person_id"]: row["document_id"] for row in rows if row["document_id"] is not None
        }
        unnamed = [row["person_id"] for row in rows if row["document_id"] is None]
        found = _queries.lead_documents(connection, workspace_id=workspace_id, person_ids=unnamed)
        documents |= {row["person_id"]: row["document_id"] async for row in found}
        opened = await self._vault.open_many(connection, workspace_id, documents.values())
        return {
            person_id: unpack(opened[document_id], LeadProfile)
            for person_id, document_id in documents.items()
            if document_id in opened
        }
