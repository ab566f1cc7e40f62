"""The sender accounts: the folded sender, and the columns it is found by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import streams
from domain.event import Event, Recorded
from domain.sender.events import SenderConnected, SenderStatus
from domain.sender.state import Sender
from domain.sender.state import evolve as evolve_sender
from domain.sequence import Channel
from projections.projection import Key, Projection, Table


class SenderRow(Struct, frozen=True):
    """A row of ``senders``. ``state`` is the whole ``Sender`` as JSON, the other columns are taken from it."""

    workspace_id: UUID
    sender_id: UUID
    channel: Channel
    status: SenderStatus
    removed: bool
    created_at: datetime
    updated_at: datetime
    state: str


def facts(recorded: Recorded) -> Iterator[tuple[UUID, Event]]:
    """An event of a sender's own stream, about that sender."""
    if recorded.stream.startswith(streams.SENDER):
        yield streams.subject(recorded.stream), recorded.event


def evolve(_key: Key, sender: Sender | None, _fact: Event, recorded: Recorded) -> Sender | None:
    """The sender after one more event."""
    return evolve_sender(sender, recorded)


def lay_out(key: Key, sender: Sender) -> SenderRow:
    """The sender as a row."""
    return SenderRow(
        *key,
        sender.channel,
        sender.status,
        sender.removed,
        sender.created_at,
        sender.updated_at,
        msgspec.json.encode(sender).decode(),
    )


_senders = msgspec.json.Decoder(Sender)


def read(row: SenderRow) -> tuple[Key, Sender]:
    """The sender that was laid out as ``row``."""
    return (row.workspace_id, row.sender_id), _senders.decode(row.state)


SENDERS: Final = Projection(
    name="senders",
    version=2,
    streams=(streams.SENDER,),
    table=Table("senders", ("workspace_id", "sender_id")),
    row=SenderRow,
    births=(SenderConnected,),
    facts=facts,
    evolve=evolve,
    lay_out=lay_out,
    read=read,
)
