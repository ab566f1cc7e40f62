"""The event at which a stored row and the log part.

What a row shows in the differing columns changes from event to event. The two part at the event with which the replayed
row last left the values that are stored: from there on it never shows them again, so this is the first event that the
stored row lacks. A stored value that the log never amounted to has no such event; then it is the event which gave the
columns the values they should have. For a sum the events about all things it counts are followed in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeAlias

from msgspec.structs import astuple, replace

from domain.event import Recorded
from projections.projection import Fact, Key, Projection, Row, State, Sums
from service.projector.difference import Difference, Parting, Values, values

_Place: TypeAlias = tuple[str, ...]
"""The table and the key of a row, as texts."""


class Partings(Generic[State, Row, Fact]):
    """Finds the partings of a projection's differences: takes all events it folded, from the beginning of the log.

    For rows it holds in memory the things that differ; for sums, all things of the workspaces whose sums differ.
    """

    def __init__(self, projection: Projection[State, Row, Fact], differences: Sequence[Difference]) -> None:
        rows, names = projection.table.name, {table.name for table in projection.tables}
        self._projection = projection
        self._differences = [each for each in differences if each.table in names]
        self._rows = {_place(each): _RowTrace(each) for each in self._differences if each.table == rows}
        self._totals = {_place(each): _SumTrace(each) for each in self._differences if each.table != rows}
        self._sums = [
            sums for sums in projection.sums if any(sums.table.name == at[0] for at in self._totals)
        ]
        self._workspaces = {each.key["workspace_id"] for each in self._differences if each.table != rows}
        self._states: dict[Key, Any] = {}

    def take(self, events: Iterable[Recorded]) -> None:
        """Follow the next events. Raises what the projection raises for an event it can't fold."""
        for event in events:
            moved: Counter[_Place] = Counter()
            for id, fact in self._projection.facts(event):
                key = (event.workspace_id, id)
                if self._concerns(key):
                    self._fold(key, fact, event, moved)
            for place, by in moved.items():
                self._totals[place].add(by, event)

    def found(self) -> list[Difference]:
        """The differences, each with its parting."""
        traces = {**self._rows, **self._totals}
        return [replace(each, parting=traces[_place(each)].parting) for each in self._differences]

    def _concerns(self, key: Key) -> bool:
        return str(key[0]) in self._workspaces or self._row(key) in self._rows

    def _row(self, key: Key) -> _Place:
        return (self._projection.table.name, str(key[0]), str(key[1]))

    def _fold(self, key: Key, fact: Fact, event: Recorded, moved: Counter[_Place]) -> None:
        before = self._states.get(key)
        after = self._states[key] = self._projection.evolve(key, before, fact, event)
        if (trace := self._rows.get(self._row(key))) is not None:
            trace.show_row(None if after is None else self._laid_out(key, after), event)
        for sums in self._sums:
            moved.update(self._counted(sums, key, after))
            moved.subtract(self._counted(sums, key, before))

    def _laid_out(self, key: Key, state: State) -> Values:
        return values(self._projection.columns, astuple(self._projection.lay_out(key, state)))

    def _counted(self, sums: Sums[State], key: Key, state: State | None) -> list[_Place]:
        """The differing sums that a thing in this state adds 1 to, each as often as it does."""
        if state is None:
            return []
        places = [(sums.table.name, *map(str, name)) for name in sums.terms(key, state)]
        return [place for place in places if place in self._totals]


class _Trace:
    """What something showed from event to event, beside what is stored of it."""

    def __init__(self, stored: object, at_first: object) -> None:
        self.parting: Parting | None = None
        self._stored = stored
        self._shown = at_first
        self._has_agreed = False

    def show(self, shown: object, event: Recorded) -> None:
        """So it is after this event."""
        if shown == self._shown:
            return
        leaves = self._shown == self._stored
        if leaves or not self._has_agreed:
            self.parting = Parting.at(event)
        self._has_agreed |= leaves
        self._shown = shown


class _RowTrace(_Trace):
    """Follows the columns of a row that differ, or the whole row where one side has none."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.stored, None)
        is_on_both_sides = difference.stored is not None and difference.replayed is not None
        self._columns = set(difference.stored or ()) if is_on_both_sides else None

    def show_row(self, row: Values | None, event: Recorded) -> None:
        if row is not None and self._columns is not None:
            row = {column: value for column, value in row.items() if column in self._columns}
        self.show(row, event)


class _SumTrace(_Trace):
    """Follows a sum; one of 0 has no row."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.stored["n"] if difference.stored else 0, 0)
        self._n = 0

    def add(self, by: int, event: Recorded) -> None:
        self._n += by
        self.show(self._n, event)


def _place(difference: Difference) -> _Place:
    return (difference.table, *difference.key.values())
