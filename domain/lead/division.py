"""How many leads one event of the roster tells of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

LEADS_AN_EVENT: Final = 1000
"""Most leads that one event of the roster tells of."""

_Told = TypeVar("_Told")


def an_event_each(leads: Sequence[_Told]) -> Iterator[tuple[_Told, ...]]:
    """``leads`` in order, divided into what one event tells of."""
    for start in range(0, len(leads), LEADS_AN_EVENT):
        yield tuple(leads[start : start + LEADS_AN_EVENT])
