"""Examples of opening hours on ordinary days and on the two odd ones, and of planned sends."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import msgspec
import pytest

from domain.refusal import Invalid
from domain.schedule import (
    WEEK,
    DayHours,
    OperatingHours,
    Planned,
    SenderPace,
    check_hours,
    is_open,
    next_midnight,
    next_open,
    plan,
    sending_day,
)


def at(text: str) -> datetime:
    """An instant of 2026, unless the year is given, in UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


def daily(timezone: str, start: str, end: str) -> OperatingHours:
    week = {day: DayHours(start, end) for day in WEEK}
    return OperatingHours(timezone=timezone, **week)


def pace(number: int, limit: int = 30, gap: timedelta = timedelta()) -> SenderPace:
    return SenderPace(UUID(int=number), limit, gap)


def brief(planned: list[Planned]) -> list[tuple[int, str]]:
    return [(step.sender_id.int, f"{step.due_at:%d %H:%M}") for step in planned]


OFFICE = msgspec.convert(
    {
        "timezone": "Europe/Berlin",
        "monday": {"start": "09:00", "end": "17:00"},
        "friday": {"start": "10:00", "end": "12:00"},
    },
    OperatingHours,
)


# --- Hours ------------------------------------------------------------------------------------------------


def test_hours_are_read_from_the_shape_of_the_api_and_closed_where_absent() -> None:
    assert OFFICE.monday == DayHours("09:00", "17:00")
    assert OFFICE.tuesday is None
    check_hours(OFFICE)


