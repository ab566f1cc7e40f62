"""Readers of the feed skip nothing and are told nothing twice; a projection applies each event once."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from tests.histories.history import Entry, Follow, History, Page, Violation


def misled(history: History) -> Iterator[Violation]:
    """What readers were told that the log, as it turned out, does not hold, and what they were not told."""
    positions = [entry.position for entry in history.log]
    stands: dict[str, int] = {}
    for operation in history.operations:
        request, page = operation.request, operation.answer
        if not isinstance(request, Follow) or not isinstance(page, Page):
            continue
        if request.after != stands.get(request.reader, request.after):
            yield Violation("a reader goes on from where it was", f"{request} after {stands[request.reader]}")
        stands[request.reader] = page.upto
        between = slice(bisect_right(positions, request.after), bisect_right(positions, page.upto))
        yield from _unlike(request, page, history.log[between])


def _unlike(request: Follow, page: Page, entries: Sequence[Entry]) -> Iterator[Violation]:
    told, true = list(page.entries), [(entry.position, entry.number) for entry in entries]
    span = f"{request.reader} was told positions {request.after + 1} to {page.upto}"
    if page.upto < request.after:
        yield Violation(
            "a reader never goes back", f"{request.reader} at {request.after} was sent to {page.upto}"
        )
    elif skipped := [pair for pair in true if pair not in told]:
        yield Violation("a reader skips nothing", f"{span} without {skipped[0]}, and skips it for good")
    elif told != true:
        yield Violation("a reader is told what there is", f"{span} as {told}, not as {true}")


def misapplied(history: History) -> Iterator[Violation]:
    """What a projection that has caught up has applied too often, or not at all."""
    if history.applied is None:
        return
    applied = Counter(chain.from_iterable(history.applied))
    for entry in history.log:
        if (times := applied.pop(entry.position, 0)) != 1:
            yield Violation(
                "a projection applies each event once", f"position {entry.position} was applied {times} times"
            )
    for position in applied:
        yield Violation("a projection applies what is stored", f"nothing lies at position {position}")
    for of_a_stream in history.applied:
        if list(of_a_stream) != sorted(of_a_stream):
            yield Violation("a projection applies in order", f"positions go back in {of_a_stream}")
