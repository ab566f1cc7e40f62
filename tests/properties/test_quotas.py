"""Whenever a sender acts, as often as its quota lets it: no seven days ever see more than the limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.quota import WEEK, Quota

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
pauses = st.lists(st.integers(0, 3 * 24 * 60), min_size=1, max_size=60).map(
    lambda minutes: [timedelta(minutes=pause) for pause in minutes]
)


def taken(limit: int, pauses: list[timedelta]) -> list[datetime]:
    """When a sender acts that tries after each pause, and waits as long as its quota tells it to."""
    quota = Quota(weekly_limit=limit, done={}, next_free_at=BEGIN)
    now, times = BEGIN, []
    for pause in pauses:
        now += pause
        if quota.left(now):
            quota = quota.charged(now)
            times.append(now)
    return times


@given(limit=st.integers(1, 5), pauses=pauses)
def test_no_seven_days_hold_more_than_the_limit(limit: int, pauses: list[timedelta]) -> None:
    times = taken(limit, pauses)
    for begin in times:
        assert sum(begin <= time <= begin + WEEK for time in times) <= limit


@given(limit=st.integers(1, 5), pauses=pauses)
def test_a_used_up_quota_says_when_it_has_something_again(limit: int, pauses: list[timedelta]) -> None:
    quota = Quota(weekly_limit=limit, done={}, next_free_at=BEGIN)
    now = BEGIN
    for pause in pauses:
        now += pause
        quota = quota.charged(now) if quota.left(now) else quota.settled(now)
        if not quota.left(now):
            assert quota.next_free_at > now
            assert quota.left(quota.next_free_at) > 0
