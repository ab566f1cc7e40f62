"""Leads as their own streams tell them: what a claim, an outcome and an unsubscribing person decide upon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from domain import streams
from domain.event import Recorded
from domain.lead.state import NEWBORN, Lead, evolve
from service.database.pool import Connection
from service.dispatch.due import Key
from service.store.log import EventStore


async def read_leads(
    store: EventStore, connection: Connection, keys: Iterable[Key]
) -> dict[Key, tuple[Lead, int]]:
    """The leads, each with the version of its stream (0: it has none yet); by workspace and lead id."""
    by_workspace: dict[UUID, list[UUID]] = {}
    for workspace_id, lead_id in keys:
        by_workspace.setdefault(workspace_id, []).append(lead_id)
    found: dict[Key, tuple[Lead, int]] = {}
    for workspace_id, lead_ids in by_workspace.items():
        names = {streams.lead(lead_id): lead_id for lead_id in lead_ids}
        histories = await store.read_streams(workspace_id, list(names), connection=connection)
        for name, lead_id in names.items():
            found[workspace_id, lead_id] = _folded(histories[name])
    return found


def _folded(history: Sequence[Recorded]) -> tuple[Lead, int]:
    lead = NEWBORN
    for recorded in history:
        lead = evolve(lead, recorded.event, recorded.recorded_at)
    return lead, history[-1].version if history else 0
