"""Examples of a ledger's life: granted, reserved, charged, refunded."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain import streams
from domain.credits import (
    EMPTY,
    Command,
    CreditsCharged,
    CreditsGranted,
    CreditsRefunded,
    CreditsReserved,
    Grant,
    Ledger,
    RefundReason,
    Reservation,
    Reserve,
    Settle,
    decide,
    fold,
)
from domain.event import Event, Recorded
from domain.refusal import Invalid, Refused

WORKSPACE, GRANT, FIRST, SECOND = (UUID(int=number) for number in range(1, 5))
AT = datetime(2030, 1, 31, 9, tzinfo=UTC)


def recorded(version: int, event: Event) -> Recorded:
    return Recorded(
        position=version,
        workspace_id=WORKSPACE,
        stream=streams.credits(WORKSPACE),
        version=version,
        event_id=UUID(int=version),
        recorded_at=AT,
        actor="test",
        correlation_id=WORKSPACE,
        causation_id=None,
        epoch=None,
        event=event,
    )


def after(*commands: Command, ledger: Ledger = EMPTY) -> Ledger:
    for command in commands:
        for event in decide(ledger, command):
            ledger = fold([recorded(ledger.version + 1, event)], ledger)
    return ledger


def reserve(count: int, reservation_id: UUID = FIRST) -> Reserve:
    return Reserve(reservation_id=reservation_id, action="AI_MESSAGE_GENERATION", count=count)


def settle(done: int, reservation_id: UUID = FIRST, reason: RefundReason = "not-produced") -> Settle:
    return Settle(reservation_id=reservation_id, done=done, reason=reason)


def test_what_is_granted_can_be_spent() -> None:
    assert decide(EMPTY, Grant(GRANT, 10)) == (CreditsGranted(grant_id=GRANT, amount=10),)
    assert after(Grant(GRANT, 10), Grant(GRANT, 5)).balance == 15


@pytest.mark.parametrize("amount", [1, 1_000_000_000])
def test_the_least_and_the_largest_grant_are_granted(amount: int) -> None:
    assert after(Grant(GRANT, amount)).balance == amount


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_001])
def test_an_amount_that_can_not_be_granted_is_invalid(amount: int) -> None:
    with pytest.raises(Invalid):
        decide(EMPTY, Grant(GRANT, amount))


def test_an_event_that_is_not_the_ledgers_own_changes_nothing_but_the_version() -> None:
    ledger = after(Grant(GRANT, 10), Grant(GRANT, 5))
    assert (ledger.version, ledger.granted) == (2, 15)
    later = fold([recorded(3, Event())], ledger)
    assert later == replace(ledger, version=3)


@pytest.mark.parametrize(
    ("command", "path"), [(Grant(GRANT, 0), "amount"), (reserve(0), "count"), (settle(4), "done")]
)
def test_a_number_that_can_not_be_is_named_by_its_field(command: Command, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        decide(after(Grant(GRANT, 10), reserve(3)), command)
    assert [error.path for error in refusal.value.errors] == [path]


def test_credits_are_charged_and_refunded_whole() -> None:
    for event in decide(after(Grant(GRANT, 10), reserve(3)), settle(2)):
        assert isinstance(event, CreditsCharged | CreditsRefunded)
        assert type(event.amount) is int


def test_a_reservation_sets_its_price_aside() -> None:
    granted = after(Grant(GRANT, 10))
    assert decide(granted, reserve(3)) == (
        CreditsReserved(reservation_id=FIRST, action="AI_MESSAGE_GENERATION", count=3, amount=6),
    )
    reserved = after(reserve(3), ledger=granted)
    assert (reserved.balance, reserved.reserved) == (4, 6)
    assert reserved.open == {FIRST: Reservation("AI_MESSAGE_GENERATION", 3, 6)}


def test_more_than_the_balance_is_refused_with_both_numbers() -> None:
    with pytest.raises(Refused) as refusal:
        decide(after(Grant(GRANT, 10), reserve(3)), reserve(3, SECOND))
    assert refusal.value.code == "insufficient-credits"
    assert refusal.value.evidence == {"balance": 4, "required": 6}


def test_the_whole_balance_can_be_reserved() -> None:
    assert after(Grant(GRANT, 10), reserve(5)).balance == 0


def test_what_was_done_is_charged_and_the_rest_goes_back() -> None:
    reserved = after(Grant(GRANT, 10), reserve(3))
    assert decide(reserved, settle(2)) == (
        CreditsCharged(reservation_id=FIRST, count=2, amount=4),
        CreditsRefunded(reservation_id=FIRST, amount=2, reason="not-produced"),
    )
    settled = after(settle(2), ledger=reserved)
    assert (settled.balance, settled.reserved, settled.charged, settled.open) == (6, 0, 4, {})


def test_nothing_is_refunded_when_all_was_done_and_nothing_charged_when_none() -> None:
    reserved = after(Grant(GRANT, 10), reserve(3))
    assert decide(reserved, settle(3)) == (CreditsCharged(reservation_id=FIRST, count=3, amount=6),)
    assert decide(reserved, settle(0, reason="abandoned")) == (
        CreditsRefunded(reservation_id=FIRST, amount=6, reason="abandoned"),
    )


def test_settling_a_second_time_or_nothing_at_all_changes_nothing() -> None:
    settled = after(Grant(GRANT, 10), reserve(3), settle(2))
    assert decide(settled, settle(2)) == ()
    assert decide(settled, settle(0, SECOND)) == ()


def test_more_can_not_be_done_than_was_reserved() -> None:
    with pytest.raises(Invalid):
        decide(after(Grant(GRANT, 10), reserve(3)), settle(4))


def test_one_reservation_is_settled_without_the_other() -> None:
    ledger = after(Grant(GRANT, 10), reserve(2), reserve(1, SECOND), settle(2))
    assert (ledger.balance, ledger.reserved, set(ledger.open)) == (4, 2, {SECOND})
