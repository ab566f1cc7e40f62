"""When sending is allowed, and when each lead's first step is planned.

Instants are aware datetimes; answers are in UTC. Operating hours are local wall time: an instant is open when
a clock on the wall shows an open time, so an hour that daylight saving skips is never open, and one that it
repeats is open twice. Limits count by the sending day, the UTC calendar day: senders have no time zone.
"""

from __future__ import annotations

import itertools
import re
import sys
import zoneinfo
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import heappop, heappush, heappushpop
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.refusal import FieldError, Invalid

WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY: Final = timedelta(days=1)
# A week may have one open window, and daylight saving may skip it; no zone skips it twice within this.
HORIZON_DAYS: Final = 30

_WALL_TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)

Window: TypeAlias = tuple[datetime, datetime]


# --- Operating hours ----------------------------------------------------------------------------------------


class DayHours(Struct, frozen=True, forbid_unknown_fields=True):
    """The open stretch of a weekday, from ``start`` until just before ``end``: ``HH:MM``, at most 24:00."""

    start: str
    end: str


class OperatingHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A week of local wall time in an IANA time zone; ``None`` is a closed day."""

    timezone: str
    monday: DayHours | None = None
    tuesday: DayHours | None = None
    wednesday: DayHours | None = None
    thursday: DayHours | None = None
    friday: DayHours | None = None
    saturday: DayHours | None = None
    sunday: DayHours | None = None

    @property
    def week(self) -> tuple[DayHours | None, ...]:
        """The seven days, Monday first."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


def check_hours(hours: OperatingHours) -> None:
    """Raises ``Invalid`` with everything that keeps ``hours`` from being used."""
    faults = tuple(_hours_faults(hours))
    if faults:
        raise Invalid(*faults)


def _hours_faults(hours: OperatingHours) -> Iterator[FieldError]:
    # "localtime" means another zone on every machine.
    if hours.timezone not in zoneinfo.available_timezones() - {"localtime"}:
        yield FieldError(
            "operating_hours.timezone", "This is no IANA time zone; give one like Europe/Berlin or UTC."
        )
    if not any(hours.week):
        yield FieldError("operating_hours", "At least one day must be open; null means open at any time.")
    for name, day in zip(WEEK, hours.week, strict=True):
        if day is not None:
            yield from _day_faults(f"operating_hours.{name}", day)


def _day_faults(path: str, day: DayHours) -> Iterator[FieldError]:
    misspelt = [
        name for name, time in (("start", day.start), ("end", day.end)) if not _WALL_TIME.fullmatch(time)
    ]
    for name in misspelt:
        yield FieldError(f"{path}.{name}", "A time is written HH:MM, from 00:00 to 24:00.")
    if not misspelt and day.end <= day.start:
        yield FieldError(f"{path}.end", "The end must be later than the start, on the same day.")


# --- Open or not --------------------------------------------------------------------------------------------


def is_open(hours: OperatingHours | None, instant: datetime) -> bool:
    """Whether a wall clock in the zone of ``hours`` shows an open time; without hours it is always open."""
    if hours is None:
        return True
    local = instant.astimezone(ZoneInfo(hours.timezone)).replace(tzinfo=None)
    opens, closes = _wall_window(hours, local.date())
    return opens <= local < closes


def next_open(hours: OperatingHours | None, instant: datetime) -> datetime:
    """The first open instant not before ``instant``. Raises ``ValueError`` for hours that never open."""
    opens, _ = _next_window(hours, instant.astimezone(UTC))
    return opens


def sending_day(instant: datetime) -> date:
    """The day whose limits a send at ``instant`` counts against."""
    return instant.astimezone(UTC).date()


def next_midnight(instant: datetime) -> datetime:
    """The start of the next sending day."""
    return _midnight(sending_day(instant) + DAY)


def _next_window(hours: OperatingHours | None, instant: datetime) -> Window:
    """The stretch, never empty, that is open from the first open instant on; ``instant`` is in UTC."""
    if hours is None:
        return instant, datetime.max.replace(tzinfo=UTC)
    for days in range(HORIZON_DAYS):
        for opens, closes in _windows_of(hours, instant.date() + days * DAY):
            if instant < closes:
                return max(opens, instant), closes
    raise ValueError(f"these hours open at no time within {HORIZON_DAYS} days")


@lru_cache(maxsize=4096)
def _windows_of(hours: OperatingHours, day: date) -> tuple[Window, ...]:
    """The open stretches of a UTC day, in order.

    Between two changes of the offset, wall time is UTC shifted; each such piece of the day is cut on its own,
    so what is skipped lies in no piece and what is repeated in two.
    """
    zone = ZoneInfo(hours.timezone)
    windows = []
    for begins, ends in _pieces(zone, _midnight(day)):
        offset = _offset(zone, begins)
        first_date = (begins + offset).date()
        for wall_date in (first_date, first_date + DAY):
            wall_opens, wall_closes = _wall_window(hours, wall_date)
            opens = max(begins, wall_opens.replace(tzinfo=UTC) - offset)
            closes = min(ends, wall_closes.replace(tzinfo=UTC) - offset)
            if opens < closes:
                windows.append((opens, closes))
    return tuple(windows)


