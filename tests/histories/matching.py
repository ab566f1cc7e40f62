"""Which appends are in the log: each acknowledged one, whole, once, as it was answered; and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from tests.histories.history import (
    Append,
    Entry,
    Failed,
    History,
    IdReused,
    Lost,
    NotStored,
    Operation,
    Stored,
    Violation,
)

FOREVER: Final = 2**63
"""When something ends that nobody saw ending."""

Attempts: TypeAlias = Sequence[Operation]
"""The operations that asked for one append: several, if it has an id."""


class StoredAppend(Struct, frozen=True, kw_only=True):
    """An append that is in the log: its events in order, and the time within which it happened."""

    request: Append
    entries: tuple[Entry, ...]
    began: int
    ended: int

    @property
    def first(self) -> int:
        """The position of its first event."""
        return self.entries[0].position

    def __str__(self) -> str:
        return f"the append of {_shown(self.entries)}"


def stored_appends(history: History) -> list[StoredAppend]:
    """The appends of a history that breaks none of the laws of this module, in the order of their positions."""
    entries = {entry.number: entry for entry in history.log}
    found = [
        _stored(attempts, entries) for attempts in attempts_of(history) if _numbers(attempts)[0] in entries
    ]
    return sorted(found, key=lambda append: append.first)


def attempts_of(history: History) -> list[Attempts]:
    """The appends that were asked for, as the operations that asked for them."""
    by_content = defaultdict[tuple[int, ...], list[Operation]](list)
    for operation in history.operations:
        if isinstance(operation.request, Append):
            by_content[_numbers([operation])].append(operation)
    return list(by_content.values())


def broken(history: History) -> Iterator[Violation]:
    """What the log and the answers say differently."""
    yield from _malformed(history.log)
    entries = {entry.number: entry for entry in history.log}
    asked = attempts_of(history)
    rivals = _disputed_ids(asked)
    known = {number for attempts in asked for number in _numbers(attempts)}
    for entry in history.log:
        if entry.number not in known:
            yield Violation("nothing is invented", f"nobody ever wrote {_shown([entry])}")
    for attempts in asked:
        yield from _told_wrongly(attempts, entries)
        yield from _answered_differently(attempts, rivals)


def _malformed(log: Sequence[Entry]) -> Iterator[Violation]:
    """What can be seen from the log alone."""
    numbers: dict[int, Entry] = {}
    versions: dict[str, int] = {}
    for entry in log:
        if entry.number in numbers:
            twice = _shown([numbers[entry.number], entry])
            yield Violation("an append is stored once", f"the same number is stored twice: {twice}")
        if entry.version != versions.get(entry.stream, 0) + 1:
            yield Violation(
                "positions and versions of a stream rise together",
                f"{_shown([entry])} comes after version {versions.get(entry.stream, 0)} of {entry.stream}",
            )
        numbers[entry.number], versions[entry.stream] = entry, entry.version


def _told_wrongly(attempts: Attempts, entries: Mapping[int, Entry]) -> Iterator[Violation]:
    numbers = _numbers(attempts)
    present = [entries[number] for number in numbers if number in entries]
    if present and len(present) < len(numbers):
        missing = [number for number in numbers if number not in entries]
        yield Violation(
            "an append is stored whole or not at all", f"{_shown(present)} is there, {missing} is not"
        )
    if present and not any(_may_store(attempt) for attempt in attempts):
        answers = ", ".join(repr(attempt.answer) for attempt in attempts)
        yield Violation("what is refused is not stored", f"{_shown(present)} was answered by {answers}")
    for attempt in attempts:
        if isinstance(attempt.answer, Failed):
            yield Violation(
                "an append ends in an answer", f"{_asked(attempt)} failed: {attempt.answer.error}"
            )
        if isinstance(attempt.answer, Stored):
            yield from _unlike_the_log(attempt, attempt.answer, present)


def _unlike_the_log(attempt: Operation, answer: Stored, present: Sequence[Entry]) -> Iterator[Violation]:
    if len(present) < len(_numbers([attempt])):
        yield Violation(
            "what is acknowledged is stored", f"{_asked(attempt)} was acknowledged and is missing"
        )
        return
    positions = tuple(entry.position for entry in present)
    versions = {entry.stream: entry.version for entry in present}
    if (answer.positions, answer.versions) != (positions, versions):
        yield Violation("what is acknowledged is stored", f"{_shown(present)} was acknowledged as {answer}")


def _answered_differently(attempts: Attempts, rivals: Collection[UUID]) -> Iterator[Violation]:
    """After an acknowledgement the same append gets it again; its id is reused only if other content has it too."""
    ends = [attempt.ended for attempt in attempts if isinstance(attempt.answer, Stored) and attempt.ended]
    acknowledged = min(ends, default=FOREVER)
    for attempt in attempts:
        match attempt.answer:
            case Stored(repeated=True) | Lost() | NotStored():
                lawful = True
            case IdReused():
                lawful = _request(attempt).append_id in rivals
            case _:
                lawful = attempt.began <= acknowledged
        if not lawful:
            yield Violation(
                "the same append has the same answer", f"{_asked(attempt)} was repeated: {attempt.answer}"
            )


def _disputed_ids(appends: Sequence[Attempts]) -> set[UUID]:
    """The append ids that were used for several contents."""
    uses = Counter(_request(attempts[0]).append_id for attempts in appends)
    return {append_id for append_id, count in uses.items() if append_id is not None and count > 1}


def _may_store(attempt: Operation) -> bool:
    answer = attempt.answer
    return isinstance(answer, Lost | Failed) or (isinstance(answer, Stored) and not answer.repeated)


def _stored(attempts: Attempts, entries: Mapping[int, Entry]) -> StoredAppend:
    """It happened after the beginning of an attempt that may have stored it, and before any acknowledgement."""
    first = [
        attempt for attempt in attempts if isinstance(attempt.answer, Stored) and not attempt.answer.repeated
    ]
    storing = first or [attempt for attempt in attempts if _may_store(attempt)]
    ends = [attempt.ended for attempt in attempts if isinstance(attempt.answer, Stored) and attempt.ended]
    return StoredAppend(
        request=_request(attempts[0]),
        entries=tuple(entries[number] for number in _numbers(attempts)),
        began=min(attempt.began for attempt in storing),
        ended=min(ends, default=FOREVER),
    )


def _numbers(attempts: Attempts) -> tuple[int, ...]:
    return tuple(number for write in _request(attempts[0]).writes for number in write.numbers)


def _request(attempt: Operation) -> Append:
    assert isinstance(attempt.request, Append)
    return attempt.request


def _asked(attempt: Operation) -> str:
    return f"{attempt.client}'s append of {list(_numbers([attempt]))}"


def _shown(entries: Sequence[Entry]) -> str:
    return ", ".join(
        f"{entry.number} ({entry.stream} version {entry.version}, position {entry.position})"
        for entry in entries
    )
