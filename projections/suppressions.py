"""Who must not be written to, since when, and why; the first reason stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.event import Recorded
from domain.suppression import PersonSuppressed, SuppressionReason
from projections.projection import Key, Projection, Table


class SuppressionRow(Struct, frozen=True):
    """A row of ``suppressions``."""

    workspace_id: UUID
    person_id: UUID
    reason: SuppressionReason
    since: datetime


def facts(recorded: Recorded) -> Iterator[tuple[Key, PersonSuppressed]]:
    """A suppression, about the person."""
    if isinstance(recorded.event, PersonSuppressed):
        yield (recorded.workspace_id, recorded.event.person_id), recorded.event


def evolve(
    key: Key, row: SuppressionRow | None, fact: PersonSuppressed, recorded: Recorded
) -> SuppressionRow:
    """The person's suppression after one more reason for it."""
    return row or SuppressionRow(*key, fact.reason, recorded.recorded_at)


def lay_out(_key: Key, row: SuppressionRow) -> SuppressionRow:
    """The row itself: there is nothing more to know."""
    return row


def read(row: SuppressionRow) -> tuple[Key, SuppressionRow]:
    """The row itself."""
    return (row.workspace_id, row.person_id), row


SUPPRESSIONS: Final = Projection(
    name="suppressions",
    version=1,
    table=Table("suppressions", ("workspace_id", "person_id")),
    row=SuppressionRow,
    births=(),
    facts=facts,
    evolve=evolve,
    lay_out=lay_out,
    read=read,
)
