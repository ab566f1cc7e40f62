"""Writes down what is asked and answered as it happens, so that the death of a client loses nothing of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec
from msgspec import Struct

from tests.histories.history import Answer, Operation, Request


class Invoked(Struct, frozen=True, tag=True):
    """A request begins."""

    number: int
    at: int
    request: Request


class Answered(Struct, frozen=True, tag=True):
    """A request has got its answer."""

    number: int
    at: int
    answer: Answer


Line: TypeAlias = Invoked | Answered

_encode = msgspec.json.Encoder().encode
_lines = msgspec.json.Decoder(Line)


class Recorder:
    """``write`` takes one line of JSON, and has kept it when it returns."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._invoked = 0

    def begin(self, request: Request) -> int:
        """Note that it begins; answers its number."""
        self._invoked += 1
        self._write(_encode(Invoked(self._invoked, time.monotonic_ns(), request)) + b"\n")
        return self._invoked

    def end(self, number: int, answer: Answer) -> None:
        """Note what was answered."""
        self._write(_encode(Answered(number, time.monotonic_ns(), answer)) + b"\n")


def operations(client: str, lines: Iterable[bytes]) -> Iterator[Operation]:
    """What a client did, in the order in which it began. A line that its death cut off is passed over."""
    begun: dict[int, Invoked] = {}
    ended: dict[int, Answered] = {}
    for line in lines:
        if not line.endswith(b"\n"):
            continue
        match _lines.decode(line):
            case Invoked() as invoked:
                begun[invoked.number] = invoked
            case Answered() as answered:
                ended[answered.number] = answered
    for number, invoked in begun.items():
        operation = Operation(client=client, request=invoked.request, began=invoked.at)
        if (told := ended.get(number)) is not None:
            operation = msgspec.structs.replace(operation, ended=told.at, answer=told.answer)
        yield operation
