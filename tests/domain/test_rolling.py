"""What may be done in any seven days, counted by clock hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.rolling import HourCount, RollingWeek

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def test_below_its_limit_a_week_is_free_now() -> None:
    week = RollingWeek(3, (HourCount(NOON, 2),))
    assert week.free_at(NOON + timedelta(minutes=5)) == NOON + timedelta(minutes=5)


def test_a_full_week_is_free_seven_days_after_the_end_of_its_oldest_hour() -> None:
    week = RollingWeek(2, (HourCount(NOON, 1), HourCount(NOON + timedelta(hours=3), 1)))
    assert week.free_at(NOON + timedelta(hours=4)) == NOON + timedelta(hours=1) + WEEK


def test_a_lowered_limit_waits_for_as_many_hours_as_it_takes() -> None:
    week = RollingWeek(1, (HourCount(NOON, 4), HourCount(NOON + timedelta(hours=3), 1)))
    assert week.free_at(NOON + timedelta(hours=4)) == NOON + timedelta(hours=4) + WEEK


def test_an_hour_that_is_a_week_old_counts_no_longer() -> None:
    week = RollingWeek(1, (HourCount(NOON, 1),))
    later = NOON + timedelta(hours=1) + WEEK
    assert week.free_at(later) == later
    assert week.charged(later).hours == (HourCount(later, 1),)


def test_what_is_done_within_an_hour_is_counted_together() -> None:
    week = RollingWeek(9).charged(NOON + timedelta(minutes=1)).charged(NOON + timedelta(minutes=59))
    assert week.hours == (HourCount(NOON, 2),)
    assert week.charged(NOON + timedelta(minutes=60)).hours[1:] == (HourCount(NOON + timedelta(hours=1), 1),)
