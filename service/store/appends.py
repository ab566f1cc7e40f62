"""What an append asks for and what it answers: the vocabulary of the event store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.event import Event, Recorded


class New(Struct, frozen=True):
    """The stream must not exist yet."""


class At(Struct, frozen=True):
    """The stream must be at exactly this version."""

    version: int


class Any(Struct, frozen=True):
    """The stream may be at any version: for facts that conflict with nothing."""


Expectation: TypeAlias = New | At | Any


class Guard(Struct, frozen=True):
    """Another stream whose fence must admit ``epoch``: how a lead's write is fenced by its campaign's launches."""

    stream: str
    epoch: int


class StreamWrite(Struct, frozen=True, kw_only=True):
    """New events for one stream. ``raise_fence`` (optional) refuses from then on every epoch below it.

    Without events it is a condition on a stream that another write of the same append relies on.
    """

    stream: str
    expected: Expectation
    events: Sequence[Event]
    raise_fence: int | None = None


class Context(Struct, frozen=True, kw_only=True):
    """Who writes, when, and why; becomes columns of every event of the append."""

    actor: str
    correlation_id: UUID
    recorded_at: datetime
    causation_id: UUID | None = None
    epoch: int | None = None


class Append(Struct, frozen=True, kw_only=True):
    """One all-or-nothing write to one or more streams of a workspace: at least one event, each stream at most once.

    ``append_id`` makes it idempotent: the same id with the same content answers as the first time, with other content
    it is refused. Without one, only the expectations protect against writing twice.
    """

    workspace_id: UUID
    writes: Sequence[StreamWrite]
    context: Context
    append_id: UUID | None = None
    guard: Guard | None = None


class Appended(Struct, frozen=True, kw_only=True):
    """Stored (now, or before under the same ``append_id``: ``repeated``). ``versions``: stream -> version after it.

    ``event_ids`` and ``positions`` are those of the events, in the order of the append.
    """

    versions: dict[str, int]
    event_ids: Sequence[UUID]
    positions: Sequence[int]
    repeated: bool = False

    @property
    def last_position(self) -> int:
        """The position of the last event: what a reader has to reach to have seen this append."""
        return self.positions[-1]


class Conflict(Struct, frozen=True, kw_only=True):
    """Not stored: ``stream`` was at ``actual``, not at what was expected."""

    stream: str
    actual: int


class Fenced(Struct, frozen=True, kw_only=True):
    """Not stored: the writer's ``epoch`` is older than what ``stream`` still admits."""

    stream: str
    fence: int
    epoch: int


class AppendIdReused(Struct, frozen=True, kw_only=True):
    """Not stored: the append id was used before for other content."""

    append_id: UUID


Outcome: TypeAlias = Appended | Conflict | Fenced | AppendIdReused


class Head(Struct, frozen=True):
    """Where a stream stands; all zero when it doesn't exist. ``fence``: the lowest epoch that may still write."""

    version: int = 0
    last_position: int = 0
    fence: int = 0


def as_recorded(append: Append, stored: Appended) -> list[Recorded]:
    """The events of ``append`` as the log holds them, so that a state can be folded on without reading them back.

    Of a ``repeated`` answer the context is that of the repetition: read the stream if it matters.
    """
    recorded: list[Recorded] = []
    places = iter(zip(stored.event_ids, stored.positions, strict=True))
    for write in append.writes:
        first = stored.versions[write.stream] - len(write.events) + 1
        for version, event in enumerate(write.events, first):
            event_id, position = next(places)
            recorded.append(
                Recorded(
                    position=position,
                    workspace_id=append.workspace_id,
                    stream=write.stream,
                    version=version,
                    event_id=event_id,
                    recorded_at=append.context.recorded_at,
                    actor=append.context.actor,
                    correlation_id=append.context.correlation_id,
                    causation_id=append.context.causation_id,
                    epoch=append.context.epoch,
                    event=event,
                )
            )
    return recorded