@pytest.mark.parametrize(
    ("hours", "path"),
    [
        (daily("Mars/Olympus", "09:00", "17:00"), "operating_hours.timezone"),
        (daily("localtime", "09:00", "17:00"), "operating_hours.timezone"),
        (daily("../UTC", "09:00", "17:00"), "operating_hours.timezone"),
        (OperatingHours(timezone="UTC"), "operating_hours"),
        (OperatingHours(timezone="UTC", monday=DayHours("17:00", "09:00")), "operating_hours.monday.end"),
        (OperatingHours(timezone="UTC", sunday=DayHours("09:00", "09:00")), "operating_hours.sunday.end"),
        (OperatingHours(timezone="UTC", monday=DayHours("9:00", "17:00")), "operating_hours.monday.start"),
        (OperatingHours(timezone="UTC", monday=DayHours("09:00", "25:00")), "operating_hours.monday.end"),
        (OperatingHours(timezone="UTC", monday=DayHours("09:00", "17:00\n")), "operating_hours.monday.end"),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_field(hours: OperatingHours, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_hours(hours)
    assert [error.path for error in refusal.value.errors] == [path]


def test_a_day_may_be_open_until_midnight() -> None:
    hours = daily("UTC", "00:00", "24:00")
    check_hours(hours)
    assert is_open(hours, at("2026-05-05T23:59"))


def test_it_is_open_from_its_first_moment_until_just_before_the_end() -> None:
    moment = timedelta(microseconds=1)
    opens, closes = at("2026-11-23T08:00"), at("2026-11-23T16:00")  # Monday, 09:00 to 17:00 in Berlin
    asked = (opens - moment, opens, closes - moment, closes)
    assert [is_open(OFFICE, instant) for instant in asked] == [False, True, True, False]


def test_without_hours_it_is_always_open() -> None:
    assert is_open(None, at("2026-05-05T03:00"))
    assert next_open(None, at("2026-05-05T03:00")) == at("2026-05-05T03:00")


@pytest.mark.parametrize(
    ("instant", "opens"),
    [
        ("2026-11-23T08:30", "2026-11-23T08:30"),  # Monday 09:30 in Berlin
        ("2026-11-23T07:59", "2026-11-23T08:00"),
        ("2026-11-23T16:00", "2026-11-27T09:00"),  # the end is closed; next is Friday
        ("2026-11-27T11:00", "2026-11-30T08:00"),
    ],
)
def test_it_opens_at_the_first_open_instant(instant: str, opens: str) -> None:
    assert next_open(OFFICE, at(instant)) == at(opens)


def test_an_instant_of_any_zone_is_answered_in_utc() -> None:
    tokyo = datetime.fromisoformat("2026-11-23T17:30+09:00")
    assert next_open(OFFICE, tokyo).tzinfo is UTC
    assert next_open(OFFICE, tokyo) == tokyo


def test_the_same_wall_time_is_another_instant_after_the_clocks_change() -> None:
    hours = daily("America/New_York", "09:00", "10:00")
    assert next_open(hours, at("2026-03-07T00:00")) == at("2026-03-07T14:00")
    assert next_open(hours, at("2026-03-08T00:00")) == at("2026-03-08T13:00")


def test_an_opening_time_that_is_skipped_opens_when_the_clock_has_jumped() -> None:
    # Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
    assert next_open(daily("Europe/Berlin", "02:30", "04:00"), at("2026-03-28T12:00")) == at(
        "2026-03-29T01:00"
    )


def test_hours_that_are_skipped_entirely_open_on_the_next_day() -> None:
    hours = daily("Europe/Berlin", "02:15", "02:45")
    assert next_open(hours, at("2026-03-28T12:00")) == at("2026-03-30T00:15")


def test_an_hour_that_is_repeated_is_open_both_times() -> None:
    # Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
    hours = daily("Europe/Berlin", "02:15", "02:45")
    assert next_open(hours, at("2026-10-25T00:00")) == at("2026-10-25T00:15")
    assert next_open(hours, at("2026-10-25T00:45")) == at("2026-10-25T01:15")
    assert next_open(hours, at("2026-10-25T01:45")) == at("2026-10-26T01:15")


def test_a_clock_that_changes_in_the_utc_afternoon_is_followed_to_the_second() -> None:
    # Auckland, 27 September 2026: 02:00 becomes 03:00 at 14:00 UTC of the day before.
    hours = daily("Pacific/Auckland", "03:30", "04:00")
    assert next_open(hours, at("2026-09-26T00:00")) == at("2026-09-26T14:30")


def test_a_machine_whose_clock_does_not_change_follows_one_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Africa/Algiers")  # an hour ahead the year round, as Berlin is before it changes
    time.tzset()
    hours = daily("Europe/Berlin", "02:30", "04:00")
    assert next_open(hours, at("2026-03-28T12:00")) == at("2026-03-29T01:00")


def test_a_day_that_a_country_skipped_is_no_open_day() -> None:
    # Samoa had no Friday, 30 December 2011.
    hours = OperatingHours(timezone="Pacific/Apia", friday=DayHours("09:00", "10:00"))
    assert next_open(hours, at("2011-12-29T00:00")) == at("2012-01-05T19:00")


def test_hours_that_never_open_do_not_search_for_ever() -> None:
    with pytest.raises(ValueError, match="open at no time"):
        next_open(OperatingHours(timezone="UTC"), at("2026-01-01T00:00"))


def test_the_sending_day_is_the_calendar_day_in_utc() -> None:
    late_in_new_york = datetime.fromisoformat("2026-05-05T22:00-04:00")
    assert sending_day(late_in_new_york).isoformat() == "2026-05-06"
    assert next_midnight(late_in_new_york) == at("2026-05-07T00:00")
    assert next_midnight(at("2026-05-07T00:00")) == at("2026-05-08T00:00")


# --- Plan -------------------------------------------------------------------------------------------------


def test_senders_take_turns_and_keep_their_gap() -> None:
    senders = [pace(1, gap=timedelta(minutes=10)), pace(2, gap=timedelta(minutes=10))]
    planned = list(plan(at("2026-05-05T12:00"), None, senders, 5))
    assert brief(planned) == [
        (1, "05 12:00"),
        (2, "05 12:00"),
        (1, "05 12:10"),
        (2, "05 12:10"),
        (1, "05 12:20"),
    ]
    assert [step.ordinal for step in planned] == [0, 1, 2, 3, 4]
    assert {step.due_at.tzinfo for step in planned} == {UTC}


def test_a_faster_sender_takes_more_leads() -> None:
    senders = [pace(1, gap=timedelta(minutes=30)), pace(2, gap=timedelta(minutes=10))]
    planned = list(plan(at("2026-05-05T12:00"), None, senders, 6))
    assert [step.sender_id.int for step in planned] == [1, 2, 2, 2, 1, 2]


def test_without_a_gap_a_day_goes_out_at_once() -> None:
    planned = list(plan(at("2026-05-05T12:00"), None, [pace(1, limit=2), pace(2, limit=1)], 5))
    assert brief(planned) == [
        (1, "05 12:00"),
        (2, "05 12:00"),
        (1, "05 12:00"),
        (2, "06 00:00"),
        (1, "06 00:00"),
    ]


def test_the_campaign_limit_holds_over_all_senders_and_turns_go_on_the_next_day() -> None:
    senders = [pace(number) for number in (1, 2, 3)]
    planned = list(plan(at("2026-05-05T12:00"), None, senders, 5, campaign_daily_limit=2))
    assert brief(planned) == [
        (1, "05 12:00"),
        (2, "05 12:00"),
        (3, "06 00:00"),
        (1, "06 00:00"),
        (2, "07 00:00"),
    ]


def test_a_gap_longer_than_a_day_is_kept() -> None:
    planned = list(plan(at("2026-05-05T12:00"), None, [pace(1, gap=timedelta(hours=30))], 3))
    assert brief(planned) == [(1, "05 12:00"), (1, "06 18:00"), (1, "08 00:00")]


def test_the_plan_stays_inside_the_hours() -> None:
    senders = [pace(1, gap=timedelta(hours=3))]
    planned = list(plan(at("2026-11-23T12:00"), OFFICE, senders, 4))
    assert brief(planned) == [(1, "23 12:00"), (1, "23 15:00"), (1, "27 09:00"), (1, "30 08:00")]


def test_a_send_that_would_fall_on_the_closing_time_waits() -> None:
    planned = list(plan(at("2026-11-23T12:00"), OFFICE, [pace(1, gap=timedelta(hours=4))], 2))
    assert brief(planned) == [(1, "23 12:00"), (1, "27 09:00")]


def test_who_was_put_off_by_the_campaign_limit_comes_first_the_next_day() -> None:
    senders = [pace(number, limit=1) for number in (1, 2, 3)]
    planned = list(plan(at("2026-05-05T12:00"), None, senders, 4, campaign_daily_limit=1))
    assert brief(planned) == [(1, "05 12:00"), (2, "06 00:00"), (3, "07 00:00"), (1, "08 00:00")]


def test_a_limit_is_counted_by_utc_day_even_where_the_hours_span_two() -> None:
    hours = daily("Pacific/Auckland", "08:00", "20:00")  # 20:00 to 08:00 UTC
    planned = list(plan(at("2026-05-05T20:00"), hours, [pace(1, limit=2)], 4))
    assert brief(planned) == [(1, "05 20:00"), (1, "05 20:00"), (1, "06 00:00"), (1, "06 00:00")]


def test_a_plan_without_anyone_to_send_is_a_mistake_of_the_caller() -> None:
    for senders, limit in (([], None), ([pace(1, limit=0)], None), ([pace(1)], 0)):
        with pytest.raises(ValueError, match=r"^a plan needs a sender .* above zero$"):
            plan(at("2026-05-05T12:00"), None, senders, 1, limit)


def test_a_plan_for_many_leads_is_a_stream() -> None:
    planned = plan(at("2026-05-05T12:00"), OFFICE, [pace(1), pace(2)], 20_000)
    per_day = [len(list(day)) for _, day in groupby(planned, key=lambda step: sending_day(step.due_at))]
    assert sum(per_day) == 20_000
    assert set(per_day[:-1]) == {60}
