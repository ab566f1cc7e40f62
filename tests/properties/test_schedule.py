"""Laws of the schedule: the first open instant is open and none was before; a plan wastes no time."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refusal import Invalid
from domain.schedule import (
    DayHours,
    OperatingHours,
    SenderPace,
    check_hours,
    is_open,
    next_midnight,
    next_open,
    plan,
    sending_day,
)
from tests.kit.schedules import campaign_limits, instants, operating_hours, paces


@given(operating_hours())
def test_hours_drawn_from_the_rules_are_accepted(hours: OperatingHours) -> None:
    check_hours(hours)


@given(st.text(max_size=20), st.text(max_size=5), st.text(max_size=5))
def test_hours_of_any_text_are_refused_and_nothing_else_happens(timezone: str, start: str, end: str) -> None:
    with pytest.raises(Invalid):
        check_hours(OperatingHours(timezone=timezone, monday=DayHours(start, end)))


@given(operating_hours(), instants)
def test_the_next_opening_is_the_first_open_instant(hours: OperatingHours, instant: datetime) -> None:
    opens = next_open(hours, instant)
    assert opens >= instant
    assert is_open(hours, opens)
    if is_open(hours, instant):
        assert opens == instant
    else:
        waiting = opens - instant
        sampled = [instant + waiting * part / 97 for part in range(97)]
        last_moment = opens - timedelta(microseconds=1)
        assert not any(is_open(hours, moment) for moment in (*sampled, last_moment))


@given(operating_hours(), instants, st.timedeltas(timedelta(), timedelta(days=9)))
def test_a_later_start_never_opens_earlier(
    hours: OperatingHours, instant: datetime, later: timedelta
) -> None:
    assert next_open(hours, instant) <= next_open(hours, instant + later)
    assert next_open(hours, next_open(hours, instant)) == next_open(hours, instant)


@given(instants)
def test_midnight_begins_the_next_sending_day(instant: datetime) -> None:
    midnight = next_midnight(instant)
    assert instant < midnight <= instant + timedelta(days=1)
    assert sending_day(midnight) == sending_day(instant) + timedelta(days=1)


@given(instants, st.none() | operating_hours(), paces, st.integers(1, 40), campaign_limits)
def test_a_plan_wastes_no_time(
    starts_at: datetime,
    hours: OperatingHours | None,
    senders: list[SenderPace],
    count: int,
    campaign_limit: int | None,
) -> None:
    """No sender waits at a send that it could have made itself, so each send is as early as the limits allow."""
    last: dict[UUID, datetime] = {}
    sent: Counter[object] = Counter()
    for step in plan(starts_at, hours, senders, count, campaign_limit):
        earliest = min(
            _free_from(sender, last.get(sender.sender_id), sent, starts_at, hours, campaign_limit)
            for sender in senders
        )
        assert step.due_at == earliest
        day = sending_day(step.due_at)
        last[step.sender_id] = step.due_at
        sent.update([day, (day, step.sender_id)])


def _free_from(
    sender: SenderPace,
    last: datetime | None,
    sent: Counter[object],
    starts_at: datetime,
    hours: OperatingHours | None,
    campaign_limit: int | None,
) -> datetime:
    """The slow and obvious way: try the hours, and while a day is full, the midnight after it."""

    def is_full(day: date) -> bool:
        spent = campaign_limit is not None and sent[day] >= campaign_limit
        return spent or sent[day, sender.sender_id] >= sender.daily_limit

    free = next_open(hours, starts_at if last is None else last + sender.gap)
    while is_full(sending_day(free)):
        free = next_open(hours, next_midnight(free))
    return free


@given(instants, st.integers(1, 5), st.integers(1, 40), st.timedeltas(timedelta(), timedelta(hours=1)))
def test_equal_senders_get_equal_shares_in_rotation(
    starts_at: datetime, senders: int, count: int, gap: timedelta
) -> None:
    equal = [SenderPace(UUID(int=n), 10, gap) for n in range(senders)]
    planned = plan(starts_at, None, equal, count)
    assert [step.sender_id.int for step in planned] == [ordinal % senders for ordinal in range(count)]


@given(instants, st.none() | operating_hours(), paces, st.integers(1, 30), campaign_limits)
def test_more_leads_only_lengthen_a_plan(
    starts_at: datetime,
    hours: OperatingHours | None,
    senders: list[SenderPace],
    count: int,
    campaign_limit: int | None,
) -> None:
    short = list(plan(starts_at, hours, senders, count, campaign_limit))
    longer = list(plan(starts_at, hours, senders, count + 5, campaign_limit))
    assert longer[:count] == short
