"""What a long form is: it searches until its time is over, and counts what it has seen."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")


class Until(Struct, frozen=True):
    """A moment, in seconds of the monotonic clock, at which a search ends."""

    moment: float

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 when the time is over."""
        return self.moment - time.monotonic()

    def shares(self, things: Iterable[T]) -> Iterator[tuple[T, Until]]:
        """Each of the things with an equal share of the time that is left when its turn comes."""
        waiting = list(things)
        while waiting:
            share = self.left / len(waiting)
            yield waiting.pop(0), within(share)


def within(seconds: float) -> Until:
    """So many seconds from now on."""
    return Until(time.monotonic() + seconds)


class Entry(Struct, frozen=True):
    """A long form. ``run`` answers how much of what it has seen, and raises where something is wrong."""

    name: str
    about: str
    run: Callable[[Until], Counter[str]]
