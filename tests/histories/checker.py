"""Says whether a history can be explained: pure, a history in, the first violation out.

In the tradition of Jepsen and Elle: streams are lists that are appended to, every number is unique, so the log itself
gives the order of the writes, and what was acknowledged, refused, read or lost must fit to it. A lost answer means
nothing: the append may have happened, or may yet happen.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.histories import feeds, matching, serial, streams
from tests.histories.history import History, Violation


def first_violation(history: History) -> Violation | None:
    """The first law that is broken; None if all hold."""
    return next(_violations(history), None)


def _violations(history: History) -> Iterator[Violation]:
    """Later laws take for granted what earlier ones say, so that only the first violation means something."""
    yield from matching.broken(history)
    appends = matching.stored_appends(history)
    yield from serial.illegal(appends)
    yield from serial.out_of_time(appends)
    yield from streams.unexplained(history, appends)
    yield from feeds.misled(history)
    yield from feeds.misapplied(history)
