"""Laws of the ledger: whatever is asked of it, in whatever order, no credit appears and none is lost."""

from __future__ import annotations

from hypothesis import given

from domain.credits import (
    EMPTY,
    Command,
    CreditsCharged,
    CreditsRefunded,
    CreditsReserved,
    Ledger,
    Settle,
    decide,
    fold,
)
from domain.event import Event
from domain.refusal import Refusal
from tests.domain.test_credits import recorded
from tests.kit.credits import lives, settlements


def live(life: list[Command]) -> tuple[list[Ledger], list[Event]]:
    """All states of a life, and its events. Half of the settlements are aimed at what is open."""
    states, events = [EMPTY], list[Event]()
    for index, command in enumerate(life):
        aimed = _aimed(states[-1], command) if index % 2 else command
        try:
            decided = decide(states[-1], aimed)
        except Refusal:
            continue
        for event in decided:
            events.append(event)
            states.append(fold([recorded(states[-1].version + 1, event)], states[-1]))
    return states, events


def _aimed(ledger: Ledger, command: Command) -> Command:
    if isinstance(command, Settle) and ledger.open:
        return Settle(reservation_id=next(iter(ledger.open)), done=command.done, reason=command.reason)
    return command


@given(lives)
def test_the_balance_is_never_negative(life: list[Command]) -> None:
    states, _ = live(life)
    assert all(ledger.balance >= 0 and ledger.reserved >= 0 for ledger in states)


@given(lives)
def test_what_was_granted_is_the_balance_what_is_reserved_and_what_is_charged(life: list[Command]) -> None:
    states, _ = live(life)
    for ledger in states:
        assert ledger.granted == ledger.balance + ledger.reserved + ledger.charged


@given(lives)
def test_a_settled_reservation_was_charged_and_refunded_exactly_what_it_reserved(life: list[Command]) -> None:
    states, events = live(life)
    reserved = {e.reservation_id: e.amount for e in events if isinstance(e, CreditsReserved)}
    for reservation_id, amount in reserved.items():
        settled = sum(
            event.amount
            for event in events
            if isinstance(event, CreditsCharged | CreditsRefunded) and event.reservation_id == reservation_id
        )
        assert settled == (0 if reservation_id in states[-1].open else amount)


@given(lives, settlements)
def test_to_settle_twice_changes_nothing_the_second_time(life: list[Command], settlement: Settle) -> None:
    states, _ = live(life)
    aimed = _aimed(states[-1], settlement)
    try:
        decided = decide(states[-1], aimed)
    except Refusal:
        return
    ledger = states[-1]
    for event in decided:
        ledger = fold([recorded(ledger.version + 1, event)], ledger)
    assert decide(ledger, aimed) == ()


@given(lives)
def test_the_ledger_is_the_fold_of_its_events(life: list[Command]) -> None:
    states, events = live(life)
    assert fold(recorded(version, event) for version, event in enumerate(events, 1)) == states[-1]
