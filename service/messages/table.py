"""The table of message drafts, and the leads they are for. Every function joins the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.lead.events import ImportedLead
from domain.message_draft import DraftsDropped, Origin, Place, WrittenDraft
from service.database.pool import Connection
from service.database.statements import statements
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite

_queries: Any = statements(Path(__file__).with_name("table.sql"))


class Roll(Struct, frozen=True):
    """Which campaign's drafts and leads are meant."""

    workspace_id: UUID
    campaign_id: UUID


class PlacedDraft(Struct, frozen=True, kw_only=True):
    """A draft on a page; ``position`` is that of its node among the nodes asked for, from 1."""

    lead_id: UUID
    node_id: UUID
    document_id: UUID
    origin: Origin
    position: int


async def leads_after(connection: Connection, roll: Roll, after: int, at_most: int) -> list[ImportedLead]:
    """The next leads with ordinals above ``after``, in order."""
    return await _leads(_queries.leads_after(connection, **_named(roll), after=after, at_most=at_most))


async def leads_of(connection: Connection, roll: Roll, lead_ids: Iterable[UUID]) -> list[ImportedLead]:
    """Those of the leads that are on the campaign, in order."""
    return await _leads(_queries.leads_of(connection, **_named(roll), lead_ids=list(lead_ids)))


async def leads_lacking(
    connection: Connection, roll: Roll, node_ids: Iterable[UUID], at_most: int
) -> list[ImportedLead]:
    """The first ``at_most`` leads that lack a text of their own for some of the nodes, in order."""
    found = _queries.leads_lacking(connection, **_named(roll), node_ids=list(node_ids), at_most=at_most)
    return await _leads(found)


async def count_lacking(connection: Connection, roll: Roll, node_ids: Iterable[UUID]) -> int:
    """How many leads lack a text of their own for some of the nodes."""
    count: int = await _queries.count_lacking(connection, **_named(roll), node_ids=list(node_ids))
    return count


async def drafts_of(
    connection: Connection, roll: Roll, lead_ids: Iterable[UUID]
) -> dict[Place, WrittenDraft]:
    """All drafts of the leads."""
    rows = _queries.drafts_of(connection, **_named(roll), lead_ids=list(lead_ids))
    drafts = [WrittenDraft(**row) async for row in rows]
    return {draft.place: draft for draft in drafts}


async def put(connection: Connection, roll: Roll, drafts: Sequence[WrittenDraft]) -> None:
    """Keep each draft in the place of the one before it."""
    await _queries.put(
        connection,
        **_named(roll),
        lead_ids=[draft.lead_id for draft in drafts],
        node_ids=[draft.node_id for draft in drafts],
        document_ids=[draft.document_id for draft in drafts],
        digests=[draft.digest for draft in drafts],
        origins=[draft.origin for draft in drafts],
    )


async def drop(connection: Connection, roll: Roll, lead_ids: Iterable[UUID]) -> tuple[StreamWrite, ...]:
    """Drop the drafts of leads. Answers what the log is told of it: nothing when they had none."""
    rows = _queries.drop(connection, **_named(roll), lead_ids=list(lead_ids))
    gone = sorted({row["lead_id"] async for row in rows})
    if not gone:
        return ()
    told = DraftsDropped(lead_ids=tuple(gone))
    return (StreamWrite(stream=streams.drafts(roll.campaign_id), expected=AnyVersion(), events=(told,)),)


async def page(
    connection: Connection,
    roll: Roll,
    node_ids: Sequence[UUID],
    lead_id: UUID | None,
    after: tuple[UUID, int],
    at_most: int,
) -> list[PlacedDraft]:
    """Drafts of the nodes, lead by lead, of one lead or of all; those behind the lead and position ``after``."""
    after_lead, after_position = after
    rows = _queries.page(
        connection,
        **_named(roll),
        node_ids=list(node_ids),
        lead_id=lead_id,
        after_lead=after_lead,
        after_position=after_position,
        at_most=at_most,
    )
    return [PlacedDraft(**row) async for row in rows]


def _named(roll: Roll) -> dict[str, UUID]:
    return {"workspace_id": roll.workspace_id, "campaign_id": roll.campaign_id}


async def _leads(rows: Any) -> list[ImportedLead]:
    return [ImportedLead(**row) async for row in rows]
