"""Lifecycles as data: how events move a thing through its status machine.

``evolve`` does it, these tables say it: for who re-folds a history without this program, as an auditor does. They are
exported with every history; a test holds each of them against ``evolve``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct

from domain.event import Event
from domain.machine import StatusMachine

S = TypeVar("S", bound=str)
T = TypeVar("T", bound=str)

Known: TypeAlias = Mapping[str, str | bool]
"""Fields of a stream's events, with the values that were told last."""


class Cause(Struct, Generic[T], frozen=True):
    """An event that pulls a trigger; of several causes with one event, the first whose ``given`` holds counts.

    ``given``: what fields of this event, or of earlier ones of its stream, were last told to be. ``required``: the
    event stands only where the trigger is legal; any other is also recorded where it moves nothing.
    """

    event: type[Event]
    trigger: T
    given: Known = {}
    required: bool = False


class Lifecycle(Struct, Generic[S, T], frozen=True, kw_only=True):
    """A machine and the events that drive it.

    ``births`` begin a thing, in the machine's initial status; ``deaths`` end it: nothing is told of it afterwards.
    ``marks``: what an event says about a field without having it.
    """

    machine: StatusMachine[S, T]
    births: tuple[type[Event], ...]
    deaths: tuple[type[Event], ...] = ()
    causes: tuple[Cause[T], ...]
    marks: Mapping[type[Event], Known] = {}
