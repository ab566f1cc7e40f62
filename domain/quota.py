"""Quotas: how often a sender may do something within any seven days, counted by clock hours, on the safe side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

HOUR: Final = timedelta(hours=1)
WEEK: Final = timedelta(days=7)


class Quota(Struct, frozen=True, kw_only=True):
    """What a sender may still do of one action.

    ``done`` counts by the hour, which is named by its beginning: an hour counts until seven days after its end, so that
    no stretch of seven days, wherever it begins, ever holds more than ``weekly_limit`` (at least 1). Nothing is done
    before ``next_free_at``.
    """

    weekly_limit: int
    done: Mapping[datetime, int]
    next_free_at: datetime

    def left(self, now: datetime) -> int:
        """How many may be done at ``now``."""
        if now < self.next_free_at:
            return 0
        return max(0, self.weekly_limit - sum(n for hour, n in self.done.items() if now < forgotten_at(hour)))

    def free_at(self, instant: datetime) -> datetime:
        """The first moment not before ``instant`` at which one more may be done."""
        instant = max(instant, self.next_free_at)
        counting = sorted((forgotten_at(hour), n) for hour, n in self.done.items())
        total = sum(n for _, n in counting)
        for forgotten, n in counting:
            if forgotten > instant:
                if total < self.weekly_limit:
                    break
                instant = forgotten
            total -= n
        return instant

    def charged(self, now: datetime) -> Quota:
        """The quota after one more at ``now``; hours that count no longer are forgotten."""
        hour = hour_of(now)
        counting = {known: n for known, n in self.done.items() if now < forgotten_at(known)}
        return replace(self, done={**counting, hour: counting.get(hour, 0) + 1}).settled(now)

    def settled(self, now: datetime) -> Quota:
        """The quota, closed for as long as it is used up."""
        free_at = self.free_at(now)
        return self if free_at == now else replace(self, next_free_at=free_at)


def hour_of(instant: datetime) -> datetime:
    """The beginning of the hour in which the instant lies, in UTC."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def forgotten_at(hour: datetime) -> datetime:
    """From when on an hour counts no longer."""
    return hour + HOUR + WEEK
