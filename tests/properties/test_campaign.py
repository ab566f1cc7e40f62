"""Laws of the campaign: whatever is asked of it, in whatever order, it moves only as its machine allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    FailScheduledLaunch,
    Launch,
    Pause,
    RecordRefusal,
    Resume,
    ReviseDrafts,
    ReviseLeads,
    RollBack,
    ScheduleLaunch,
    StartRun,
    Stop,
    UnscheduleLaunch,
    create,
    decide,
)
from domain.campaign.events import AccountLimit, RollbackReason, Settings, SettingsChange, TextRef
from domain.campaign.state import MACHINE, Campaign, evolve, fold
from domain.event import Event, Recorded
from domain.refusal import Refusal, Refused
from domain.schedule import DayHours, OperatingHours
from domain.sequence import Node

START = datetime(2030, 1, 31, 9, tzinfo=UTC)
CAMPAIGN = UUID(int=1)
SENDERS = tuple(UUID(int=number) for number in (7, 8))

texts = st.builds(TextRef, st.uuids(), st.sampled_from(["one", "two"]))
limits = st.none() | st.integers(-1, 502)
sender_ids = st.lists(st.sampled_from((*SENDERS, UUID(int=9))), max_size=3).map(tuple)
hours = st.none() | st.builds(
    lambda zone, end: OperatingHours(timezone=zone, monday=DayHours("09:00", end)),
    st.sampled_from(["UTC", "Europe/Berlin", "Mars/Olympus"]),
    st.sampled_from(["17:00", "08:00", "25:00"]),
)
account_limits = st.lists(
    st.builds(AccountLimit, st.sampled_from(SENDERS), st.integers(0, 501)), max_size=2
).map(tuple)
changes = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "signature": st.none() | texts,
        "daily_limit": limits,
        "account_limits": account_limits,
        "operating_hours": hours,
        "stop_on_reply": st.booleans(),
        "open_tracking": st.booleans(),
        "skip_other_campaigns": st.booleans(),
        "sender_account_ids": sender_ids,
    },
).map(lambda fields: msgspec.convert(fields, SettingsChange))
nodes = st.lists(
    st.builds(
        Node,
        id=st.integers(20, 24).map(lambda number: UUID(int=number)),
        type=st.sampled_from(["email", "delay", "end", "message"]),
        delay_days=st.integers(0, 31),
    ),
    max_size=4,
).map(tuple)
epochs = st.integers(0, 3)
edits = st.builds(
    Edit, change=changes, nodes=st.none() | nodes, senders=st.just(dict.fromkeys(SENDERS, "email"))
)
times = st.integers(-1, 366).map(lambda days: START + timedelta(days=days))
schedules = st.builds(ScheduleLaunch, launch_at=times, now=st.just(START))
commands: st.SearchStrategy[Command] = st.one_of(
    edits,
    st.builds(ReviseLeads, added=st.integers(0, 9), removed=st.just(0), corrected=st.integers(0, 1)),
    st.builds(ReviseDrafts, written=st.integers(0, 2)),
    st.builds(Launch, total=st.integers(0, 9), skipped=st.integers(0, 9)),
    schedules,
    st.just(UnscheduleLaunch()),
    st.builds(
        FailScheduledLaunch,
        launch_at=times,
        code=st.sampled_from(["no-pending-leads", "launch-rolled-back"]),
    ),
    st.builds(StartRun, epoch=epochs),
    st.builds(Activate, epoch=epochs, prepared=st.integers(0, 9)),
    st.builds(
        RollBack,
        epoch=epochs,
        reason=st.sampled_from(["resolution-failed", "dispatch-failed", "run-failed", "stale"]),
        compensates=st.lists(st.uuids(), max_size=2).map(tuple),
    ),
    st.builds(RecordRefusal, epoch=epochs, write=st.sampled_from(["start", "enrol", "activate", "send"])),
    st.builds(Pause, reason=st.sampled_from(["requested", "bounce-guard"])),
    st.builds(Resume, something_left=st.booleans()),
    st.builds(Complete, something_left=st.booleans()),
    st.sampled_from([Stop(), Archive(), Delete()]),
)
LAUNCHED = (Launch(total=2, skipped=0), StartRun(epoch=1), Activate(epoch=1, prepared=2))
lives = st.tuples(st.integers(0, 3), st.lists(commands, max_size=15)).map(
    lambda drawn: [*LAUNCHED[: drawn[0]], *drawn[1]]
)
CREATE = Create(
    campaign_id=CAMPAIGN,
    channel="email",
    settings=Settings(name=TextRef(UUID(int=2), "one"), sender_account_ids=SENDERS),
    senders=dict.fromkeys(SENDERS, "email"),
    node_ids=(UUID(int=20), UUID(int=21)),
)


def record(events: Sequence[Event], after: int) -> list[Recorded]:
    """Events behind the version ``after``."""
    return [
        Recorded(
            position=version,
            workspace_id=UUID(int=5),
            stream=streams.campaign(CAMPAIGN),
            version=version,
            event_id=UUID(int=100 + version),
            recorded_at=START + timedelta(minutes=version),
            actor="test",
            correlation_id=UUID(int=6),
            causation_id=None,
            epoch=None,
            event=event,
        )
        for version, event in enumerate(events, after + 1)
    ]


def live(life: Sequence[Command]) -> Iterator[tuple[Campaign, Recorded | None, Campaign]]:
    """Each step of a life: the campaign before it, the event (None: refused, or nothing to do), the campaign after."""
    campaign = fold(record(create(CREATE), 0))
    assert campaign is not None
    for command in life:
        try:
            events = decide(campaign, command)
        except Refusal:
            events = ()
        if not events:
            yield campaign, None, campaign
        for recorded in record(events, campaign.version):
            after = evolve(campaign, recorded)
            assert after is not None
            yield campaign, recorded, after
            campaign = after


def last(life: Sequence[Command]) -> Campaign:
    """The campaign at the end of a life."""
    *_, (_, _, campaign) = live([*life, RecordRefusal(epoch=0, write="send")])
    return campaign


@given(lives)
def test_only_what_the_machine_allows_ever_happens(life: list[Command]) -> None:
    legal = {(arrow.source, arrow.target) for arrow in MACHINE.arrows}
    for before, recorded, after in live(life):
        assert before.status == after.status or (before.status, after.status) in legal
        assert after.version == before.version + (recorded is not None)


@given(lives)
def test_a_decided_history_always_folds_to_the_state_it_was_decided_on(life: list[Command]) -> None:
    history = record(create(CREATE), 0)
    campaign = fold(history)
    for _, recorded, after in live(life):
        campaign = after
        if recorded is not None:
            history.append(recorded)
    assert fold(history) == campaign
    stored = [
        replace(each, event=msgspec.json.decode(msgspec.json.encode(each.event), type=type(each.event)))
        for each in history
    ]
    assert fold(stored) == campaign
    assert msgspec.json.decode(msgspec.json.encode(campaign), type=Campaign) == campaign


@given(lives)
def test_a_command_that_changes_nothing_emits_nothing(life: list[Command]) -> None:
    campaign = last(life)
    same = SettingsChange(**msgspec.structs.asdict(campaign.settings))
    idle: list[Command] = [
        Edit(change=SettingsChange()),
        Edit(change=same, nodes=campaign.nodes, senders=CREATE.senders),
        ReviseLeads(),
        Complete(something_left=True),
    ]
    for command in idle:
        with suppress(Refusal):
            assert decide(campaign, command) == ()


@given(lives, edits)
def test_an_edit_twice_is_an_edit_once(life: list[Command], edit: Edit) -> None:
    campaign = last(life)
    with suppress(Refusal):
        edited = fold(record(decide(campaign, edit), campaign.version), campaign)
        assert edited is not None
        assert decide(edited, edit) == ()


@given(lives, st.sampled_from(["resolution-failed", "dispatch-failed", "run-failed", "stale"]))
def test_a_rollback_after_a_launch_leaves_everything_but_history_version_and_time(
    life: list[Command], reason: RollbackReason
) -> None:
    before = last(life)
    if before.status != "draft" or before.deleted:
        return
    epoch = before.epoch + 1
    after = before
    attempt: list[Command] = [
        Launch(total=2, skipped=1),
        StartRun(epoch=epoch),
        RollBack(epoch=epoch, reason=reason, compensates=()),
    ]
    for command in attempt:
        folded = fold(record(decide(after, command), after.version), after)
        assert folded is not None
        after = folded
    assert after.epoch == epoch
    assert after.attempts[:-1] == before.attempts
    untouched = replace(after, version=before.version, updated_at=before.updated_at, attempts=before.attempts)
    assert untouched == replace(before, launch_at=None)  # the launch has used its schedule up


@given(lives, schedules)
def test_a_launch_that_is_scheduled_and_cancelled_leaves_everything_but_version_and_time(
    life: list[Command], command: ScheduleLaunch
) -> None:
    before = last(life)
    if before.launch_at is not None:
        return
    with suppress(Refusal):
        scheduled = fold(record(decide(before, command), before.version), before)
        assert scheduled is not None
        after = fold(record(decide(scheduled, UnscheduleLaunch()), scheduled.version), scheduled)
        assert after is not None
        assert replace(after, version=before.version, updated_at=before.updated_at) == before


@given(lives, schedules, edits)
def test_a_draft_that_waits_for_its_launch_can_not_be_changed(
    life: list[Command], command: ScheduleLaunch, edit: Edit
) -> None:
    before = last(life)
    with suppress(Refusal):
        scheduled = fold(record(decide(before, command), before.version), before)
        assert scheduled is not None
        changes: list[Command] = [edit, ReviseLeads(added=1), ReviseLeads(), Archive(), Delete()]
        for change in changes:
            with pytest.raises(Refused, match="is to be launched at") as refused:
                decide(scheduled, change)
            assert refused.value.code == "launch-scheduled"


@given(lives)
def test_only_a_draft_waits_for_its_launch(life: list[Command]) -> None:
    for _, _, campaign in live(life):
        assert campaign.launch_at is None or campaign.status == "draft"


@given(lives)
def test_a_launch_attempt_is_numbered_once_and_only_one_is_ever_open(life: list[Command]) -> None:
    for _, _, campaign in live(life):
        assert [attempt.epoch for attempt in campaign.attempts] == list(range(1, campaign.epoch + 1))
        unfinished = [each.epoch for each in campaign.attempts if each.status in ("queued", "running")]
        assert unfinished == ([campaign.epoch] if campaign.status == "launching" else [])
        assert (campaign.total is None) == (campaign.launched_at is None)


@given(lives)
def test_a_campaign_that_has_ended_never_lives_again(life: list[Command]) -> None:
    for before, _, after in live(life):
        if before.status in ("completed", "stopped", "archived"):
            assert after.status in (before.status, "archived")
        assert not before.deleted or after == before
