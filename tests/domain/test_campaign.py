"""Examples of a campaign: given its history, when a command arrives, then these events follow, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain import streams
from domain.campaign.decide import (
    Activate,
    Archive,
    Command,
    Complete,
    Create,
    Delete,
    Edit,
    Launch,
    Pause,
    RecordRefusal,
    Resume,
    ReviseLeads,
    RollBack,
    StartRun,
    Stop,
    create,
    decide,
    is_stale,
    require_launchable,
)
from domain.campaign.events import (
    EDITABLE,
    AccountLimit,
    CampaignActivated,
    CampaignArchived,
    CampaignCompleted,
    CampaignCreated,
    CampaignDeleted,
    CampaignPaused,
    CampaignResumed,
    CampaignStopped,
    LaunchAccepted,
    LaunchRolledBack,
    LeadListRevised,
    RunStarted,
    SequenceRevised,
    Settings,
    SettingsChange,
    SettingsChanged,
    StaleWriteRefused,
    TextRef,
)
from domain.campaign.state import MACHINE, Attempt, Campaign, fold
from domain.event import Event, Recorded
from domain.refusal import Invalid, Refused
from domain.schedule import DayHours, OperatingHours
from domain.sequence import Node

START = datetime(2030, 1, 31, 9, tzinfo=UTC)
CAMPAIGN = UUID(int=1)
ADA, BOB = UUID(int=7), UUID(int=8)
NAME = TextRef(UUID(int=9), "digest")
SETTINGS = Settings(name=NAME, sender_account_ids=(ADA, BOB), account_limits=(AccountLimit(ADA, 20),))
CREATE = Create(
    campaign_id=CAMPAIGN,
    channel="email",
    settings=SETTINGS,
    senders={ADA: "email", BOB: "email"},
    node_ids=(UUID(int=21), UUID(int=22)),
)
ACCEPTED = LaunchAccepted(epoch=1, total=2, skipped=1)
STARTED = RunStarted(epoch=1, start=1)
ACTIVATED = CampaignActivated(epoch=1, prepared=2)
ROLLED_BACK = LaunchRolledBack(epoch=1, reason="run-failed", compensates=(UUID(int=102),))
PAUSED, RESUMED = CampaignPaused(reason="requested"), CampaignResumed()
COMPLETED, STOPPED = CampaignCompleted(), CampaignStopped()

DRAFT: tuple[Event, ...] = ()
LAUNCHING = (ACCEPTED, STARTED)
ACTIVE = (*LAUNCHING, ACTIVATED)


def recorded(events: Iterable[Event]) -> list[Recorded]:
    """The history of a campaign: an event a minute, the one of version n has the id 100 + n."""
    return [
        Recorded(
            position=version,
            workspace_id=UUID(int=5),
            stream=streams.campaign(CAMPAIGN),
            version=version,
            event_id=UUID(int=100 + version),
            recorded_at=START + timedelta(minutes=version - 1),
            actor="test",
            correlation_id=UUID(int=6),
            causation_id=None,
            epoch=None,
            event=event,
        )
        for version, event in enumerate(events, 1)
    ]


def given(*events: Event) -> Campaign:
    """The campaign after its creation and ``events``."""
    campaign = fold(recorded((*create(CREATE), *events)))
    assert campaign is not None
    return campaign


def edit(**changes: Any) -> Edit:
    return Edit(change=SettingsChange(**changes))


def refusal(campaign: Campaign, command: Command) -> Refused:
    """Why the command is refused."""
    with pytest.raises(Refused) as refused:
        decide(campaign, command)
    return refused.value


def paths(campaign: Campaign, command: Command) -> list[str]:
    """What is invalid about the command."""
    with pytest.raises(Invalid) as invalid:
        decide(campaign, command)
    return [error.path for error in invalid.value.errors]


# --- Beginning ---


def test_a_campaign_begins_as_a_draft_with_a_first_contact_and_the_end() -> None:
    [event] = create(CREATE)
    assert isinstance(event, CampaignCreated)
    assert [node.type for node in event.nodes] == ["email", "end"]
    campaign = given()
    assert (campaign.status, campaign.version, campaign.epoch) == ("draft", 1, 0)
    assert campaign.created_at == campaign.updated_at == START
    assert (campaign.total, campaign.launched_at) == (None, None)


def test_all_that_is_wrong_with_a_new_campaign_is_told_at_once() -> None:
    stranger, other = UUID(int=77), UUID(int=78)
    settings = replace(
        SETTINGS,
        daily_limit=0,
        account_limits=(AccountLimit(ADA, 501), AccountLimit(stranger, 5), AccountLimit(ADA, 6)),
        sender_account_ids=(ADA, UUID(int=79), other, ADA),
    )
    with pytest.raises(Invalid) as invalid:
        create(replace(CREATE, settings=settings, senders={ADA: "email", other: "linkedin"}))
    assert [error.path for error in invalid.value.errors] == [
        "daily_limit",
        "account_limits[0].daily_limit",
        "account_limits[1].account_id",
        "account_limits[2].account_id",
        "sender_account_ids[1]",
        "sender_account_ids[2]",
        "sender_account_ids[3]",
    ]


def test_hours_that_never_open_are_refused() -> None:
    with pytest.raises(Invalid):
        create(replace(CREATE, settings=replace(SETTINGS, operating_hours=OperatingHours(timezone="UTC"))))


# --- Editing ---


def test_an_edit_tells_only_what_really_changes() -> None:
    hours = OperatingHours(timezone="UTC", monday=DayHours("09:00", "17:00"))
    events = decide(given(), edit(name=NAME, daily_limit=5, stop_on_reply=True, operating_hours=hours))
    assert events == (SettingsChanged(change=SettingsChange(daily_limit=5, operating_hours=hours)),)
    assert given(*events).settings.daily_limit == 5


def test_settings_and_sequence_change_together_or_not_at_all() -> None:
    nodes = (Node(id=UUID(int=30), type="email"), *given().nodes)
    both = Edit(change=SettingsChange(open_tracking=True), nodes=nodes)
    assert decide(given(), both) == (
        SettingsChanged(change=SettingsChange(open_tracking=True)),
        SequenceRevised(nodes=nodes),
    )
    unsound = Edit(change=SettingsChange(open_tracking=True), nodes=nodes[:-1])
    assert paths(given(), unsound) == ["sequence_nodes"]


@pytest.mark.parametrize("status", MACHINE.statuses)
def test_what_may_be_edited_depends_on_the_status_and_on_nothing_else(status: str) -> None:
    campaign = replace(given(), status=status)
    for name in SETTINGS.__struct_fields__:
        command = edit(**{name: getattr(SETTINGS, name)})
        if status in EDITABLE[name]:
            assert decide(campaign, replace(command, senders=CREATE.senders)) == ()
        else:
            refused = refusal(campaign, command)
            assert refused.code == "field-not-editable"
            assert [error.path for error in refused.errors] == [name]
            assert name in refused.message
            assert status in refused.message


def test_the_sequence_is_fixed_once_it_is_launched() -> None:
    refused = refusal(given(*ACTIVE), Edit(change=SettingsChange(daily_limit=5), nodes=()))
    assert [error.path for error in refused.errors] == ["sequence_nodes"]


def test_the_limit_of_a_sender_account_goes_with_it() -> None:
    command = Edit(change=SettingsChange(sender_account_ids=(BOB,)), senders={BOB: "email"})
    change = SettingsChange(sender_account_ids=(BOB,), account_limits=())
    assert decide(given(), command) == (SettingsChanged(change=change),)
    named = edit(account_limits=(AccountLimit(UUID(int=77), 5),))
    assert paths(given(), named) == ["account_limits[0].account_id"]


def test_the_lead_list_of_a_draft_is_counted() -> None:
    revised = decide(given(), ReviseLeads(added=5, removed=2))
    assert revised == (LeadListRevised(added=5, removed=2),)
    campaign = given(*revised, LeadListRevised(added=1))
    assert (campaign.lead_count, campaign.leads_ever) == (4, 6)
    assert decide(campaign, ReviseLeads()) == ()
    assert refusal(given(*ACTIVE), ReviseLeads(added=1)).code == "campaign-not-draft"


# --- Launching ---


def test_a_launch_begins_the_next_attempt() -> None:
    assert decide(given(), Launch(total=2, skipped=1)) == (ACCEPTED,)
    launching = given(ACCEPTED)
    assert (launching.status, launching.total, launching.skipped) == ("launching", 2, 1)
    assert launching.launched_at == START + timedelta(minutes=1)
    again = given(ACCEPTED, ROLLED_BACK)
    assert decide(again, Launch(total=2, skipped=1)) == (LaunchAccepted(epoch=2, total=2, skipped=1),)


def test_a_launch_that_leaves_everybody_out_is_refused() -> None:
    assert refusal(given(), Launch(total=0, skipped=3)).code == "all-leads-skipped"


def test_a_launch_in_progress_refuses_another_and_tells_since_when() -> None:
    refused = refusal(given(ACCEPTED), Launch(total=2, skipped=0))
    assert refused.code == "launch-in-progress"
    assert refused.evidence == {"started_at": START + timedelta(minutes=1), "epoch": 1}


@pytest.mark.parametrize(
    "history",
    [ACTIVE, (*ACTIVE, PAUSED), (*ACTIVE, COMPLETED), (*ACTIVE, STOPPED), (CampaignArchived(),)],
)
def test_only_a_draft_is_launched(history: tuple[Event, ...]) -> None:
    campaign = given(*history)
    with pytest.raises(Refused, match=campaign.status) as refused:
        require_launchable(campaign)
    assert refused.value.code == "campaign-not-draft"


def test_a_run_is_counted_each_time_it_is_taken_up() -> None:
    assert decide(given(ACCEPTED), StartRun(epoch=1)) == (STARTED,)
    assert decide(given(*LAUNCHING), StartRun(epoch=1)) == (RunStarted(epoch=1, start=2),)
    [attempt] = given(*LAUNCHING).attempts
    assert (attempt.status, attempt.starts) == ("running", 1)


def test_a_start_that_left_no_word_is_counted_until_one_does() -> None:
    assert decide(given(ACCEPTED), StartRun(epoch=1, unrecorded=1)) == (RunStarted(epoch=1, start=2),)
    second = (ACCEPTED, RunStarted(epoch=1, start=2))
    assert decide(given(*second), StartRun(epoch=1, unrecorded=1)) == (RunStarted(epoch=1, start=3),)


@pytest.mark.parametrize("command", [StartRun(epoch=1), Activate(epoch=1, prepared=2)])
@pytest.mark.parametrize(
    "history",
    [(ACCEPTED, ROLLED_BACK), (ACCEPTED, ROLLED_BACK, LaunchAccepted(epoch=2, total=2, skipped=0)), ACTIVE],
)
def test_a_run_of_an_attempt_that_is_over_writes_nothing(
    history: tuple[Event, ...], command: Command
) -> None:
    assert refusal(given(*history), command).code == "epoch-superseded"


def test_a_refused_write_is_kept_in_the_history_and_changes_nothing_else() -> None:
    campaign = given(ACCEPTED, ROLLED_BACK)
    [event] = decide(campaign, RecordRefusal(epoch=1, write="enrol"))
    assert event == StaleWriteRefused(epoch=1, current_epoch=1, write="enrol")
    after = given(ACCEPTED, ROLLED_BACK, event)
    assert after == replace(campaign, version=after.version, updated_at=after.updated_at)


def test_the_run_makes_the_campaign_active() -> None:
    assert decide(given(*LAUNCHING), Activate(epoch=1, prepared=2)) == (ACTIVATED,)
    active = given(*ACTIVE)
    assert active.status == "active"
    assert active.attempts == (
        Attempt(
            epoch=1,
            accepted_event=UUID(int=102),
            accepted_at=START + timedelta(minutes=1),
            status="finished",
            starts=1,
            started_at=START + timedelta(minutes=2),
            finished_at=START + timedelta(minutes=3),
        ),
    )


def test_a_rolled_back_launch_leaves_the_draft_as_it_was_but_for_its_history() -> None:
    command = RollBack(epoch=1, reason="run-failed", compensates=(UUID(int=102),))
    assert decide(given(*LAUNCHING), command) == (ROLLED_BACK,)
    before, after = given(), given(*LAUNCHING, ROLLED_BACK)
    assert [attempt.status for attempt in after.attempts] == ["rolled_back"]
    assert after.attempts[0].error == "run-failed"
    assert (
        replace(after, version=before.version, updated_at=before.updated_at, attempts=before.attempts)
        == before
    )
    assert refusal(after, command).code == "campaign-not-launching"
    assert refusal(given(*LAUNCHING), replace(command, epoch=2)).code == "epoch-superseded"


def test_a_launch_is_stale_when_it_is_old_and_its_run_is_dead() -> None:
    launching, window = given(ACCEPTED), timedelta(seconds=120)
    accepted_at = START + timedelta(minutes=1)
    young, old = accepted_at + timedelta(seconds=120), accepted_at + timedelta(seconds=121)
    assert is_stale(launching, old, window, run_is_alive=False)
    assert not is_stale(launching, old, window, run_is_alive=True)
    assert not is_stale(launching, young, window, run_is_alive=False)
    assert not is_stale(given(*ACTIVE), old + timedelta(days=9), window, run_is_alive=False)


# --- Running and ending ---


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        (ACTIVE, Pause(), (PAUSED,)),
        (ACTIVE, Pause(reason="bounce-guard"), (CampaignPaused(reason="bounce-guard"),)),
        ((*ACTIVE, PAUSED), Resume(something_left=True), (RESUMED,)),
        ((*ACTIVE, PAUSED), Resume(something_left=False), (RESUMED, COMPLETED)),
        (ACTIVE, Complete(something_left=False), (COMPLETED,)),
        (ACTIVE, Complete(something_left=True), ()),
        (ACTIVE, Stop(), (STOPPED,)),
        ((*ACTIVE, PAUSED), Stop(), (STOPPED,)),
        (DRAFT, Archive(), (CampaignArchived(),)),
        ((*ACTIVE, COMPLETED), Archive(), (CampaignArchived(),)),
        ((*ACTIVE, STOPPED), Archive(), (CampaignArchived(),)),
        (DRAFT, Delete(), (CampaignDeleted(),)),
    ],
)
def test_a_command_in_its_place_is_done(
    history: tuple[Event, ...], command: Command, expected: tuple[Event, ...]
) -> None:
    assert decide(given(*history), command) == expected


@pytest.mark.parametrize(
    ("history", "command", "message"),
    [
        (DRAFT, Pause(), "Only active campaigns can be paused"),
        ((*ACTIVE, PAUSED), Pause(), "Only active campaigns can be paused"),
        (ACTIVE, Resume(something_left=True), "Only paused campaigns can be resumed"),
        ((*ACTIVE, PAUSED), Complete(something_left=False), "Only active campaigns can be completed"),
        (DRAFT, Stop(), "Only active or paused campaigns can be stopped"),
        ((*ACTIVE, STOPPED), Stop(), "Only active or paused campaigns can be stopped"),
        (ACTIVE, Archive(), "Only draft, completed or stopped campaigns can be archived"),
        (LAUNCHING, Delete(), "while it is a draft"),
    ],
)
def test_a_command_out_of_place_is_refused_in_words(
    history: tuple[Event, ...], command: Command, message: str
) -> None:
    campaign = given(*history)
    refused = refusal(campaign, command)
    assert message in refused.message
    assert refused.evidence == {"campaign_status": campaign.status}


def test_the_reason_of_a_pause_lasts_as_long_as_the_pause() -> None:
    guarded = (*ACTIVE, CampaignPaused(reason="bounce-guard"))
    assert given(*guarded).pause_reason == "bounce-guard"
    assert given(*guarded, RESUMED).pause_reason is None
    assert given(*guarded, STOPPED).pause_reason is None


def test_nothing_is_done_to_a_deleted_campaign() -> None:
    deleted = given(CampaignDeleted())
    assert deleted.deleted
    for command in (
        edit(daily_limit=5),
        Launch(total=1, skipped=0),
        Archive(),
        Delete(),
        ReviseLeads(added=1),
    ):
        assert refusal(deleted, command).code == "not-found"
