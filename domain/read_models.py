"""What operators decide about read models. One stream per workspace: it tells what the numbers shown leave out."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.event import Event

ReadModel = Literal["leads", "campaigns", "senders", "suppressions"]


class ProjectionSkipped(Event, frozen=True, kw_only=True):
    """An event of the workspace could not be folded, and this version of a read model goes on without it.

    ``event_id`` and ``position`` name the event left out, ``reason_id`` the vault document of the operator's reason.
    """

    type = "projection-skipped"
    projection: ReadModel
    projection_version: int
    position: int
    event_id: UUID
    reason_id: UUID


EVENTS: tuple[type[Event], ...] = (ProjectionSkipped,)
