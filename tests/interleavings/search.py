"""Breadth-first search through all states, so that what is found wrong is found by the shortest way there is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from tests.interleavings.house import House
from tests.interleavings.promises import broken, is_at_rest
from tests.interleavings.state import Scope, State, beginning


class Fault(Struct, frozen=True):
    """A promise broken, and the steps that lead there."""

    what: str
    way: tuple[str, ...]


class Found(Struct, frozen=True, kw_only=True):
    """How many states there are and steps between them, and the first fault; ``complete``: nothing was left out."""

    states: int
    steps: int
    complete: bool
    fault: Fault | None = None


class _Seen(Struct):
    """A state by its number: the step it was first reached by, and the states whose work leads to it."""

    came_from: int
    by: str
    worked_from: list[int]
    at_rest: bool = False


def search(house: House, scope: Scope, go_on: Callable[[int], bool] = lambda _: True) -> Found:
    """Visit every state, as long as ``go_on`` says so of the number visited; the first fault ends it."""
    first = beginning(scope)
    numbers: dict[State, int] = {first: 0}
    seen = [_Seen(0, "", [])]
    waiting, steps = deque([first]), 0
    number = -1
    while waiting:
        if not go_on(len(seen)):
            return Found(states=len(seen), steps=steps, complete=False)
        # The first to be found is the first to be looked at, so states are looked at in the order of their numbers.
        state, number = waiting.popleft(), number + 1
        seen[number].at_rest = is_at_rest(state)
        for what in broken(house, state):
            fault = Fault(what, _way_to(number, seen))
            return Found(states=len(seen), steps=steps, complete=False, fault=fault)
        for step in house.steps(state):
            steps += 1
            reached = numbers.setdefault(step.after, len(seen))
            if reached == len(seen):
                seen.append(_Seen(number, step.what, []))
                waiting.append(step.after)
            if step.kind == "work":
                seen[reached].worked_from.append(number)
    stuck = _without_rest(seen)
    unrest = None if stuck is None else Fault("its work never comes to rest", _way_to(stuck, seen))
    return Found(states=len(seen), steps=steps, complete=True, fault=unrest)


def _without_rest(seen: Sequence[_Seen]) -> int | None:
    """The first state from which the house's own work leads to no rest, if there is one."""
    comes_to_rest = {number for number, each in enumerate(seen) if each.at_rest}
    resting = deque(comes_to_rest)
    while resting:
        for before in seen[resting.popleft()].worked_from:
            if before not in comes_to_rest:
                comes_to_rest.add(before)
                resting.append(before)
    return next((number for number in range(len(seen)) if number not in comes_to_rest), None)


def _way_to(number: int, seen: Sequence[_Seen]) -> tuple[str, ...]:
    way: list[str] = []
    while number:
        way.append(seen[number].by)
        number = seen[number].came_from
    return tuple(reversed(way))
