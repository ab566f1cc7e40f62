"""Limits of a rolling week: how much was done in the last 7 times 24 hours.

Counted by clock hours, on the safe side: whatever was done in an hour counts until seven days after the hour's end.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

HOUR: Final = timedelta(hours=1)
WEEK: Final = timedelta(days=7)


class HourCount(Struct, frozen=True):
    """How often something was done in the hour that begins at ``hour``."""

    hour: datetime
    count: int

    @property
    def counts_until(self) -> datetime:
        """From when on it counts no longer."""
        return self.hour + HOUR + WEEK


class RollingWeek(Struct, frozen=True):
    """A limit, at least 1, for any 7 times 24 hours, and the ``hours`` in which something was done, in order."""

    limit: int
    hours: tuple[HourCount, ...] = ()

    def free_at(self, instant: datetime) -> datetime:
        """The first moment not before ``instant`` at which one more is within the limit."""
        done = sum(hour.count for hour in self.hours)
        for hour in self.hours:
            if done < self.limit:
                break
            done -= hour.count
            instant = max(instant, hour.counts_until)
        return instant

    def charged(self, now: datetime) -> RollingWeek:
        """The week after one more at ``now``; hours that count no longer are forgotten."""
        this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        kept = tuple(hour for hour in self.hours if hour.counts_until > now)
        if kept and kept[-1].hour == this_hour:
            return replace(self, hours=(*kept[:-1], HourCount(this_hour, kept[-1].count + 1)))
        return replace(self, hours=(*kept, HourCount(this_hour, 1)))
