"""What may be sent right now, within the limits of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from domain.pacing import STEADY, Allowance, Gaps, Jitter, Lane, after_gap, untouched, within_hours
from domain.schedule import DayHours, OperatingHours

NOW = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)  # a Monday
TODAY = NOW.date()
MINUTE = timedelta(minutes=1)
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


def test_each_channel_has_its_gap() -> None:
    gaps = Gaps(email=timedelta(seconds=60), linkedin=timedelta(seconds=120))
    assert gaps.after("email") == timedelta(seconds=60)
    assert gaps.after("connection_request") == gaps.after("message") == timedelta(seconds=120)


def test_a_lane_has_left_what_the_least_of_its_three_allowances_has() -> None:
    lane = Lane(allowance(5), allowance(None), allowance(4, sent=2), timedelta())
    assert lane.left(NOW, 10) == 2
    assert lane.charged(NOW).left(NOW, 10) == 1


def test_with_a_gap_a_lane_lets_one_go_and_is_free_again_after_it() -> None:
    lane = Lane(allowance(5), allowance(None), untouched(4), timedelta(seconds=60))
    assert lane.left(NOW, 10) == 1
    assert lane.charged(NOW).left(NOW, 10) == 0
    assert lane.charged(NOW).free_at == NOW + timedelta(seconds=60)


def test_a_lane_whose_limit_is_met_is_free_at_midnight() -> None:
    lane = Lane(allowance(5), allowance(1), untouched(None), timedelta(seconds=60))
    assert lane.charged(NOW).free_at == datetime(2030, 3, 5, tzinfo=UTC)


def test_jitter_makes_a_gap_longer_by_up_to_its_share_and_never_shorter() -> None:
    jitter = Jitter(0.25, UUID(int=7))
    gaps = [jitter.stretched(MINUTE, NOW.date(), nth).total_seconds() for nth in range(1, 1001)]
    assert 60 <= min(gaps) < 60.5
    assert 74.5 < max(gaps) <= 75
    assert 67 < sum(gaps) / len(gaps) < 68  # equally likely throughout


def test_jitter_is_the_same_each_time_and_another_for_each_sender_day_and_send() -> None:
    def drawn(sender: int, day: int, nth: int) -> timedelta:
        return Jitter(1.0, UUID(int=sender)).stretched(MINUTE, NOW.date() + timedelta(days=day), nth)

    assert drawn(1, 0, 1) == drawn(1, 0, 1)
    assert len({drawn(sender, day, nth) for sender in (1, 2) for day in (0, 1) for nth in (1, 2)}) == 8


def test_jitter_draws_today_what_it_drew_before_an_update() -> None:
    drawn = Jitter(1.0, UUID(int=7)).stretched(timedelta(days=1), date(2030, 3, 4), 3)
    assert drawn == timedelta(days=1, hours=20, minutes=27, seconds=25.461405)


def test_what_never_sent_has_all_of_its_limit_left_on_every_day() -> None:
    fresh = untouched(4)
    assert (fresh.day, fresh.sent_today) == (date.min, 0)
    assert fresh.left(NOW, 10) == 4


def test_no_jitter_leaves_a_gap_as_it_is() -> None:
    assert STEADY.stretched(MINUTE, NOW.date(), 3) == MINUTE


def test_a_lane_with_jitter_is_free_after_the_drawn_gap() -> None:
    jitter = Jitter(0.5, UUID(int=7))
    lane = Lane(allowance(5), allowance(None), untouched(4), MINUTE, jitter).charged(NOW)
    assert lane.free_at == NOW + jitter.stretched(MINUTE, NOW.date(), lane.sender.sent_today)
    assert lane.free_at > NOW + MINUTE


def test_within_its_hours_a_campaigns_allowance_stays_as_it_is() -> None:
    assert within_hours(allowance(), None, NOW) == allowance()


def test_a_lane_keeps_its_gap_and_its_jitter_from_send_to_send() -> None:
    jitter = Jitter(0.5, UUID(int=1))
    lane = Lane(allowance(), allowance(), allowance(), MINUTE, jitter)
    charged = lane.charged(NOW)
    assert (charged.gap, charged.jitter) == (MINUTE, jitter)


def test_a_limit_that_is_met_closes_until_midnight_and_yesterdays_sends_meet_none() -> None:
    yesterday = allowance(sent=3, day=TODAY - timedelta(days=1))
    assert allowance(sent=3).settled(NOW).next_free_at == datetime(2030, 3, 5, tzinfo=UTC)
    assert yesterday.settled(NOW) == yesterday
    assert (yesterday.charged(NOW).day, yesterday.charged(NOW).sent_today) == (TODAY, 1)
