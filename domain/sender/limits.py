"""How much a sender account may send, over all campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domain.refusal import FieldError, Invalid

DEFAULT_DAILY_LIMIT: Final = 30
MAX_DAILY_LIMIT: Final = 500
MAX_WEEKLY_LIMIT: Final = 1000


class WeeklyLimits(Struct, frozen=True):
    """What a LinkedIn account may send in any 7 days."""

    connections: int
    messages: int


STANDARD: Final = WeeklyLimits(connections=80, messages=100)
PREMIUM: Final = WeeklyLimits(connections=100, messages=150)

_LARGEST: Final[Mapping[str, int]] = {
    "daily_limit": MAX_DAILY_LIMIT,
    "weekly_connection_limit": MAX_WEEKLY_LIMIT,
    "weekly_message_limit": MAX_WEEKLY_LIMIT,
}


def usual_limits(is_premium: bool) -> WeeklyLimits:
    """The weekly limits of an account that was given none."""
    return PREMIUM if is_premium else STANDARD


def check_limits(values: Mapping[str, object]) -> None:
    """Raises ``Invalid`` naming each limit among ``values``, by the names of their fields, that is out of range."""
    errors = [
        FieldError(name, f"A {name.replace('_', ' ')} is between 1 and {largest}.")
        for name, largest in _LARGEST.items()
        if isinstance(value := values.get(name), int) and not 1 <= value <= largest
    ]
    if errors:
        raise Invalid(*errors)
