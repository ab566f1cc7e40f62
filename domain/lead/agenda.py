"""What is to be done next about a lead: it follows from the last event about it, and the due table is made of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.event import Event
from domain.lead.events import ConnectionAwaited, NextActionPlanned, SendDeferred, SendInDoubt
from domain.sequence import Action

Task: TypeAlias = Action | Literal["trace", "time_out"]
"""An action on the person; or ``trace``: look what became of a send in doubt; or ``time_out``: wait no longer."""


class Appointment(Struct, frozen=True):
    """A task, at which node of the sequence, and when."""

    task: Task
    node_id: UUID
    due_at: datetime


def appointment(last: Event, node_id: UUID, action: Action) -> Appointment | None:
    """What the ``last`` of the events that a command led to leaves to be done; None when it leaves nothing.

    ``node_id`` and ``action`` are those of the send that the events are about.
    """
    match last:
        case NextActionPlanned():
            return Appointment(last.action, last.node_id, last.due_at)
        case SendDeferred(retry_at=retry_at):
            return Appointment(action, node_id, retry_at)
        case SendInDoubt(look_at=look_at):
            return Appointment("trace", node_id, look_at)
        case ConnectionAwaited(until=until):
            return Appointment("time_out", node_id, until)
        case _:
            return None
