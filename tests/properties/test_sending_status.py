"""Whatever the situation: one code of the list, and `healthy` exactly when a claim would find something to take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.campaign.events import PauseReason, Status
from domain.pacing import Allowance, Gaps, Lane
from domain.quota import Quota
from domain.schedule import DayHours, OperatingHours
from domain.sender.events import SenderStatus
from domain.sending_status import Code, Due, Situation, sending_status
from domain.sequence import Action
from service.dispatch.limits import Limits

NOW = datetime(2030, 1, 31, 9, 30, tzinfo=UTC)
WORKSPACE, SENDER, CAMPAIGN = UUID(int=1), UUID(int=2), UUID(int=3)
actions = st.sampled_from(get_args(Action))
instants = st.integers(-3000, 3000).map(lambda minutes: NOW + timedelta(minutes=minutes))
allowances = st.builds(
    Allowance,
    daily_limit=st.none() | st.integers(1, 3),
    day=instants.map(datetime.date),
    sent_today=st.integers(0, 4),
    next_free_at=instants,
)
quotas = st.builds(
    Quota,
    weekly_limit=st.integers(1, 3),
    done=st.dictionaries(
        st.integers(0, 200).map(lambda n: NOW.replace(minute=0) - timedelta(hours=n)),
        st.integers(1, 2),
        max_size=3,
    ),
    next_free_at=instants,
)
open_hours = st.none() | st.builds(
    OperatingHours,
    timezone=st.just("UTC"),
    thursday=st.none() | st.just(DayHours("09:00", "10:00")),
    friday=st.just(DayHours("09:00", "10:00")),
)
work = st.builds(
    Due,
    waiting=st.dictionaries(st.just("email"), instants),
    connection_by=st.none() | instants,
    trace_at=st.none() | instants,
    in_flight=st.booleans(),
)
lanes = st.builds(Lane, allowances, allowances, allowances, st.just(timedelta()))


def mostly(usual: object, others: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """The usual more often than not, or nothing would ever be sent."""
    return st.one_of(st.just(usual), st.just(usual), others)


situations = st.builds(
    Situation,
    campaign_status=mostly("active", st.sampled_from(get_args(Status))),
    pause_reason=st.none() | st.sampled_from(get_args(PauseReason)),
    sender_status=mostly("active", st.none() | st.sampled_from(get_args(SenderStatus))),
    usable=mostly(True, st.booleans()),
    set_back=mostly(False, st.booleans()),
    engine_alive=mostly(True, st.booleans()),
    due=work,
    hours=open_hours,
    lane=st.none() | lanes,
    quotas=st.just({}),
)
on_linkedin = st.builds(
    Situation,
    campaign_status=st.just("active"),
    sender_status=st.just("connected"),
    usable=st.just(True),
    engine_alive=st.just(True),
    due=st.builds(
        Due, waiting=st.dictionaries(st.sampled_from(["connection_request", "message"]), instants, min_size=1)
    ),
    hours=open_hours,
    lane=lanes,
    quotas=st.fixed_dictionaries({"connection_request": quotas, "message": quotas}),
)


def claimable(situation: Situation) -> bool:
    """Whether a claim would find something to take, by the claim's own limits."""
    lane = situation.lane
    if situation.campaign_status != "active" or not situation.usable or lane is None:
        return False
    limits = Limits(NOW, Gaps())
    limits.admit_sender((WORKSPACE, SENDER), lane.sender)
    limits.admit_campaign((WORKSPACE, CAMPAIGN), lane.campaign, situation.hours)
    limits.admit_lane((WORKSPACE, SENDER, CAMPAIGN), lane.own)
    for action, quota in situation.quotas.items():
        limits.admit_quota((WORKSPACE, SENDER, action), quota)
    due = {action for action, at in situation.due.waiting.items() if at <= NOW}
    return any(action in due for _, action in limits.open_lanes(100))


@given(situation=situations | on_linkedin)
def test_it_is_healthy_exactly_when_a_worker_would_claim_something(situation: Situation) -> None:
    healthy = sending_status(situation, NOW).code == "healthy"
    assert healthy == (claimable(situation) and situation.engine_alive and not situation.set_back)


@given(situation=situations | on_linkedin)
def test_there_is_one_code_of_the_list_and_limits_end_later_than_now(situation: Situation) -> None:
    status = sending_status(situation, NOW)
    assert status.code in get_args(Code)
    if status.code in ("out_of_hours", "daily_limit_met", "weekly_limit_met", "gap_not_elapsed"):
        assert status.next_at is not None
        assert status.next_at > NOW
