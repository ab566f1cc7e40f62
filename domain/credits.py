"""Credits: what paid actions cost, and a workspace's ledger of them. Launching costs none.

A paid action reserves its price before any work is done. Its reservation is settled once: what was really done is
charged, the rest goes back to the balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.event import Event, Recorded
from domain.refusal import FieldError, Invalid, Refused

Action = Literal["AI_MESSAGE_GENERATION", "LINKEDIN_PROFILE"]
RefundReason = Literal["not-produced", "abandoned"]

COSTS: Final[Mapping[Action, int]] = {"AI_MESSAGE_GENERATION": 2, "LINKEDIN_PROFILE": 1}
"""The price of each action, in credits."""
LARGEST_GRANT: Final = 1_000_000_000

# --- Events ----------------------------------------------------------------------------------------------------------


class CreditsGranted(Event, frozen=True, kw_only=True):
    """The operator gave the workspace ``amount`` credits."""

    type = "credits-granted"
    grant_id: UUID
    amount: int


class CreditsReserved(Event, frozen=True, kw_only=True):
    """``amount`` credits are set aside for doing ``action`` ``count`` times."""

    type = "credits-reserved"
    reservation_id: UUID
    action: Action
    count: int
    amount: int


class CreditsCharged(Event, frozen=True, kw_only=True):
    """Of what was reserved, ``amount`` is spent: the action was done ``count`` times."""

    type = "credits-charged"
    reservation_id: UUID
    count: int
    amount: int


class CreditsRefunded(Event, frozen=True, kw_only=True):
    """Of what was reserved, ``amount`` went back to the balance."""

    type = "credits-refunded"
    reservation_id: UUID
    amount: int
    reason: RefundReason


EVENTS: tuple[type[Event], ...] = (CreditsGranted, CreditsReserved, CreditsCharged, CreditsRefunded)

# --- State -----------------------------------------------------------------------------------------------------------


class Reservation(Struct, frozen=True):
    """Credits set aside for doing ``action`` up to ``count`` times; ``amount`` is what is left to settle."""

    action: Action
    count: int
    amount: int


class Ledger(Struct, frozen=True, kw_only=True):
    """A workspace's credits after some prefix of its stream. ``balance`` can be spent, ``open`` is not settled yet.

    Always: what was granted is the balance, what is reserved and what is charged, added up.
    """

    version: int = 0
    granted: int = 0
    balance: int = 0
    charged: int = 0
    open: Mapping[UUID, Reservation] = {}

    @property
    def reserved(self) -> int:
        """What is set aside, over all open reservations."""
        return sum(reservation.amount for reservation in self.open.values())


EMPTY: Final = Ledger()

# --- Evolve ----------------------------------------------------------------------------------------------------------


def fold(history: Iterable[Recorded], ledger: Ledger = EMPTY) -> Ledger:
    """The ledger after ``history``, going on from ``ledger``."""
    for recorded in history:
        ledger = evolve(ledger, recorded)
    return ledger


def evolve(ledger: Ledger, recorded: Recorded) -> Ledger:
    """The ledger after one more event. Total: an event that isn't the ledger's own changes nothing."""
    ledger = replace(ledger, version=recorded.version)
    match recorded.event:
        case CreditsGranted(amount=amount):
            return replace(ledger, granted=ledger.granted + amount, balance=ledger.balance + amount)
        case CreditsReserved(reservation_id=id_, action=action, count=count, amount=amount):
            opened = {**ledger.open, id_: Reservation(action, count, amount)}
            return replace(ledger, balance=ledger.balance - amount, open=opened)
        case CreditsCharged(reservation_id=id_, amount=amount) if id_ in ledger.open:
            return replace(ledger, charged=ledger.charged + amount, open=_less(ledger.open, id_, amount))
        case CreditsRefunded(reservation_id=id_, amount=amount) if id_ in ledger.open:
            return replace(ledger, balance=ledger.balance + amount, open=_less(ledger.open, id_, amount))
        case _:
            return ledger


def _less(opened: Mapping[UUID, Reservation], id_: UUID, amount: int) -> dict[UUID, Reservation]:
    """The open reservations when so much of one is settled; one with nothing left is open no longer."""
    rest = replace(opened[id_], amount=opened[id_].amount - amount)
    others = {other: reservation for other, reservation in opened.items() if other != id_}
    return {**others, id_: rest} if rest.amount else others


# --- Decide ----------------------------------------------------------------------------------------------------------


class Grant(Struct, frozen=True):
    """Give the workspace credits."""

    grant_id: UUID
    amount: int


class Reserve(Struct, frozen=True, kw_only=True):
    """Set aside the price of doing ``action`` ``count`` times."""

    reservation_id: UUID
    action: Action
    count: int


class Settle(Struct, frozen=True, kw_only=True):
    """The action was done ``done`` times of those reserved; ``reason`` is why not as often as that."""

    reservation_id: UUID
    done: int
    reason: RefundReason


Command: TypeAlias = Grant | Reserve | Settle


def decide(ledger: Ledger, command: Command) -> tuple[Event, ...]:
    """The events that ``command`` leads to.

    Raises ``Refused`` ``insufficient-credits`` for more than the balance, ``Invalid`` for an amount that can't be. To
    settle what is not open changes nothing.
    """
    match command:
        case Grant(grant_id=grant_id, amount=amount):
            _require_between(1, LARGEST_GRANT, amount, "amount")
            return (CreditsGranted(grant_id=grant_id, amount=amount),)
        case Reserve():
            return (_reserve(ledger, command),)
        case Settle(reservation_id=reservation_id) if reservation_id not in ledger.open:
            return ()
        case Settle():
            return tuple(_settle(ledger.open[command.reservation_id], command))
        case _:
            assert_never(command)


def price(action: Action, count: int) -> int:
    """What it costs to do ``action`` ``count`` times, in credits."""
    return COSTS[action] * count


def _reserve(ledger: Ledger, command: Reserve) -> CreditsReserved:
    _require_between(1, LARGEST_GRANT, command.count, "count")
    required = price(command.action, command.count)
    if required > ledger.balance:
        raise Refused(
            "insufficient-credits",
            f"This costs {required} credits and the balance is {ledger.balance}; nothing was done.",
            {"balance": ledger.balance, "required": required},
        )
    return CreditsReserved(
        reservation_id=command.reservation_id, action=command.action, count=command.count, amount=required
    )


def _settle(reservation: Reservation, command: Settle) -> Iterable[Event]:
    _require_between(0, reservation.count, command.done, "done")
    spent = command.done * (reservation.amount // reservation.count)
    if spent:
        yield CreditsCharged(reservation_id=command.reservation_id, count=command.done, amount=spent)
    if rest := reservation.amount - spent:
        yield CreditsRefunded(reservation_id=command.reservation_id, amount=rest, reason=command.reason)


def _require_between(least: int, most: int, value: int, path: str) -> None:
    if not least <= value <= most:
        raise Invalid(FieldError(path, f"This is between {least} and {most}."))
