"""Each stream is linearizable: appends in the order of their versions, and what was seen of it fits in between.

The order of the appends is known, so that there is nothing to search. Each append happens as early as it can: not
before it began, and not before what comes before it in the stream. Whoever saw the stream at some version saw it after
the append that made this version, and before the next. If something can only have happened after it had ended, no
order explains the history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from msgspec import Struct

from tests.histories.history import (
    Append,
    Conflicting,
    Fenced,
    History,
    Numbers,
    Operation,
    Read,
    Violation,
)
from tests.histories.matching import FOREVER, StoredAppend

LINEARIZABLE = "each stream is linearizable"


class Sight(Struct, frozen=True, kw_only=True):
    """Somebody saw a stream after its append number ``since`` (0: before any), and before append number ``before``."""

    operation: Operation
    since: int
    before: int


class Stream(Struct, frozen=True):
    """The appends to a stream, in order, and after each of them the version, the numbers so far, and the fence."""

    name: str
    appends: Sequence[StoredAppend]
    numbers: tuple[int, ...]
    versions: Sequence[int]
    fences: Sequence[int]


def unexplained(history: History, appends: Sequence[StoredAppend]) -> Iterator[Violation]:
    """What was seen of streams that was never so, or not at the time."""
    streams = _streams(appends)
    sights = defaultdict[str, list[Sight]](list)
    for name, operation in _glances(history.operations):
        stream = streams.get(name) or Stream(name, (), (), (0,), (0,))
        sight = _placed(stream, operation)
        if isinstance(sight, Violation):
            yield sight
        else:
            sights[name].append(sight)
    for name, stream in streams.items():
        yield from _late(stream, sights[name])


def _streams(appends: Sequence[StoredAppend]) -> Mapping[str, Stream]:
    by_stream = defaultdict[str, list[StoredAppend]](list)
    for append in appends:
        for write in append.request.writes:
            by_stream[write.stream].append(append)
    return {name: _stream(name, found) for name, found in by_stream.items()}


def _stream(name: str, appends: Sequence[StoredAppend]) -> Stream:
    writes = [write for append in appends for write in append.request.writes if write.stream == name]
    return Stream(
        name,
        appends,
        tuple(number for write in writes for number in write.numbers),
        list(accumulate((len(write.numbers) for write in writes), initial=0)),
        list(accumulate((write.raises or 0 for write in writes), max, initial=0)),
    )


def _glances(operations: Iterable[Operation]) -> Iterator[tuple[str, Operation]]:
    """The operations that saw a stream, and which."""
    for operation in operations:
        match operation.request, operation.answer:
            case Read(stream=stream), Numbers():
                yield stream, operation
            case Append(), Conflicting(stream=stream) | Fenced(stream=stream):
                yield stream, operation


def _placed(stream: Stream, operation: Operation) -> Sight | Violation:
    match operation.answer:
        case Numbers(numbers=numbers):
            if numbers != stream.numbers[: len(numbers)]:
                return Violation("what is read was stored", f"{_told(operation)} of {stream.name}: {numbers}")
            return _at_version(stream, operation, len(numbers))
        case Conflicting(actual=actual) if _expected(operation, stream.name) not in (None, actual):
            return _at_version(stream, operation, actual)
        case Fenced(fence=fence, epoch=epoch) if fence in stream.fences and epoch < fence:
            since = stream.fences.index(fence)
            return Sight(operation=operation, since=since, before=since + list(stream.fences).count(fence))
        case _:
            return Violation("a refusal has a reason", f"{_told(operation)}: {operation.answer}")


def _at_version(stream: Stream, operation: Operation, version: int) -> Sight | Violation:
    if version not in stream.versions:
        words = f"{_told(operation)} saw {stream.name} at version {version}, amid an append"
        return Violation("an append is seen whole or not at all", words)
    since = list(stream.versions).index(version)
    return Sight(operation=operation, since=since, before=since + 1)


def _expected(operation: Operation, stream: str) -> int | None:
    assert isinstance(operation.request, Append)
    return next((write.expected for write in operation.request.writes if write.stream == stream), None)


def _late(stream: Stream, sights: Sequence[Sight]) -> Iterator[Violation]:
    """Go through the stream with the earliest moment at which all so far can have happened."""
    begun = defaultdict[int, list[Sight]](list)
    for sight in sights:
        begun[sight.since].append(sight)
    moment, cause = 0, "the beginning"
    floors: dict[int, tuple[int, str]] = {}
    for number in range(len(stream.appends) + 1):
        if number > 0:
            append = stream.appends[number - 1]
            moment, cause = max((moment, cause), (append.began, str(append)), floors.get(number, (0, "")))
            if append.ended < moment:
                yield _too_late(stream, str(append), cause)
        for sight in begun[number]:
            at = max((moment, cause), (sight.operation.began, _told(sight.operation)))
            if (sight.operation.ended or FOREVER) < at[0]:
                yield _too_late(stream, _told(sight.operation), at[1])
            floors[sight.before] = max(floors.get(sight.before, (0, "")), at)


def _too_late(stream: Stream, what: str, cause: str) -> Violation:
    return Violation(LINEARIZABLE, f"in {stream.name}, {what} had ended before the begin of {cause}")


def _told(operation: Operation) -> str:
    return f"{operation.client}'s {type(operation.request).__name__.lower()} at {operation.began}"
