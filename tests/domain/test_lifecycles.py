"""The lifecycles that auditors re-fold by say exactly what ``evolve`` does."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice, product
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Struct
from msgspec.structs import replace

from domain import streams
from domain.campaign import events as campaign_events
from domain.campaign import state as campaign
from domain.campaign.lifecycle import LIFECYCLE as CAMPAIGN
from domain.event import Event, Recorded
from domain.lead import events as lead_events
from domain.lead.events import Removed, facts
from domain.lead.lifecycle import LIFECYCLE as LEAD
from domain.lead.lifecycle import SENDS, SendEffect
from domain.lead.state import NEWBORN, OpenSend
from domain.lead.state import evolve as evolve_lead
from domain.lifecycle import Lifecycle
from domain.sender import events as sender_events
from domain.sender import state as sender_state
from domain.sender.lifecycle import LIFECYCLE as SENDER
from domain.sequence import Action

AT: Final = datetime(2030, 1, 31, tzinfo=UTC)
ID: Final = UUID(int=1)
OPEN: Final = OpenSend(ID, ID, 1)


def trigger_of(lifecycle: Lifecycle[Any, Any], event: Event, known: Mapping[str, Any]) -> str | None:
    """What pulls the machine, by the words of ``domain.lifecycle``."""
    payload = msgspec.to_builtins(event)
    told = {**known, **payload, **payload.get("change", {}), **lifecycle.marks.get(type(event), {})}
    for cause in lifecycle.causes:
        if cause.event is type(event) and cause.given.items() <= told.items():
            trigger: str = cause.trigger
            return trigger
    return None


def target_of(lifecycle: Lifecycle[Any, Any], event: Event, status: str, known: Mapping[str, Any]) -> str:
    """The status after the event."""
    trigger = trigger_of(lifecycle, event, known)
    target: str | None = lifecycle.machine.target(trigger, status) if trigger else None
    return target or status


# --- Events of every kind --------------------------------------------------------------------------------------------


def examples(kind: type[Struct]) -> Iterator[Any]:
    """The thing with every combination of its closed vocabularies; all else is whatever fits."""
    hints = get_type_hints(kind)
    choices = [values(hints[name]) for name in kind.__struct_fields__]
    for combination in product(*choices):
        yield kind(**dict(zip(kind.__struct_fields__, combination, strict=True)))


def values(annotation: Any) -> list[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return list(arguments)
    if origin is tuple:
        return [(values(arguments[0])[0],)]
    if isinstance(origin, type) and issubclass(origin, Collection):
        return [origin() if origin in (list, set, frozenset) else {}]
    if arguments:
        return [value for part in arguments for value in values(part)]
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return list(islice(examples(annotation), 50))
    by_type: dict[Any, list[Any]] = {
        UUID: [ID],
        int: [1],
        float: [1.0],
        str: ["text"],
        bool: [True],
        datetime: [AT],
        msgspec.UnsetType: [UNSET],
        type(None): [None],
    }
    return by_type[annotation]


def recorded(event: Event, stream: str) -> Recorded:
    return Recorded(
        position=2,
        workspace_id=ID,
        stream=stream,
        version=2,
        event_id=ID,
        recorded_at=AT,
        actor="test",
        correlation_id=ID,
        causation_id=None,
        epoch=None,
        event=event,
    )


def of_one_kind(kind: type[Event]) -> list[Event]:
    return list(islice(examples(kind), 200))


# --- Campaign and sender ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", campaign_events.EVENTS, ids=lambda kind: kind.type)
def test_a_campaign_moves_as_its_lifecycle_says(kind: type[Event]) -> None:
    born = campaign.evolve(
        None, recorded(of_one_kind(campaign_events.CampaignCreated)[0], streams.campaign(ID))
    )
    assert born is not None
    for event in of_one_kind(kind):
        for status in CAMPAIGN.machine.statuses:
            after = campaign.evolve(replace(born, status=status), recorded(event, streams.campaign(ID)))
            assert after is not None
            expected = (
                CAMPAIGN.machine.initial
                if kind in CAMPAIGN.births
                else target_of(CAMPAIGN, event, status, {})
            )
            assert after.status == expected, (event, status)


@pytest.mark.parametrize("kind", sender_events.EVENTS, ids=lambda kind: kind.type)
def test_a_sender_moves_as_its_lifecycle_says(kind: type[Event]) -> None:
    born = sender_state.evolve(
        None, recorded(of_one_kind(sender_events.SenderConnected)[0], streams.sender(ID))
    )
    assert born is not None
    lives = product(sender_state.MACHINE.statuses, get_args(sender_events.WarmupStatus), [True, False])
    for status, warmup, verified in lives:
        before = replace(born, status=status, warmup_status=warmup, inbox_verified=verified)
        known = {"warmup_status": warmup, "inbox_verified": verified}
        for event in of_one_kind(kind):
            after = sender_state.evolve(before, recorded(event, streams.sender(ID)))
            assert after is not None
            birth = kind in SENDER.births
            expected = sender_state.MACHINE.initial if birth else target_of(SENDER, event, status, known)
            assert after.status == expected, (event, before)


# --- Lead ------------------------------------------------------------------------------------------------------------


def lead_streams(kind: type[Event]) -> str:
    """Where such an event stands."""
    names_leads = {"leads", "lead_ids"} & set(kind.__struct_fields__)
    return streams.roster(ID) if names_leads else streams.lead(ID)


@pytest.mark.parametrize("kind", lead_events.EVENTS, ids=lambda kind: kind.type)
def test_a_lead_moves_as_its_lifecycle_says(kind: type[Event]) -> None:
    lives = product(of_one_kind(kind), LEAD.machine.statuses, get_args(Action))
    for event, status, action in lives:
        before = replace(NEWBORN, status=status, open_send=replace(OPEN, action=action))
        [(lead_id, fact)] = facts(recorded(event, lead_streams(kind)))
        assert lead_id == ID
        after = evolve_lead(before, fact, AT)
        moved = target_of(LEAD, event, status, {"action": action})
        expected = LEAD.machine.initial if kind in LEAD.births else moved
        assert after.status == expected, (event, status, action)
        assert isinstance(fact, Removed) == (kind in LEAD.deaths)


@pytest.mark.parametrize("kind", lead_events.EVENTS, ids=lambda kind: kind.type)
def test_a_send_goes_as_the_lifecycle_says(kind: type[Event]) -> None:
    [(_, fact)] = facts(recorded(of_one_kind(kind)[0], lead_streams(kind)))
    before = replace(NEWBORN, open_send=OPEN, status="sent")
    after = evolve_lead(before, fact, AT)
    if kind not in LEAD.births:
        assert _effect(after.open_send, len(after.sent_nodes)) == _EFFECTS.get(SENDS.get(kind))
    if SENDS.get(kind) == "intend":
        assert evolve_lead(NEWBORN, fact, AT).open_send == OPEN


_EFFECTS: Final[Mapping[SendEffect | None, str]] = {
    "deliver": "closed as sent",
    "end": "closed",
    "defer": "waits",
}


def _effect(opened: OpenSend | None, sent: int) -> str | None:
    if opened is None:
        return "closed as sent" if sent else "closed"
    return "waits" if opened.deferred else None


# --- All -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lifecycle", [CAMPAIGN, LEAD, SENDER], ids=lambda each: each.machine.name)
def test_every_trigger_of_a_machine_has_a_cause(lifecycle: Lifecycle[Any, Any]) -> None:
    assert {cause.trigger for cause in lifecycle.causes} == set(lifecycle.machine.triggers)
