"""Any command to a campaign, and any life that commands lead to: strategies for Hypothesis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from domain import streams
from domain.bounce_guard import GuardRule, Tally
from domain.campaign.decide import (
    Activate,
    Archive,
    Command,
    Complete,
    Create,
    Delete,
    Edit,
    FailScheduledLaunch,
    Guard,
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
)
from domain.campaign.events import AccountLimit, RollbackReason, Settings, SettingsChange, TextRef
from domain.campaign.state import Campaign
from domain.event import Event, Recorded
from domain.refusal import Refusal
from domain.schedule import DayHours, OperatingHours
from domain.sequence import Node
from tests.kit.rules import DOMAIN, Rules

START: Final = datetime(2030, 1, 31, 9, tzinfo=UTC)
CAMPAIGN: Final = UUID(int=1)
SENDERS: Final = tuple(UUID(int=number) for number in (7, 8))
CREATE: Final = Create(
    campaign_id=CAMPAIGN,
    channel="email",
    settings=Settings(name=TextRef(UUID(int=2), "one"), sender_account_ids=SENDERS),
    senders=dict.fromkeys(SENDERS, "email"),
    node_ids=(UUID(int=20), UUID(int=21)),
)

# --- Commands ------------------------------------------------------------------------------------------------------

texts = st.builds(TextRef, st.uuids(), st.sampled_from(["one", "two"]))
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
        "daily_limit": st.none() | st.integers(-1, 502),
        "account_limits": account_limits,
        "operating_hours": hours,
        "stop_on_reply": st.booleans(),
        "open_tracking": st.booleans(),
        "skip_other_campaigns": st.booleans(),
        "sender_account_ids": st.lists(st.sampled_from((*SENDERS, UUID(int=9))), max_size=3).map(tuple),
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
edits = st.builds(
    Edit, change=changes, nodes=st.none() | nodes, senders=st.just(dict.fromkeys(SENDERS, "email"))
)
times = st.integers(-1, 366).map(lambda days: START + timedelta(days=days))
schedules = st.builds(ScheduleLaunch, launch_at=times, now=st.just(START))
epochs = st.integers(0, 3)
reasons: st.SearchStrategy[RollbackReason] = st.sampled_from(
    ["resolution-failed", "dispatch-failed", "run-failed", "stale"]
)
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
        RollBack, epoch=epochs, reason=reasons, compensates=st.lists(st.uuids(), max_size=2).map(tuple)
    ),
    st.builds(RecordRefusal, epoch=epochs, write=st.sampled_from(["start", "enrol", "activate", "send"])),
    st.builds(Pause, reason=st.sampled_from(["requested", "bounce-guard"])),
    st.builds(
        Guard,
        tally=st.builds(Tally, st.integers(0, 300), st.integers(0, 300)),
        rule=st.builds(GuardRule, percent=st.floats(0, 100), least_sent=st.integers(0, 100)),
    ),
    st.builds(Resume, something_left=st.booleans()),
    st.builds(Complete, something_left=st.booleans()),
    st.sampled_from([Stop(), Archive(), Delete()]),
)

# --- Lives ---------------------------------------------------------------------------------------------------------

Life: TypeAlias = list[Command]
"""What is asked of a campaign after its birth, in order; much of it is refused."""

LAUNCHED: Final = (Launch(total=2, skipped=0), StartRun(epoch=1), Activate(epoch=1, prepared=2))
lives: st.SearchStrategy[Life] = st.tuples(st.integers(0, 3), st.lists(commands, max_size=15)).map(
    lambda drawn: [*LAUNCHED[: drawn[0]], *drawn[1]]
)


class Step(msgspec.Struct, frozen=True):
    """One thing that was asked of a campaign: its state before, what was decided (refused: nothing), and after."""

    before: Campaign
    asked: Command
    decided: tuple[Recorded, ...]
    after: Campaign


def live(life: Life, rules: Rules = DOMAIN) -> Iterator[Step]:
    """The steps of a campaign's life, from just after its birth."""
    campaign = born(rules)
    for command in life:
        decided = told(campaign, command, rules)
        after = folded(decided, campaign, rules)
        yield Step(campaign, command, decided, after)
        campaign = after


def last(life: Life, rules: Rules = DOMAIN) -> Campaign:
    """The campaign at the end of a life."""
    campaign = born(rules)
    for step in live(life, rules):
        campaign = step.after
    return campaign


def born(rules: Rules = DOMAIN) -> Campaign:
    """A campaign of which nothing was asked yet."""
    campaign = rules.evolve_campaign(None, record(create(CREATE), 0)[0])
    assert campaign is not None
    return campaign


def told(campaign: Campaign, command: Command, rules: Rules = DOMAIN) -> tuple[Recorded, ...]:
    """What the log holds of a command: nothing if it is refused."""
    try:
        return record(rules.decide_campaign(campaign, command), campaign.version)
    except Refusal:
        return ()


def folded(history: Sequence[Recorded], campaign: Campaign, rules: Rules = DOMAIN) -> Campaign:
    """The campaign after some more of its history."""
    for recorded in history:
        after = rules.evolve_campaign(campaign, recorded)
        assert after is not None
        campaign = after
    return campaign


def record(events: Sequence[Event], after: int) -> tuple[Recorded, ...]:
    """Events behind the version ``after``."""
    return tuple(
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
    )
