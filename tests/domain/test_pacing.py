"""What may be sent right now, within the limits of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from domain.pacing import Allowance, Gaps, Quota, after_gap, within_hours
from domain.schedule import DayHours, OperatingHours

NOW = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)  # a Monday
TODAY = NOW.date()
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def allowance(limit: int | None = 3, sent: int = 0, day: date = TODAY) -> Allowance:
    return Allowance(daily_limit=limit, day=day, sent_today=sent, next_free_at=LONG_AGO)


def test_what_is_left_is_the_limit_less_what_was_sent_today() -> None:
    assert allowance(sent=1).left(NOW, 10) == 2


def test_without_a_limit_the_asker_decides() -> None:
    assert allowance(limit=None, sent=999).left(NOW, 10) == 10


def test_yesterdays_sends_do_not_count() -> None:
    assert allowance(sent=3, day=TODAY - timedelta(days=1)).left(NOW, 10) == 3


def test_the_last_send_of_the_day_closes_until_midnight() -> None:
    spent = allowance(sent=2).charged(NOW)
    assert spent.left(NOW, 10) == 0
    assert spent.next_free_at == datetime(2030, 3, 5, tzinfo=UTC)
    assert spent.left(spent.next_free_at, 10) == 3


def test_a_raised_limit_counts_at_once_when_the_gate_is_opened_again() -> None:
    spent = allowance(sent=2).charged(NOW)
    raised = Allowance(daily_limit=5, day=spent.day, sent_today=spent.sent_today, next_free_at=LONG_AGO)
    assert raised.left(NOW, 10) == 2


def test_a_gap_keeps_a_sender_quiet_for_its_length() -> None:
    quiet = after_gap(allowance(), timedelta(seconds=60), NOW)
    assert quiet.left(NOW + timedelta(seconds=59), 1) == 0
    assert quiet.left(NOW + timedelta(seconds=60), 1) == 1


def test_no_gap_changes_nothing() -> None:
    assert after_gap(allowance(), timedelta(), NOW) == allowance()


def test_outside_of_its_hours_a_campaign_is_closed_until_they_begin() -> None:
    hours = OperatingHours(timezone="UTC", monday=DayHours("10:00", "12:00"))
    closed = within_hours(allowance(), hours, NOW)
    assert closed.left(NOW, 10) == 0
    assert closed.left(NOW + timedelta(hours=1), 10) == 3


class TestQuotas:
    HOUR = NOW.replace(minute=0)

    def quota(self, limit: int = 3, **done: int) -> Quota:
        hours = {self.HOUR - timedelta(hours=int(ago[1:])): n for ago, n in done.items()}
        return Quota(weekly_limit=limit, done=hours, next_free_at=LONG_AGO)

    def test_what_is_left_is_the_limit_less_the_last_seven_days(self) -> None:
        assert self.quota(h0=1, h100=1).left(NOW) == 1

    def test_an_hour_counts_until_seven_days_after_its_end(self) -> None:
        assert self.quota(h168=3).left(NOW) == 0
        assert self.quota(h169=3).left(NOW) == 3

    def test_the_last_one_closes_until_the_oldest_hour_is_forgotten(self) -> None:
        spent = self.quota(h100=2).charged(NOW + timedelta(minutes=30))
        assert spent.left(NOW + timedelta(minutes=31)) == 0
        assert spent.next_free_at == self.HOUR - timedelta(hours=100) + timedelta(days=7, hours=1)
        assert spent.left(spent.next_free_at) == 2

    def test_what_a_provider_closed_stays_closed(self) -> None:
        closed = Quota(weekly_limit=3, done={}, next_free_at=NOW + timedelta(days=1))
        assert closed.left(NOW) == 0
        assert closed.settled(NOW) == closed

    def test_each_channel_has_its_gap(self) -> None:
        gaps = Gaps(email=timedelta(seconds=60), linkedin=timedelta(seconds=120))
        assert gaps.after("email") == timedelta(seconds=60)
        assert gaps.after("connection_request") == gaps.after("message") == timedelta(seconds=120)
