"""What a history is: what was asked of a log, when, what was answered, and what there was in the end.

Times are nanoseconds of one clock that all processes of a machine share. Every number is written once in a history (or
again by the same append id), so that whatever is seen tells who wrote it.
"""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

from msgspec import Struct


class Write(Struct, frozen=True, kw_only=True):
    """Numbers to append to a stream. ``expected``: the version it must be at, any when None."""

    stream: str
    numbers: tuple[int, ...]
    expected: int | None = None
    raises: int | None = None


class Guard(Struct, frozen=True):
    """The stream whose fence must admit the epoch."""

    stream: str
    epoch: int


class Append(Struct, frozen=True, kw_only=True, tag=True):
    """Asks for writes, all or none."""

    writes: tuple[Write, ...]
    epoch: int | None = None
    guard: Guard | None = None
    append_id: UUID | None = None


class Read(Struct, frozen=True, tag=True):
    """Asks for all numbers of a stream."""

    stream: str


class Follow(Struct, frozen=True, tag=True):
    """A reader of the feed asks for what comes after a position."""

    reader: str
    after: int


Request: TypeAlias = Append | Read | Follow


class Stored(Struct, frozen=True, kw_only=True, tag=True):
    """The append is in the log: the version of each stream after it, and the positions of its events."""

    versions: dict[str, int]
    positions: tuple[int, ...]
    repeated: bool = False


class Conflicting(Struct, frozen=True, tag=True):
    """Refused: the stream was at another version."""

    stream: str
    actual: int


class Fenced(Struct, frozen=True, tag=True):
    """Refused: the epoch is below the fence of the stream."""

    stream: str
    fence: int
    epoch: int


class IdReused(Struct, frozen=True, tag=True):
    """Refused: the append id stands for other content."""


class NotStored(Struct, frozen=True, tag=True):
    """Given up by the database, or rolled back by the client."""


class Numbers(Struct, frozen=True, tag=True):
    """What a stream held, in order."""

    numbers: tuple[int, ...]


class Page(Struct, frozen=True, tag=True):
    """What the feed told: pairs of position and number, and up to where it was read."""

    entries: tuple[tuple[int, int], ...]
    upto: int


class Lost(Struct, frozen=True, tag=True):
    """No answer came: it may have been done, or still be done."""


class Failed(Struct, frozen=True, tag=True):
    """It ended in an error that nobody promised."""

    error: str


Answer: TypeAlias = Stored | Conflicting | Fenced | IdReused | NotStored | Numbers | Page | Lost | Failed


class Operation(Struct, frozen=True, kw_only=True):
    """One request of a client, when it began, and, unless its answer was lost, when it ended."""

    client: str
    request: Request
    began: int
    ended: int | None = None
    answer: Answer = Lost()


class Entry(Struct, frozen=True, kw_only=True):
    """An event as it lies in the table."""

    position: int
    stream: str
    version: int
    number: int


class History(Struct, frozen=True, kw_only=True):
    """All operations, the whole log afterwards, and the positions that a projection has applied, stream by stream.

    The projection has caught up with the log.
    """

    operations: tuple[Operation, ...]
    log: tuple[Entry, ...]
    applied: tuple[tuple[int, ...], ...] | None = None


class Violation(Struct, frozen=True):
    """A law that a history breaks, and how."""

    law: str
    words: str

    def __str__(self) -> str:
        return f"{self.law}: {self.words}"
