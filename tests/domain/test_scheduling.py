"""Examples of launches set for later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.campaign.decide import (
    Archive,
    Command,
    Delete,
    FailScheduledLaunch,
    Launch,
    ReviseLeads,
    ScheduleLaunch,
    UnscheduleLaunch,
    decide,
)
from domain.campaign.events import (
    LaunchAccepted,
    LaunchRolledBack,
    LaunchScheduled,
    LaunchUnscheduled,
    Obstacle,
    ScheduledLaunchFailed,
)
from domain.refusal import Invalid
from tests.domain.test_campaign import ACCEPTED, ACTIVE, LAUNCHING, ROLLED_BACK, edit, given, refusal

NOW = datetime(2030, 1, 31, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=8)
SCHEDULED = LaunchScheduled(launch_at=LATER)


def schedule(launch_at: datetime) -> ScheduleLaunch:
    return ScheduleLaunch(launch_at=launch_at, now=NOW)


def test_a_draft_can_be_launched_later() -> None:
    assert decide(given(), schedule(LATER)) == (SCHEDULED,)
    assert given(SCHEDULED).launch_at == LATER
    assert given(SCHEDULED).status == "draft"


def test_another_time_replaces_the_first_and_the_same_is_no_news() -> None:
    waiting = given(SCHEDULED)
    sooner = NOW + timedelta(hours=1)
    assert decide(waiting, schedule(LATER)) == ()
    assert decide(waiting, schedule(sooner)) == (LaunchScheduled(launch_at=sooner),)


@pytest.mark.parametrize(
    "launch_at",
    [NOW - timedelta(seconds=1), NOW, NOW + timedelta(days=365, microseconds=1)],
    ids=["past", "now", "too far"],
)
def test_a_time_that_can_not_be_is_refused(launch_at: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        decide(given(), schedule(launch_at))
    assert [error.path for error in refused.value.errors] == ["launch_at"]


def test_a_year_ahead_is_not_too_far() -> None:
    assert decide(given(), schedule(NOW + timedelta(days=365)))


def test_only_a_draft_can_be_scheduled() -> None:
    assert refusal(given(*LAUNCHING), schedule(LATER)).code == "launch-in-progress"
    assert refusal(given(*ACTIVE), schedule(LATER)).code == "campaign-not-draft"


@pytest.mark.parametrize(
    "command", [edit(daily_limit=3), edit(), ReviseLeads(added=1), Archive(), Delete()], ids=repr
)
def test_a_draft_that_waits_refuses_every_change_and_names_the_time(command: Command) -> None:
    refused = refusal(given(SCHEDULED), command)
    assert refused.code == "launch-scheduled"
    assert refused.evidence == {"launch_at": LATER}
    assert "2030-01-31T17:00:00Z" in refused.message


def test_a_scheduled_launch_can_be_cancelled_once() -> None:
    assert decide(given(SCHEDULED), UnscheduleLaunch()) == (LaunchUnscheduled(),)
    cancelled = given(SCHEDULED, LaunchUnscheduled())
    assert cancelled.launch_at is None
    assert refusal(cancelled, UnscheduleLaunch()).code == "no-scheduled-launch"


def test_a_launch_uses_its_schedule_up() -> None:
    assert decide(given(SCHEDULED), Launch(total=2, skipped=1)) == (
        LaunchAccepted(epoch=1, total=2, skipped=1),
    )
    assert given(SCHEDULED, ACCEPTED).launch_at is None
    assert given(SCHEDULED, ACCEPTED, ROLLED_BACK).launch_at is None


def test_a_failed_scheduled_launch_says_what_was_in_the_way_and_sets_the_draft_free() -> None:
    obstacle = Obstacle(code="missing-content", positions=(0,))
    command = FailScheduledLaunch(launch_at=LATER, code="missing-content", obstacles=(obstacle,))
    failed = ScheduledLaunchFailed(launch_at=LATER, code="missing-content", obstacles=(obstacle,))
    assert decide(given(SCHEDULED), command) == (failed,)
    assert given(SCHEDULED, failed).launch_at is None


def test_a_failure_of_a_time_that_is_not_set_any_more_is_no_news() -> None:
    command = FailScheduledLaunch(launch_at=LATER, code="missing-content")
    assert decide(given(), command) == ()
    assert decide(given(LaunchScheduled(launch_at=NOW + timedelta(hours=1))), command) == ()
    assert decide(given(SCHEDULED, ACCEPTED), command) == ()


def test_a_scheduled_launch_that_was_undone_at_once_has_failed_too() -> None:
    undone = LaunchRolledBack(epoch=1, reason="dispatch-failed", compensates=())
    command = FailScheduledLaunch(launch_at=LATER, code="launch-rolled-back")
    assert decide(given(SCHEDULED, ACCEPTED, undone), command) == (
        ScheduledLaunchFailed(launch_at=LATER, code="launch-rolled-back"),
    )
