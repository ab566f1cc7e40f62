"""Any command to a lead, and any life that commands and the campaign's own facts lead to: strategies for Hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, get_args
from uuid import UUID

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from domain.event import Event
from domain.lead.decide import (
    BeginSend,
    Command,
    NextAction,
    RecordAccepted,
    RecordConnected,
    RecordDeferred,
    RecordFailed,
    RecordLost,
    RecordPostponed,
    RecordRefused,
    RecordReply,
    RecordSpared,
    RecordUntold,
    Suppress,
    TimeOut,
    Unsubscribe,
)
from domain.lead.events import (
    Cancelled,
    CorrectedLead,
    EnrolledLead,
    Fact,
    FailureReason,
    LossReason,
    SkippedLead,
    SkipReason,
    Withdrawn,
)
from domain.lead.state import NEWBORN, Lead
from domain.refusal import Refusal
from domain.sequence import Action
from tests.kit.rules import DOMAIN, Rules

START: Final = datetime(2030, 1, 31, 9, tzinfo=UTC)
CAMPAIGN, SENDER, LEAD = UUID(int=1), UUID(int=7), UUID(int=9)

nodes = st.integers(20, 22).map(lambda number: UUID(int=number))
sends = st.integers(50, 53).map(lambda number: UUID(int=number))
codes = st.sampled_from([0, 201, 250, 421, 550])
evidence = st.none() | st.uuids()
times = st.integers(0, 20).map(lambda hours: START + timedelta(hours=hours))
actions: st.SearchStrategy[Action] = st.sampled_from(get_args(Action))
following = st.none() | st.builds(NextAction, nodes, times, actions)

# --- Commands ------------------------------------------------------------------------------------------------------

outcomes: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        RecordAccepted,
        send_id=sends,
        code=codes,
        next_action=following,
        evidence=evidence,
        connected_by=st.none() | times,
    ),
    st.builds(RecordSpared, send_id=sends, code=codes, next_action=following, evidence=evidence),
    st.builds(RecordDeferred, send_id=sends, code=codes, now=times, evidence=evidence),
    st.builds(RecordPostponed, send_id=sends, code=codes, until=times, evidence=evidence),
    st.builds(RecordRefused, send_id=sends, code=codes, evidence=evidence),
    st.builds(
        RecordFailed,
        send_id=sends,
        reason=st.sampled_from(get_args(FailureReason)),
        code=codes,
        evidence=evidence,
    ),
    st.builds(RecordLost, send_id=sends, reason=st.sampled_from(get_args(LossReason)), now=times),
    st.builds(RecordUntold, send_id=sends, now=times),
)
begins = st.builds(
    BeginSend,
    campaign_id=st.just(CAMPAIGN),
    send_id=sends,
    node_id=nodes,
    sender_id=st.just(SENDER),
    action=actions,
)
news: st.SearchStrategy[Command] = st.one_of(
    st.builds(RecordConnected, next_action=following),
    st.builds(TimeOut, now=times),
    st.builds(RecordReply, stops=st.booleans(), evidence=evidence),
    st.sampled_from([Unsubscribe(), Suppress()]),
)
commands: st.SearchStrategy[Command] = begins | outcomes | news

# --- Lives ---------------------------------------------------------------------------------------------------------


class Asked(Struct, frozen=True):
    """A command; ``aimed`` at the send that is open, whatever send it names."""

    command: Command
    aimed: bool


Doing: TypeAlias = Asked | Fact
"""A command to the lead, or what its campaign did to it."""
Life: TypeAlias = list[Doing]

of_the_campaign: st.SearchStrategy[Fact] = st.one_of(
    st.builds(CorrectedLead, st.just(LEAD), st.uuids(), st.uuids()),
    st.builds(SkippedLead, st.just(LEAD), st.sampled_from(get_args(SkipReason))),
    st.builds(EnrolledLead, st.just(LEAD), st.just(SENDER), nodes, times),
    st.sampled_from([Withdrawn(), Cancelled()]),
)
# What is seldom ends a life early; so that most lives are long, most of what is done to a lead is sending.
_doings: st.SearchStrategy[Doing] = st.sampled_from(
    [
        *[st.builds(Asked, begins, st.just(True))] * 3,
        *[st.builds(Asked, outcomes, st.just(True))] * 4,
        st.builds(Asked, begins | outcomes, st.just(False)),
        st.builds(Asked, news, st.just(False)),
        of_the_campaign,
    ]
).flatmap(lambda doings: doings)
lives: st.SearchStrategy[Life] = st.lists(_doings, min_size=5, max_size=20)


class Step(Struct, frozen=True):
    """One thing that was done to a lead: its state before, the facts it came to (refused: none), and after."""

    before: Lead
    done: Doing
    facts: tuple[Fact, ...]
    after: Lead


def live(life: Life, rules: Rules = DOMAIN) -> Iterator[Step]:
    """The steps of a lead's life."""
    lead = NEWBORN
    for done in life:
        facts = told(lead, done, rules) if isinstance(done, Asked) else (done,)
        after = folded(facts, lead, rules)
        yield Step(lead, done, facts, after)
        lead = after


def told(lead: Lead, asked: Asked, rules: Rules = DOMAIN) -> tuple[Event, ...]:
    """What the log holds of a command: nothing if it is refused."""
    command: Any = asked.command
    if asked.aimed and lead.open_send is not None:
        aim = {"send_id": lead.open_send.send_id}
        if isinstance(command, BeginSend):
            aim |= {"node_id": lead.open_send.node_id}
        command = replace(command, **aim)
    try:
        return rules.decide_lead(lead, command)
    except Refusal:
        return ()


def folded(facts: tuple[Fact, ...], lead: Lead, rules: Rules = DOMAIN) -> Lead:
    """The lead after some more facts."""
    for fact in facts:
        lead = rules.evolve_lead(lead, fact, START)
    return lead
