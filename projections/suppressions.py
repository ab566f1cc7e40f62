"""Who must not be written to, and why: the folded suppression, and the columns it is found and ordered by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import streams
from domain.event import Recorded
from domain.sequence import Channel
from domain.suppression import (
    PersonErased,
    PersonSuppressed,
    Suppression,
    SuppressionLifted,
    SuppressionReason,
)
from domain.suppression import evolve as evolve_suppression
from projections.projection import Key, Projection, Table

Fact: TypeAlias = PersonSuppressed | SuppressionLifted | PersonErased


class SuppressionRow(Struct, frozen=True):
    """A row of ``suppressions``. ``state`` is the whole ``Suppression`` as JSON, the other columns are taken from it.

    ``reason`` and ``since`` are those of the weightiest ground; lists are in descending order of ``since``.
    """

    workspace_id: UUID
    person_id: UUID
    channel: Channel
    reason: SuppressionReason
    since: datetime
    document_id: UUID | None
    state: str


def facts(recorded: Recorded) -> Iterator[tuple[UUID, Fact]]:
    """A suppression or its end, or an erasure, about the person."""
    if isinstance(recorded.event, PersonSuppressed | SuppressionLifted | PersonErased):
        yield recorded.event.person_id, recorded.event


def evolve(_key: Key, suppression: Suppression | None, _fact: Fact, recorded: Recorded) -> Suppression | None:
    """The person's suppression after one more event."""
    return evolve_suppression(suppression, recorded)


def lay_out(key: Key, suppression: Suppression) -> SuppressionRow:
    """The suppression as a row."""
    ground = suppression.ground
    return SuppressionRow(
        *key,
        suppression.channel,
        ground.reason,
        ground.since,
        suppression.document_id,
        msgspec.json.encode(suppression).decode(),
    )


_suppressions = msgspec.json.Decoder(Suppression)


def read(row: SuppressionRow) -> tuple[Key, Suppression]:
    """The suppression that was laid out as ``row``."""
    return (row.workspace_id, row.person_id), _suppressions.decode(row.state)


SUPPRESSIONS: Final = Projection(
    name="suppressions",
    version=2,
    streams=(streams.SUPPRESSIONS,),
    table=Table("suppressions", ("workspace_id", "person_id")),
    row=SuppressionRow,
    births=(),
    facts=facts,
    evolve=evolve,
    lay_out=lay_out,
    read=read,
)
