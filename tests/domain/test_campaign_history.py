"""What is known of a campaign after its history, and what its commands hand on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.campaign.decide import Activate, Edit, Launch, ReviseLeads, RollBack, StartRun, create, decide
from domain.campaign.events import (
    AccountLimit,
    CampaignCreated,
    LaunchAccepted,
    LaunchRolledBack,
    LeadListRevised,
    Receipt,
    RunStarted,
    SequenceRevised,
    SettingsChange,
)
from domain.campaign.state import Attempt
from domain.readiness import check
from domain.refusal import Invalid
from domain.sequence import Node, seed
from tests.domain.test_campaign import (
    ACCEPTED,
    ADA,
    CAMPAIGN,
    CREATE,
    LAUNCHING,
    ROLLED_BACK,
    SETTINGS,
    START,
    STARTED,
    edit,
    given,
    paths,
)
from tests.domain.test_readiness import READY

MINUTE = timedelta(minutes=1)
RECEIPT = Receipt(
    leads="leads",
    content="content",
    senders="senders",
    limits="limits",
    checks=check(READY).checks,
    accounts=(),
    skipped={},
)
AGAIN = LaunchAccepted(epoch=2, total=5, skipped=0)


def test_a_campaign_is_born_with_all_that_it_was_created_with() -> None:
    nodes = seed("email", CREATE.node_ids)
    created = CampaignCreated(campaign_id=CAMPAIGN, channel="email", settings=SETTINGS, nodes=nodes)
    assert create(CREATE) == (created,)
    born = given()
    assert (born.id, born.channel, born.settings, born.nodes) == (CAMPAIGN, "email", SETTINGS, nodes)


def test_every_event_moves_the_version_and_the_time_of_the_last_change() -> None:
    launched = given(*LAUNCHING)
    assert (launched.version, launched.updated_at) == (3, START + 2 * MINUTE)
    assert launched.created_at == START


def test_a_revised_sequence_is_the_sequence() -> None:
    nodes = (Node(id=UUID(int=30), type="email"), Node(id=UUID(int=31), type="end"))
    assert given(SequenceRevised(nodes=nodes)).nodes == nodes


def test_a_receipt_goes_into_the_launch_and_stays_with_its_attempt() -> None:
    [accepted] = decide(given(), Launch(total=1, skipped=0, receipt=RECEIPT))
    assert accepted == LaunchAccepted(epoch=1, total=1, skipped=0, receipt=RECEIPT)
    [attempt] = given(accepted).attempts
    assert attempt.receipt == RECEIPT


def test_a_launch_for_a_single_lead_is_a_launch() -> None:
    assert decide(given(), Launch(total=1, skipped=9)) == (LaunchAccepted(epoch=1, total=1, skipped=9),)


def test_each_attempt_keeps_what_became_of_it() -> None:
    campaign = given(*LAUNCHING, ROLLED_BACK, AGAIN, RunStarted(epoch=2, start=1))
    first = Attempt(
        epoch=1,
        accepted_event=UUID(int=102),
        accepted_at=START + MINUTE,
        status="rolled_back",
        starts=1,
        started_at=START + 2 * MINUTE,
        finished_at=START + 3 * MINUTE,
        error="run-failed",
    )
    second = Attempt(
        epoch=2,
        accepted_event=UUID(int=105),
        accepted_at=START + 4 * MINUTE,
        status="running",
        starts=1,
        started_at=START + 5 * MINUTE,
    )
    assert campaign.attempts == (first, second)
    assert [campaign.attempt(epoch) for epoch in (1, 2, 3)] == [first, second, None]
    assert campaign.epoch == 2


@pytest.mark.parametrize("reason", ["resolution-failed", "dispatch-failed", "run-failed", "stale"])
def test_whatever_undid_a_launch_the_campaign_is_a_draft_and_the_attempt_tells_why(reason: Any) -> None:
    command = RollBack(epoch=1, reason=reason, compensates=(UUID(int=102),))
    undone = LaunchRolledBack(epoch=1, reason=reason, compensates=(UUID(int=102),))
    assert decide(given(ACCEPTED), command) == (undone,)
    draft = given(ACCEPTED, undone)
    assert (draft.status, draft.attempts[-1].error) == ("draft", reason)


def test_the_second_attempts_run_is_counted_from_one() -> None:
    again = given(ACCEPTED, STARTED, RunStarted(epoch=1, start=2), ROLLED_BACK, AGAIN)
    assert decide(again, StartRun(epoch=2)) == (RunStarted(epoch=2, start=1),)
    assert decide(again, Activate(epoch=2, prepared=5))


@pytest.mark.parametrize(("added", "removed", "corrected"), [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 2, 3)])
def test_any_change_of_the_lead_list_is_told_in_full(added: int, removed: int, corrected: int) -> None:
    change = ReviseLeads(added=added, removed=removed, corrected=corrected)
    assert decide(given(), change) == (LeadListRevised(added=added, removed=removed, corrected=corrected),)


# --- Limits and senders ---


@pytest.mark.parametrize("limit", [1, 500])
def test_a_daily_limit_lies_within_its_bounds_and_may_meet_them(limit: int) -> None:
    settings = replace(SETTINGS, daily_limit=limit, account_limits=(AccountLimit(ADA, limit),))
    assert create(replace(CREATE, settings=settings))


@pytest.mark.parametrize("limit", [-1, 0, 501])
def test_a_daily_limit_beyond_its_bounds_is_refused_wherever_it_stands(limit: int) -> None:
    command = edit(daily_limit=limit, account_limits=(AccountLimit(ADA, limit),))
    assert paths(given(), command) == ["daily_limit", "account_limits[0].daily_limit"]


def test_an_edit_may_name_only_sender_accounts_that_there_are() -> None:
    command = Edit(change=SettingsChange(sender_account_ids=(ADA, UUID(int=77))), senders={ADA: "email"})
    assert paths(given(), command) == ["sender_account_ids[1]"]
    of_the_other_channel = Edit(change=SettingsChange(sender_account_ids=(ADA,)), senders={ADA: "linkedin"})
    assert paths(given(), of_the_other_channel) == ["sender_account_ids[0]"]


def test_a_wrong_sender_is_told_apart_from_an_unknown_one() -> None:
    unknown, other, twice = (UUID(int=79), UUID(int=78), ADA)
    settings = replace(SETTINGS, account_limits=(), sender_account_ids=(ADA, unknown, other, twice))
    with pytest.raises(Invalid) as invalid:
        create(replace(CREATE, settings=settings, senders={ADA: "email", other: "linkedin"}))
    messages = [error.message for error in invalid.value.errors]
    assert len(set(messages)) == 3
    assert "email" in messages[1]
