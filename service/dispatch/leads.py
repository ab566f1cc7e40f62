"""Leads by their own streams: read for whoever decides about them, and appended to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from domain import streams
from domain.event import Event, Recorded
from domain.lead.state import NEWBORN, Lead, evolve
from service.database.pool import Connection
from service.dispatch.due import Key
from service.store.appends import Append, At, Context, Guard, New, StreamWrite
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


def lead_append(
    key: Key, version: int, events: Sequence[Event], context: Context, guard: Guard | None = None
) -> Append:
    """What is appended to the stream of a lead that was read at ``version``."""
    workspace_id, lead_id = key
    write = StreamWrite(
        stream=streams.lead(lead_id), expected=At(version) if version else New(), events=events
    )
    return Append(workspace_id=workspace_id, writes=(write,), context=context, guard=guard)


def _folded(history: Sequence[Recorded]) -> tuple[Lead, int]:
    lead = NEWBORN
    for recorded in history:
        lead = evolve(lead, recorded.event, recorded.recorded_at)
    return lead, history[-1].version if history else 0
