"""The pure heart of every read model: states in memory, events applied to them, and what has changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic

from msgspec import Struct

from domain.event import Recorded
from projections.projection import Fact, Key, Projection, Row, State, SumName, Sums


class Changes(Struct, Generic[Row], frozen=True, kw_only=True):
    """What to write: remove the rows of the ``outdated`` keys, store ``rows``, add to each table its ``sums``."""

    outdated: list[Key]
    rows: list[Row]
    sums: Mapping[str, Mapping[SumName, int]]


class _Thing(Struct, Generic[State], gc=False):
    """One thing in a working set: its state now, and the one that is stored. Looked up once for each fact."""

    key: Key
    state: State | None = None
    stored: State | None = None


class Fold(Generic[State, Row, Fact]):
    """A working set of states: ``expect`` events, ``admit`` the rows they need, ``apply`` them, write the ``changes``.

    What is written in the end does not depend on how the history was cut into batches.
    """

    def __init__(self, projection: Projection[State, Row, Fact]) -> None:
        self._projection = projection
        self._things: dict[Key, _Thing[State]] = {}
        self._expected: list[tuple[_Thing[State], Fact, Recorded]] = []

    def __len__(self) -> int:
        """How many things the set holds."""
        return len(self._things)

    def expect(self, events: Iterable[Recorded]) -> list[Key]:
        """Take up ``events``; answers the keys whose rows, where they exist, must be admitted before."""
        facts, births, things = self._projection.facts, self._projection.births, self._things
        listens_to = self._projection.streams
        unknown: list[Key] = []
        for event in events:
            if not event.stream.startswith(listens_to):
                continue
            for id, fact in facts(event):
                key = (event.workspace_id, id)
                thing = things.get(key)
                if thing is None:
                    thing = things[key] = _Thing(key)
                    if not isinstance(fact, births):
                        unknown.append(key)
                self._expected.append((thing, fact, event))
        return unknown

    def admit(self, rows: Iterable[Row]) -> None:
        """Take in rows as they are stored."""
        for key, state in map(self._projection.read, rows):
            thing = self._things[key]
            thing.state = thing.stored = state

    def apply(self) -> None:
        """Fold the events taken up. Raises what ``evolve`` raises; the set is of no use after that."""
        evolve = self._projection.evolve
        for thing, fact, event in self._expected:
            thing.state = evolve(thing.key, thing.state, fact, event)
        self._expected.clear()

    def changes(self) -> Changes[Row]:
        """All that differs from what is stored."""
        lay_out = self._projection.lay_out
        changed = [thing for thing in self._things.values() if thing.state is not thing.stored]
        return Changes(
            outdated=[thing.key for thing in changed if thing.stored is not None],
            rows=[lay_out(thing.key, thing.state) for thing in changed if thing.state is not None],
            sums={sums.table.name: _differences(sums, changed) for sums in self._projection.sums},
        )


def _differences(sums: Sums[State], changed: Iterable[_Thing[State]]) -> dict[SumName, int]:
    terms = sums.terms
    counter = Counter(
        name for thing in changed if thing.state is not None for name in terms(thing.key, thing.state)
    )
    counter.subtract(
        name for thing in changed if thing.stored is not None for name in terms(thing.key, thing.stored)
    )
    return {name: difference for name, difference in counter.items() if difference}
