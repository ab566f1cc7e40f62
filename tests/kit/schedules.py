"""Instants around changes of the clock, operating hours, and what a plan is made of: strategies for Hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from domain.schedule import WEEK, DayHours, OperatingHours, SenderPace

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Pacific/Kiritimati",
)
# Offsets change in the first hours of these UTC days, or of their neighbours, in some of the zones.
DAYS_OF_CHANGE = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
    datetime(2011, 12, 30, tzinfo=UTC),
)

near_a_change = st.builds(
    lambda day, seconds: day + timedelta(seconds=seconds),
    st.sampled_from(DAYS_OF_CHANGE),
    st.integers(-2 * 86_400, 2 * 86_400),
)
any_day = st.timedeltas(timedelta(), timedelta(days=60 * 365)).map(
    lambda since: datetime(2000, 1, 1, tzinfo=UTC) + since
)
instants = near_a_change | any_day
minutes = st.integers(0, 24 * 60) | st.integers(0, 5 * 60)


def wall(minute: int) -> str:
    """The time of day, so many minutes after midnight."""
    return f"{minute // 60:02}:{minute % 60:02}"


day_hours = st.lists(minutes, min_size=2, max_size=2, unique=True).map(
    lambda pair: DayHours(wall(min(pair)), wall(max(pair)))
)


@st.composite
def operating_hours(draw: st.DrawFn) -> OperatingHours:
    """A week that ``check_hours`` accepts, in a zone where clocks change in one way or another."""
    week = draw(st.dictionaries(st.sampled_from(WEEK), day_hours, min_size=1))
    return OperatingHours(timezone=draw(st.sampled_from(ZONES)), **week)


paces = st.lists(
    st.tuples(st.integers(1, 6), st.timedeltas(timedelta(), timedelta(hours=30)) | st.just(timedelta())),
    min_size=1,
    max_size=5,
).map(lambda drawn: [SenderPace(UUID(int=n), limit, gap) for n, (limit, gap) in enumerate(drawn)])
campaign_limits = st.none() | st.integers(1, 8)
