"""Laws of a campaign's life, beside those of ``tests.laws``: what a schedule freezes, and what an end ends."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from domain.campaign.decide import (
    Archive,
    Command,
    Delete,
    Edit,
    ReviseLeads,
    ScheduleLaunch,
    UnscheduleLaunch,
    decide,
)
from domain.campaign.state import Campaign
from domain.refusal import Refusal, Refused
from tests.kit.campaigns import Life, edits, folded, last, live, lives, record, schedules, told


@given(lives)
def test_a_campaign_survives_encoding(life: Life) -> None:
    campaign = last(life)
    assert msgspec.json.decode(msgspec.json.encode(campaign), type=Campaign) == campaign


@given(lives, schedules)
def test_a_launch_that_is_scheduled_and_cancelled_leaves_everything_but_version_and_time(
    life: Life, command: ScheduleLaunch
) -> None:
    before = last(life)
    if before.launch_at is None and (events := told(before, command)):
        scheduled = folded(events, before)
        after = folded(record(decide(scheduled, UnscheduleLaunch()), scheduled.version), scheduled)
        assert replace(after, version=before.version, updated_at=before.updated_at) == before


@given(lives, schedules, edits)
def test_a_draft_that_waits_for_its_launch_can_not_be_changed(
    life: Life, command: ScheduleLaunch, edit: Edit
) -> None:
    before = last(life)
    with suppress(Refusal):
        scheduled = folded(record(decide(before, command), before.version), before)
        changes: list[Command] = [edit, ReviseLeads(added=1), ReviseLeads(), Archive(), Delete()]
        for change in changes:
            with pytest.raises(Refused, match="is to be launched at") as refused:
                decide(scheduled, change)
            assert refused.value.code == "launch-scheduled"


@given(lives)
def test_only_a_draft_waits_for_its_launch_and_only_a_launched_campaign_has_a_total(life: Life) -> None:
    for step in live(life):
        campaign = step.after
        assert campaign.launch_at is None or campaign.status == "draft"
        assert (campaign.total is None) == (campaign.launched_at is None)
        assert campaign.version == step.before.version + len(step.decided)


@given(lives)
def test_a_campaign_that_has_ended_never_lives_again(life: Life) -> None:
    for step in live(life):
        if step.before.status in ("completed", "stopped", "archived"):
            assert step.after.status in (step.before.status, "archived")
        assert not step.before.deleted or step.after == step.before
