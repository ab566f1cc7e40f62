"""The forecast of a campaign: how much each sender sends on which day, counted from a simulation of its sends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.schedule import sending_day
from domain.sequence import SENDABLE, Nodes, position_of
from domain.simulation import Send


class SendingDay(NamedTuple):
    """What one sender sends for the campaign on one sending day (UTC)."""

    day: date
    sender_id: UUID
    sends: int
    first_at: datetime
    last_at: datetime


class Forecast(Struct, frozen=True):
    """The sending days in order. Unless ``complete`` there is more to send after them."""

    days: tuple[SendingDay, ...]
    complete: bool

    @property
    def ends_at(self) -> datetime | None:
        """The last send; None when there is none, or when the forecast does not reach it."""
        return max((day.last_at for day in self.days), default=None) if self.complete else None


def forecast(sends: Iterable[Send], campaign_id: UUID, count: int, until: datetime, at_most: int) -> Forecast:
    """What ``sends`` come to for a campaign that has ``count`` left.

    It looks no further than ``until``, nor at more than ``at_most`` sends of all campaigns; when that is not enough, it
    tells the days that it has seen whole.
    """
    tally = _Tally()
    seen_until = until
    for looked_at, send in enumerate(sends):
        if tally.count == count or send.at >= until:
            break
        if looked_at == at_most:
            seen_until = send.at
            break
        if send.campaign_id == campaign_id:
            tally.add(send)
    complete = tally.count == count
    return Forecast(tally.days(before=None if complete else sending_day(seen_until)), complete)


class _Tally:
    """Counts sends by sending day and sender; they come in order of time."""

    def __init__(self) -> None:
        self.count = 0
        self._days: dict[tuple[date, UUID], SendingDay] = {}

    def add(self, send: Send) -> None:
        self.count += 1
        key = (sending_day(send.at), send.sender_id)
        known = self._days.get(key)
        sends, first_at = (known.sends, known.first_at) if known else (0, send.at)
        self._days[key] = SendingDay(*key, sends + 1, first_at, send.at)

    def days(self, before: date | None) -> tuple[SendingDay, ...]:
        last = before or date.max
        return tuple(self._days[key] for key in sorted(self._days) if key[0] < last)


class Standing(Struct, frozen=True):
    """``count`` leads are to get ``node_id`` next; ``in_flight``: they are getting it at this moment."""

    node_id: UUID
    count: int
    in_flight: bool = False


def sends_left(nodes: Nodes, standing: Iterable[Standing]) -> int:
    """How many sends are left for all these leads, without those in flight."""
    return sum(group.count * (sendable_from(nodes, group.node_id) - group.in_flight) for group in standing)


def sendable_from(nodes: Nodes, node_id: UUID) -> int:
    """How many nodes that send are left from ``node_id`` on, itself included."""
    return sum(node.type in SENDABLE for node in nodes[position_of(nodes, node_id) :])
