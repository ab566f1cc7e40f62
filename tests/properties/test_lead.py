"""Laws of a lead, whatever happens to it in whatever order: no step is sent twice, but by a person's decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.lead.decide import (
    BeginSend,
    NextAction,
    RecordAccepted,
    RecordDeferred,
    RecordFailed,
    RecordLost,
    RecordRefused,
    RecordReply,
    Suppress,
    Unsubscribe,
    decide,
)
from domain.lead.events import (
    ImportedLead,
    LeadReplied,
    MailBounced,
    SendAccepted,
    SendIntended,
    SendOutcomeUnknown,
    SendResolved,
)
from domain.lead.lifecycle import LIFECYCLE
from domain.lead.resolving import Resolve, resolve
from domain.lead.returning import Return, returned
from domain.lead.state import MACHINE, NEWBORN, Lead, evolve
from domain.refusal import Refused

NOW: Final = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)
ONE: Final = UUID(int=1)
NODES: Final = [UUID(int=number) for number in range(10, 13)]
SENDS: Final = [UUID(int=number) for number in range(20, 26)]

Happening: TypeAlias = Callable[[Lead], Sequence[Event]]


def _decided(command: object) -> Happening:
    return lambda lead: decide(lead, command)  # type: ignore[arg-type]  # one of the commands below


nodes, sends = st.sampled_from(NODES), st.sampled_from(SENDS)
following = st.none() | st.builds(NextAction, nodes, st.just(NOW))
commands = st.one_of(
    st.builds(BeginSend, campaign_id=st.just(ONE), send_id=sends, node_id=nodes, sender_id=st.just(ONE)),
    st.builds(RecordAccepted, send_id=sends, code=st.just(250), next_action=following),
    st.builds(RecordRefused, send_id=sends, code=st.just(550)),
    st.builds(RecordDeferred, send_id=sends, code=st.just(451), now=st.just(NOW)),
    st.builds(RecordFailed, send_id=sends, reason=st.just("erased")),
    st.builds(RecordLost, send_id=sends, reason=st.just("connection-lost"), now=st.just(NOW)),
    st.builds(RecordReply, stops=st.booleans()),
    st.sampled_from([Unsubscribe(), Suppress()]),
).map(_decided)
returns = st.builds(Return, sends).map(lambda mail: lambda lead: returned(lead, mail))
resolutions = st.builds(
    Resolve,
    resolution=st.sampled_from(["sent", "not_sent", "failed"]),
    campaign_status=st.just("active"),
    now=st.just(NOW),
    next_action=following,
).map(lambda command: lambda lead: resolve(lead, command))
lives = st.lists(st.one_of(commands, commands, returns, resolutions), max_size=40)


@st.composite
def likely(draw: st.DrawFn) -> list[Happening]:
    """A life in which the sends that are intended are mostly those that something is told of."""
    life: list[Happening] = []
    for send_id, node_id in zip(SENDS, draw(st.lists(nodes, min_size=1, max_size=6)), strict=False):
        begin = BeginSend(campaign_id=ONE, send_id=send_id, node_id=node_id, sender_id=ONE)
        life.append(_decided(begin))
        told: Sequence[object] = (
            RecordAccepted(send_id=send_id, code=250, next_action=NextAction(node_id, NOW)),
            RecordLost(send_id=send_id, reason="connection-lost", now=NOW),
            RecordDeferred(send_id=send_id, code=451, now=NOW),
        )
        life.append(_decided(draw(st.sampled_from(told))))
        life += draw(st.lists(st.one_of(returns, resolutions, commands), max_size=3))
    return life


def lived(happenings: Sequence[Happening]) -> list[Event]:
    """The history; what is refused leaves nothing. Every event that must move the lead does."""
    lead = evolve(NEWBORN, ImportedLead(ONE, 0, ONE, ONE), NOW)
    required = {
        cause.event: cause.trigger for cause in LIFECYCLE.causes if cause.required and not cause.given
    }
    history: list[Event] = []
    for happening in happenings:
        try:
            events = happening(lead)
        except Refused:
            continue
        for event in events:
            if type(event) in required:
                assert MACHINE.target(required[type(event)], lead.status) is not None
            lead = evolve(lead, event, NOW)
        history += events
    return history


@given(lives | likely())
def test_a_step_is_taken_over_once_and_tried_again_after_a_loss_only_if_a_person_says_so(
    happenings: Sequence[Happening],
) -> None:
    node_of: dict[UUID, UUID] = {}
    taken: set[UUID] = set()
    lost: set[UUID] = set()
    for event in lived(happenings):
        match event:
            case SendIntended(send_id=send_id, node_id=node_id):
                assert node_id not in taken | lost
                node_of[send_id] = node_id
            case SendAccepted(send_id=send_id):
                assert node_of[send_id] not in taken
                taken.add(node_of[send_id])
                lost.discard(node_of[send_id])
            case SendOutcomeUnknown(send_id=send_id):
                lost.add(node_of[send_id])
            case SendResolved(send_id=send_id, resolution="not_sent"):
                lost.remove(node_of[send_id])
            case _:
                continue


@given(lives | likely())
def test_a_lead_bounces_by_a_return_once_and_replies_once(happenings: Sequence[Happening]) -> None:
    history = lived(happenings)
    for kind in (MailBounced, LeadReplied):
        assert sum(isinstance(event, kind) for event in history) <= 1
