"""Sends counted by day and sender."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from domain.forecast import Forecast, SendingDay, Standing, forecast, sendable_from, sends_left
from domain.simulation import Send
from tests.domain.campaigning import nodes_of

FIRST = datetime(2030, 3, 29, 22, tzinfo=UTC)
DAY = timedelta(days=1)
OURS, ANOTHER = UUID(int=1), UUID(int=2)
FAR = FIRST + 99 * DAY


def sends(*hours: int, campaign_id: UUID = OURS) -> list[Send]:
    return [Send(FIRST + timedelta(hours=hour), campaign_id, UUID(int=9), 1, UUID(int=1)) for hour in hours]


def counted(found: Forecast) -> list[tuple[int, int]]:
    return [(day.day.day, day.sends) for day in found.days]


def test_sends_are_counted_by_the_day_they_count_against() -> None:
    found = forecast(sends(0, 1, 2), OURS, 3, FAR, at_most=99)
    assert found.days == (
        SendingDay(date(2030, 3, 29), UUID(int=9), 2, FIRST, FIRST + timedelta(hours=1)),
        SendingDay(date(2030, 3, 30), UUID(int=9), 1, FIRST + timedelta(hours=2), FIRST + timedelta(hours=2)),
    )
    assert (found.complete, found.ends_at) == (True, FIRST + timedelta(hours=2))


def test_only_the_campaign_asked_about_is_counted_and_once_it_is_through_nobody_looks_further() -> None:
    others = sends(2, 3, 4, campaign_id=ANOTHER)
    played = iter([*sends(0, campaign_id=ANOTHER), *sends(1), *others])
    assert counted(forecast(played, OURS, 1, FAR, at_most=99)) == [(29, 1)]
    assert list(played) == others[1:]


def test_a_forecast_that_is_cut_off_tells_whole_days_only_and_no_end() -> None:
    by_sends = forecast(sends(0, 1, 2, 3, 26), OURS, 5, FAR, at_most=3)
    by_time = forecast(sends(0, 1, 2, 3, 26), OURS, 5, FIRST + timedelta(hours=3), at_most=99)
    by_knowledge = forecast(sends(0, 1, 2), OURS, 5, FIRST + timedelta(hours=3), at_most=99)
    for found in (by_sends, by_time, by_knowledge):
        assert counted(found) == [(29, 2)]
        assert (found.complete, found.ends_at) == (False, None)


def test_a_forecast_that_just_reaches_the_end_tells_its_last_day_though_it_is_not_over() -> None:
    found = forecast(sends(0, 1), OURS, 2, FIRST + timedelta(minutes=61), at_most=99)
    assert (counted(found), found.complete) == ([(29, 2)], True)


def test_what_is_sent_at_the_very_moment_where_the_forecast_ends_is_not_in_it() -> None:
    assert not forecast(sends(0, 1), OURS, 2, FIRST + timedelta(hours=1), at_most=99).complete


def test_nothing_to_send_is_a_complete_forecast() -> None:
    nothing = forecast([], OURS, 0, FAR, at_most=99)
    assert nothing == Forecast((), complete=True)
    assert nothing.ends_at is None


def test_what_is_left_counts_every_step_to_come_but_those_in_flight() -> None:
    nodes = nodes_of("email", DAY, "email", DAY, "email")
    standing = (Standing(UUID(int=1), 2), Standing(UUID(int=3), 5), Standing(UUID(int=5), 4, in_flight=True))
    assert sends_left(nodes, standing) == 2 * 3 + 5 * 2
    assert sendable_from(nodes_of("email", "email", "ai"), UUID(int=2)) == 2
