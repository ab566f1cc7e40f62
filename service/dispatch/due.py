"""The due table: the next action of every lead that is not terminal. Every function joins the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict, replace

from domain.event import Event
from domain.lead.agenda import Task, appointment
from domain.sequence import Action
from service.database.pool import Connection
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("due.sql"))

Key: TypeAlias = tuple[UUID, UUID]
"""A workspace and a thing in it."""


class Due(Struct, frozen=True):
    """What is to be done next to a lead, and when."""

    workspace_id: UUID
    lead_id: UUID
    campaign_id: UUID
    sender_id: UUID
    person_id: UUID
    document_id: UUID
    node_id: UUID
    due_at: datetime
    task: Task

    @property
    def key(self) -> Key:
        """Whose row it is."""
        return self.workspace_id, self.lead_id

    @property
    def campaign(self) -> Key:
        """Whose lead it is."""
        return self.workspace_id, self.campaign_id

    @property
    def person(self) -> Key:
        """Who the lead is."""
        return self.workspace_id, self.person_id


def followed(due: Due, events: Sequence[Event], action: Action) -> Due | None:
    """What is to be done next to the lead after ``events`` about a send by ``action``; None when nothing is."""
    following = appointment(events[-1], due.node_id, action) if events else None
    return None if following is None else replace(due, **asdict(following))


async def hold(connection: Connection, keys: Iterable[Key]) -> None:
    """Lock the leads' rows: rows before stream heads, so that two who touch a lead never wait for each other."""
    workspace_ids, lead_ids = _columns(keys)
    async for _ in _queries.hold_due(connection, workspace_ids=workspace_ids, lead_ids=lead_ids):
        continue


async def plan(connection: Connection, rows: Sequence[Due]) -> None:
    """Let these be the leads' next actions; they are in flight no longer."""
    if rows:
        await _queries.plan_due(connection, [asdict(row) for row in rows])


async def drop(connection: Connection, keys: Iterable[Key]) -> None:
    """The leads have nothing due any more."""
    workspace_ids, lead_ids = _columns(keys)
    await _queries.drop_due(connection, workspace_ids=workspace_ids, lead_ids=lead_ids)


def _columns(keys: Iterable[Key]) -> tuple[list[UUID], list[UUID]]:
    pairs = list(keys)
    return [workspace_id for workspace_id, _ in pairs], [lead_id for _, lead_id in pairs]
