"""What may be done in any seven days, counted by clock hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from domain.quota import Quota, hour_of
from tests.domain.quotas import unused

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def quota(limit: int, **done: int) -> Quota:
    """A quota; ``h3=1``: one was done three hours after noon."""
    hours = {NOON + int(later[1:]) * HOUR: n for later, n in done.items()}
    return Quota(weekly_limit=limit, done=hours, next_free_at=LONG_AGO)


def test_what_is_left_is_the_limit_less_what_the_last_seven_days_saw() -> None:
    assert quota(3, h0=1, h4=1).left(NOON + 5 * HOUR) == 1


def test_an_hour_counts_until_seven_days_after_its_end() -> None:
    end = NOON + HOUR + WEEK
    assert quota(1, h0=1).left(end - timedelta(seconds=1)) == 0
    assert quota(1, h0=1).left(end) == 1


def test_below_its_limit_a_quota_is_free_now() -> None:
    now = NOON + timedelta(minutes=5)
    assert quota(3, h0=2).free_at(now) == now


def test_a_used_up_quota_is_free_when_its_oldest_hour_is_forgotten() -> None:
    assert quota(2, h0=1, h3=1).free_at(NOON + 4 * HOUR) == NOON + HOUR + WEEK


def test_a_lowered_limit_waits_for_as_many_hours_as_it_takes() -> None:
    assert quota(1, h0=4, h3=1).free_at(NOON + 4 * HOUR) == NOON + 4 * HOUR + WEEK


def test_the_last_one_closes_the_quota_until_it_is_free_again() -> None:
    spent = quota(2, h0=1).charged(NOON + 3 * HOUR)
    assert spent.next_free_at == NOON + HOUR + WEEK
    assert spent.left(spent.next_free_at) == 1


def test_what_a_provider_closed_stays_closed() -> None:
    closed = Quota(weekly_limit=3, done={}, next_free_at=NOON + HOUR)
    assert closed.left(NOON) == 0
    assert closed.settled(NOON) == closed
    assert closed.free_at(NOON) == NOON + HOUR


def test_what_is_done_within_an_hour_is_counted_together() -> None:
    twice = unused(9).charged(NOON + timedelta(minutes=1)).charged(NOON + timedelta(minutes=59))
    assert twice.done == {NOON: 2}
    assert twice.charged(NOON + HOUR).done == {NOON: 2, NOON + HOUR: 1}


def test_an_hour_that_is_a_week_old_is_forgotten() -> None:
    later = NOON + HOUR + WEEK
    assert quota(1, h0=1).charged(later).done == {later: 1}


def test_a_lowered_limit_is_met_again_when_enough_of_several_hours_are_forgotten() -> None:
    assert quota(4, h0=1, h1=1, h2=3).free_at(NOON + 4 * HOUR) == NOON + 2 * HOUR + WEEK


def test_a_quota_that_is_free_stays_as_it_is() -> None:
    free = quota(3, h0=1)
    assert free.settled(NOON + HOUR) == free


def test_an_hour_begins_with_its_first_moment_wherever_the_clock_hangs() -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    assert hour_of(datetime(2030, 3, 4, 18, 14, 59, 999_999, tzinfo=kathmandu)) == NOON