def _pieces(zone: ZoneInfo, midnight: datetime) -> tuple[Window, ...]:
    """The UTC day from ``midnight``, cut where the zone's offset changes; none changes twice in a day."""
    first = _offset(zone, midnight)
    ends = midnight + DAY
    if _offset(zone, ends) == first:
        return ((midnight, ends),)
    seconds = range(DAY // timedelta(seconds=1))
    change = bisect_left(seconds, True, key=lambda s: _offset(zone, midnight + timedelta(seconds=s)) != first)
    changes_at = midnight + timedelta(seconds=change)
    return (midnight, changes_at), (changes_at, ends)


def _wall_window(hours: OperatingHours, day: date) -> tuple[datetime, datetime]:
    """The open stretch of a local day as naive wall times; empty for a closed day."""
    midnight = datetime.combine(day, time())
    open_hours = hours.week[day.weekday()]
    if open_hours is None:
        return midnight, midnight
    return midnight + _since_midnight(open_hours.start), midnight + _since_midnight(open_hours.end)


def _since_midnight(wall_time: str) -> timedelta:
    hour, minute = wall_time.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    local = instant.astimezone(zone)
    return local.replace(tzinfo=UTC) - instant


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


class Openings:
    """Answers as ``next_open``, faster for who asks about one time after another: it keeps the latest open stretch."""

    def __init__(self, hours: OperatingHours | None) -> None:
        self._hours = hours
        self._opens = self._closes = datetime.min.replace(tzinfo=UTC)

    def next_open(self, instant: datetime) -> datetime:
        """The first open instant not before ``instant``, which is in UTC."""
        if not self._opens <= instant < self._closes:
            self._opens, self._closes = _next_window(self._hours, instant)
        return max(instant, self._opens)


# --- The plan of first steps --------------------------------------------------------------------------------


class SenderPace(Struct, frozen=True):
    """How fast one sender may go: sends per sending day, and the least time between two of them."""

    sender_id: UUID
    daily_limit: int
    gap: timedelta


class Planned(NamedTuple):
    """The first step of a lead, by its ordinal (0-based, in order of enrolment): who sends it, and when."""

    ordinal: int
    sender_id: UUID
    due_at: datetime


def plan(
    starts_at: datetime,
    hours: OperatingHours | None,
    senders: Sequence[SenderPace],
    count: int,
    campaign_daily_limit: int | None = None,
) -> Iterator[Planned]:
    """The first steps of ``count`` leads, in order of time and of ordinal.

    Each lead goes to the sender that may send first; senders that may send at the same time take turns. A
    campaign limit of ``None`` is no limit. Raises ``ValueError`` where limits of zero let nothing ever go.
    """
    able = [pace for pace in senders if pace.daily_limit > 0]
    if not able or campaign_daily_limit == 0:
        raise ValueError("a plan needs a sender and a campaign with a daily limit above zero")
    return _plan(starts_at.astimezone(UTC), hours, able, count, _DailyQuota(campaign_daily_limit))


def _plan(
    starts_at: datetime,
    hours: OperatingHours | None,
    senders: Sequence[SenderPace],
    count: int,
    campaign: _DailyQuota,
) -> Iterator[Planned]:
    turns = itertools.count()
    cursors = [_SenderCursor(pace, hours) for pace in senders]
    # It starts sorted, so it is a heap. Turns are unique: equal times are served in turn, cursors never compared.
    queue = [(cursor.earliest(starts_at), next(turns), cursor) for cursor in cursors]
    for ordinal in range(count):
        due_at, turn, cursor = heappop(queue)
        while (allowed_at := campaign.earliest(due_at)) > due_at:
            due_at, turn, cursor = heappushpop(queue, (cursor.earliest(allowed_at), turn, cursor))
        campaign.take(due_at)
        cursor.take(due_at)
        yield Planned(ordinal, cursor.sender_id, due_at)
        heappush(queue, (cursor.earliest(due_at + cursor.gap), next(turns), cursor))


class _DailyQuota:
    """What a daily limit still admits; asked with times that never go back."""

    def __init__(self, limit: int | None) -> None:
        self._limit = sys.maxsize if limit is None else limit
        self._left = 0
        self._day_ends = datetime.min.replace(tzinfo=UTC)

    def earliest(self, instant: datetime) -> datetime:
        """The first time, not before ``instant``, that is still within the limit."""
        exhausted = self._left == 0 and instant < self._day_ends
        return self._day_ends if exhausted else instant

    def take(self, instant: datetime) -> None:
        """Counts a send."""
        if instant >= self._day_ends:
            self._day_ends = next_midnight(instant)
            self._left = self._limit
        self._left -= 1


class _SenderCursor:
    """One sender's way through a plan; asked with times that never go back."""

    def __init__(self, pace: SenderPace, hours: OperatingHours | None) -> None:
        self.sender_id = pace.sender_id
        self.gap = pace.gap
        self._quota = _DailyQuota(pace.daily_limit)
        self._openings = Openings(hours)

    def earliest(self, instant: datetime) -> datetime:
        """The first time, not before ``instant``, at which the sender may send."""
        return self._openings.next_open(self._quota.earliest(instant))

    def take(self, instant: datetime) -> None:
        """Counts a send."""
        self._quota.take(instant)
