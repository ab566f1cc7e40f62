"""Examples of what a launch plans for its leads at first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.campaign.enrolment import first_actions, first_step
from domain.campaign.events import AccountLimit
from domain.campaign.state import Campaign
from domain.pacing import Gaps
from domain.schedule import WEEK, DayHours, OperatingHours
from domain.sequence import Channel, Nodes, NodeType
from tests.domain.campaigning import nodes_of
from tests.domain.test_campaign import given

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ANN, BOB, GONE = UUID(int=1), UUID(int=2), UUID(int=3)
LIMITS = {ANN: 30, BOB: 30}
GAPS = Gaps(email=10 * MINUTE, linkedin=20 * MINUTE)
ONE_MAIL = nodes_of("email")


def campaign(nodes: Nodes = ONE_MAIL, channel: Channel = "email", **settings: Any) -> Campaign:
    """A campaign through Ann and Bob, but for these settings."""
    drafted = given()
    wanted = {"sender_account_ids": (ANN, BOB), "account_limits": (), **settings}
    return replace(drafted, channel=channel, nodes=nodes, settings=replace(drafted.settings, **wanted))


def planned(
    campaign: Campaign, count: int, *, limits: Mapping[UUID, int] = LIMITS, gaps: Gaps = GAPS
) -> list[tuple[int, str]]:
    """Who sends the first step of each lead, and when."""
    steps = list(first_actions(campaign, limits, gaps, NOON, count))
    assert [step.ordinal for step in steps] == list(range(count))
    return [(step.sender_id.int, f"{step.due_at:%d %H:%M}") for step in steps]


def test_the_senders_of_the_campaign_take_turns_and_keep_their_gap() -> None:
    assert planned(campaign(), 4) == [(1, "04 12:00"), (2, "04 12:00"), (1, "04 12:10"), (2, "04 12:10")]


@pytest.mark.parametrize("step", ["connection_request", "message"])
def test_on_linkedin_the_gap_is_that_of_linkedin(step: NodeType) -> None:
    invited = campaign(nodes_of(step), "linkedin", sender_account_ids=(ANN,))
    assert planned(invited, 2) == [(1, "04 12:00"), (1, "04 12:20")]


@pytest.mark.parametrize(("channel", "second"), [("email", "04 12:10"), ("linkedin", "04 12:20")])
def test_an_ai_step_keeps_the_gap_of_its_channel(channel: Channel, second: str) -> None:
    written = campaign(nodes_of("ai"), channel, sender_account_ids=(ANN,))
    assert planned(written, 2) == [(1, "04 12:00"), (1, second)]


def test_a_delay_before_the_first_step_is_waited_for() -> None:
    assert planned(campaign(nodes_of(90 * MINUTE, "email")), 1) == [(1, "04 13:30")]


def test_the_campaigns_hours_and_its_daily_limit_are_kept() -> None:
    hours = OperatingHours(timezone="UTC", **dict.fromkeys(WEEK, DayHours("14:00", "15:00")))
    limited = campaign(operating_hours=hours, daily_limit=2)
    assert planned(limited, 3) == [(1, "04 14:00"), (2, "04 14:00"), (1, "05 14:00")]


@pytest.mark.parametrize(("of_the_account", "within_the_campaign"), [(30, 1), (1, 30)])
def test_the_lower_of_a_senders_limits_counts(of_the_account: int, within_the_campaign: int) -> None:
    limited = campaign(account_limits=(AccountLimit(ANN, within_the_campaign),))
    limits = {ANN: of_the_account, BOB: 2}
    assert planned(limited, 4, limits=limits, gaps=Gaps()) == [
        (1, "04 12:00"),
        (2, "04 12:00"),
        (2, "04 12:00"),
        (1, "05 00:00"),
    ]


def test_an_account_that_is_gone_sends_nothing_and_others_are_not_asked() -> None:
    left = campaign(sender_account_ids=(GONE, BOB))
    assert planned(left, 2, limits=LIMITS) == [(2, "04 12:00"), (2, "04 12:10")]


def test_without_any_sender_there_is_no_plan() -> None:
    with pytest.raises(ValueError, match="needs a sender"):
        planned(campaign(sender_account_ids=(GONE,)), 1)


def test_the_first_step_is_the_first_that_sends() -> None:
    first = first_step(nodes_of(HOUR, MINUTE, "email", "email"))
    assert (first.position, first.node.type, first.delay) == (2, "email", HOUR + MINUTE)
