"""Why a sender account is sending or not: every code, and which comes first where there are several reasons."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from domain.pacing import Allowance, Lane, untouched
from domain.quota import Quota
from domain.schedule import DayHours, OperatingHours
from domain.sending_status import SENTENCES, Code, Due, SendingStatus, Situation, sending_status
from tests.domain.quotas import unused

NOW = datetime(2030, 1, 31, 9, tzinfo=UTC)  # a Thursday
HOUR, MIDNIGHT = timedelta(hours=1), datetime(2030, 2, 1, tzinfo=UTC)
FREE = untouched(None)
FULL = Allowance(daily_limit=5, day=NOW.date(), sent_today=5, next_free_at=MIDNIGHT)
RESTING = replace(FREE, next_free_at=NOW + timedelta(seconds=60))
USED_UP = Quota(weekly_limit=1, done={NOW - HOUR: 1}, next_free_at=NOW - HOUR)
HEALTHY = Situation(
    campaign_status="active",
    sender_status="active",
    usable=True,
    engine_alive=True,
    due=Due(waiting={"email": NOW}),
    lane=Lane(FREE, FREE, FREE, timedelta()),
)
LATER_TODAY = OperatingHours(timezone="UTC", thursday=DayHours("10:00", "11:00"))


def but(**changes: Any) -> Situation:
    """A situation in which all is well but for this."""
    return replace(HEALTHY, **changes)


def lane(sender: Allowance = FREE, campaign: Allowance = FREE, own: Allowance = FREE) -> Lane:
    return Lane(sender, campaign, own, timedelta())


CASES: dict[Code, list[tuple[Situation, datetime | None]]] = {
    "campaign_draft": [
        (but(campaign_status="draft"), None),
        (but(campaign_status="draft", launch_at=MIDNIGHT), MIDNIGHT),
    ],
    "campaign_launching": [(but(campaign_status="launching"), None)],
    "campaign_paused": [(but(campaign_status="paused", pause_reason="requested"), None)],
    "bounce_guard": [(but(campaign_status="paused", pause_reason="bounce-guard"), None)],
    "campaign_completed": [(but(campaign_status="completed", due=Due()), None)],
    "campaign_stopped": [(but(campaign_status="stopped"), None)],
    "campaign_archived": [(but(campaign_status="archived", due=Due()), None)],
    "no_leads_left": [(but(due=Due()), None)],
    "sender_warming": [
        (but(usable=False, sender_status="warming"), None),
        (but(usable=False, sender_status="pending"), None),
    ],
    "sender_error": [
        (but(usable=False, sender_status="error"), None),
        (but(usable=False, sender_status="disconnected"), None),
        (but(usable=False, sender_status=None), None),
        (but(lane=None), None),
    ],
    "restored_not_accepted": [(but(set_back=True), None)],
    "waiting_for_engine": [(but(engine_alive=False), None)],
    "sends_in_flight": [
        (but(due=Due(in_flight=True)), None),
        (but(due=Due(in_flight=True, waiting={"email": MIDNIGHT})), None),
    ],
    "delay_not_elapsed": [(but(due=Due(waiting={"email": MIDNIGHT})), MIDNIGHT)],
    "awaiting_connection": [(but(due=Due(connection_by=MIDNIGHT, trace_at=NOW)), MIDNIGHT)],
    "looking_for_trace": [(but(due=Due(trace_at=MIDNIGHT)), MIDNIGHT)],
    "out_of_hours": [(but(hours=LATER_TODAY), NOW + HOUR)],
    "daily_limit_met": [
        (but(lane=lane(sender=FULL)), MIDNIGHT),
        (but(lane=lane(campaign=FULL)), MIDNIGHT),
        (but(lane=lane(own=FULL)), MIDNIGHT),
    ],
    "weekly_limit_met": [
        (but(due=Due(waiting={"message": NOW}), quotas={"message": USED_UP}), USED_UP.free_at(NOW)),
    ],
    "gap_not_elapsed": [(but(lane=lane(sender=RESTING)), RESTING.next_free_at)],
    "healthy": [
        (HEALTHY, None),
        (but(due=Due(waiting={"email": NOW}, in_flight=True)), None),
        (
            but(
                due=Due(waiting={"connection_request": NOW, "message": NOW}),
                quotas={"connection_request": USED_UP, "message": unused(1)},
            ),
            None,
        ),
        (but(lane=lane(sender=replace(FULL, day=date(2030, 1, 30), next_free_at=NOW))), None),
    ],
}


@pytest.mark.parametrize(
    ("code", "situation", "next_at"),
    [(code, situation, next_at) for code, cases in CASES.items() for situation, next_at in cases],
)
def test_each_reason_has_its_code_and_says_when_it_ends(
    code: Code, situation: Situation, next_at: datetime | None
) -> None:
    assert sending_status(situation, NOW) == SendingStatus(code, next_at)


def test_every_code_is_tried_here_and_has_a_sentence() -> None:
    assert CASES.keys() == SENTENCES.keys() == set(get_args(Code))


def test_of_several_reasons_the_first_of_the_order_is_told() -> None:
    everything = but(
        campaign_status="paused",
        due=Due(),
        usable=False,
        sender_status="error",
        set_back=True,
        engine_alive=False,
        hours=LATER_TODAY,
        lane=lane(sender=RESTING, campaign=FULL),
        quotas={"email": USED_UP},
    )
    repairs: list[tuple[Code, dict[str, Any]]] = [
        ("campaign_paused", {"campaign_status": "active"}),
        ("no_leads_left", {"due": Due(waiting={"email": MIDNIGHT})}),
        ("sender_error", {"usable": True}),
        ("restored_not_accepted", {"set_back": False}),
        ("waiting_for_engine", {"engine_alive": True}),
        ("out_of_hours", {"hours": None}),
        ("daily_limit_met", {"lane": lane(sender=RESTING)}),
        ("delay_not_elapsed", {"due": Due(waiting={"email": NOW})}),
        ("weekly_limit_met", {"quotas": {}}),
        ("gap_not_elapsed", {"lane": lane()}),
        ("healthy", {}),
    ]
    for code, repair in repairs:
        assert sending_status(everything, NOW).code == code
        everything = replace(everything, **repair)
