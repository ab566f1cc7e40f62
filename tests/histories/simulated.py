"""Histories that are right by construction: a model of the log takes one request after the other.

Each request begins somewhat before its moment and ends somewhat after it, so that requests overlap, and some answers
are lost on the way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st
from msgspec import Struct

from tests.histories.history import (
    Answer,
    Append,
    Conflicting,
    Entry,
    Fenced,
    Follow,
    Guard,
    History,
    Lost,
    Numbers,
    Operation,
    Page,
    Read,
    Request,
    Stored,
    Write,
)

STREAMS: Final = ("a", "b", "c")
MOMENT: Final = 10
"""Between the moments of two requests."""


class Intent(Struct, frozen=True, kw_only=True):
    """What a client is about to ask, which overlaps with so much before and after; ``lost``: the answer is."""

    streams: Sequence[str]
    kind: str
    epoch: int
    early: int
    late: int
    lost: bool


intents = st.lists(
    st.builds(
        Intent,
        streams=st.lists(st.sampled_from(STREAMS), min_size=1, max_size=2, unique=True),
        kind=st.sampled_from(["append", "append", "swap", "raise", "guarded", "read", "follow"]),
        epoch=st.integers(0, 3),
        early=st.integers(0, 3 * MOMENT),
        late=st.integers(0, 3 * MOMENT),
        lost=st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


class Log:
    """The log, as it is meant."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._numbers = defaultdict[str, list[int]](list)
        self._fences = defaultdict[str, int](int)

    def answer(self, request: Request) -> Answer:
        """Do what is asked, at once."""
        match request:
            case Read(stream=stream):
                return Numbers(tuple(self._numbers[stream]))
            case Follow(after=after):
                found = [(entry.position, entry.number) for entry in self.entries if entry.position > after]
                return Page(tuple(found), len(self.entries))
            case Append():
                return self._refusal(request) or self._store(request)

    def version(self, stream: str) -> int:
        """How many numbers it holds."""
        return len(self._numbers[stream])

    def _refusal(self, request: Append) -> Answer | None:
        guard = request.guard
        if guard is not None and guard.epoch < self._fences[guard.stream]:
            return Fenced(guard.stream, self._fences[guard.stream], guard.epoch)
        for write in request.writes:
            if write.expected not in (None, self.version(write.stream)):
                return Conflicting(write.stream, self.version(write.stream))
        return None

    def _store(self, request: Append) -> Stored:
        before = len(self.entries)
        for write in request.writes:
            for number in write.numbers:
                self._numbers[write.stream].append(number)
                self.entries.append(
                    Entry(
                        position=len(self.entries) + 1,
                        stream=write.stream,
                        version=self.version(write.stream),
                        number=number,
                    )
                )
            self._fences[write.stream] = max(self._fences[write.stream], write.raises or 0)
        versions = {write.stream: self.version(write.stream) for write in request.writes}
        return Stored(versions=versions, positions=tuple(range(before + 1, len(self.entries) + 1)))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A history without violation."""
    log, upto = Log(), 0
    operations: list[Operation] = []
    for number, intent in enumerate(draw(intents), start=1):
        request = _request(intent, log, number, upto)
        answer = log.answer(request)
        lost = intent.lost and not isinstance(answer, Page)
        operations.append(
            Operation(
                client="model",
                request=request,
                began=number * MOMENT - intent.early,
                ended=None if lost else number * MOMENT + intent.late,
                answer=Lost() if lost else answer,
            )
        )
        upto = answer.upto if isinstance(answer, Page) else upto
    applied = tuple(
        tuple(entry.position for entry in log.entries if entry.stream == stream) for stream in STREAMS
    )
    return History(operations=tuple(operations), log=tuple(log.entries), applied=applied)


def _request(intent: Intent, log: Log, number: int, upto: int) -> Request:
    stream = intent.streams[0]
    match intent.kind:
        case "read":
            return Read(stream)
        case "follow":
            return Follow("reader", upto)
        case "swap":
            return Append(
                writes=(
                    Write(stream=stream, numbers=(number,), expected=log.version(stream) - intent.epoch % 2),
                )
            )
        case "raise":
            return Append(writes=(Write(stream=stream, numbers=(number,), raises=intent.epoch),))
        case "guarded":
            return Append(writes=(Write(stream=stream, numbers=(number,)),), guard=Guard("a", intent.epoch))
        case _:
            writes = (
                Write(stream=name, numbers=(1000 * place + number,))
                for place, name in enumerate(intent.streams)
            )
            return Append(writes=tuple(writes))
