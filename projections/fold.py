"""The pure heart of every read model: states in memory, events applied to them, and what has changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic

from msgspec import Struct

from domain.event import Recorded
from projections.projection import Fact, Key, Projection, Row, State, SumName, Sums


class Changes(Struct, Generic[Row], frozen=True, kw_only=True):
    """What to write: remove the rows of the ``outdated`` keys, store ``rows``, add to each table its ``sums``."""

    outdated: list[Key]
    rows: list[Row]
    sums: Mapping[str, Mapping[SumName, int]]


class Fold(Generic[State, Row, Fact]):
    """A working set of states: ``expect`` events, ``admit`` the rows they need, ``apply`` them, write the ``changes``.

    What is written in the end does not depend on how the history was cut into batches.
    """

    def __init__(self, projection: Projection[State, Row, Fact]) -> None:
        self._projection = projection
        self._stored: dict[Key, State] = {}
        self._states: dict[Key, State | None] = {}
        self._expected: list[tuple[Key, Fact, Recorded]] = []

    def __len__(self) -> int:
        """How many things the set holds."""
        return len(self._states)

    def expect(self, events: Iterable[Recorded]) -> list[Key]:
        """Take up ``events``; answers the keys whose rows, where they exist, must be admitted before."""
        facts, births = self._projection.facts, self._projection.births
        expected = [(key, fact, event) for event in events for key, fact in facts(event)]
        self._expected += expected
        unknown: list[Key] = []
        for key, fact, _ in expected:
            if key not in self._states:
                self._states[key] = None
                if not isinstance(fact, births):
                    unknown.append(key)
        return unknown

    def admit(self, rows: Iterable[Row]) -> None:
        """Take in rows as they are stored."""
        for key, state in map(self._projection.read, rows):
            self._stored[key] = self._states[key] = state

    def apply(self) -> None:
        """Fold the events taken up. Raises what ``evolve`` raises; the set is of no use after that."""
        evolve, states = self._projection.evolve, self._states
        for key, fact, event in self._expected:
            states[key] = evolve(key, states[key], fact, event)
        self._expected.clear()

    def changes(self) -> Changes[Row]:
        """All that differs from what is stored."""
        lay_out, stored = self._projection.lay_out, self._stored
        changed = {key: state for key, state in self._states.items() if state is not stored.get(key)}
        return Changes(
            outdated=[key for key in changed if key in stored],
            rows=[lay_out(key, state) for key, state in changed.items() if state is not None],
            sums={sums.table.name: self._differences(sums, changed) for sums in self._projection.sums},
        )

    def _differences(self, sums: Sums[State], changed: Mapping[Key, State | None]) -> dict[SumName, int]:
        counter = Counter(_all_terms(sums, changed))
        counter.subtract(_all_terms(sums, {key: self._stored.get(key) for key in changed}))
        return {name: difference for name, difference in counter.items() if difference}


def _all_terms(sums: Sums[State], states: Mapping[Key, State | None]) -> Iterator[SumName]:
    for key, state in states.items():
        if state is not None:
            yield from sums.terms(key, state)
