"""Read models as pure functions: the same rows however the history is cut, and counters that are sums over rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.event import Recorded
from projections.catalogue import ALL, AnyProjection
from projections.fold import Fold
from projections.projection import Key, SumName
from tests.projections.world import histories


class Tables:
    """What the database holds for one projection, kept in memory."""

    def __init__(self, projection: AnyProjection) -> None:
        self.projection = projection
        self.rows: dict[Key, Any] = {}
        self.sums: dict[str, Counter[SumName]] = {sums.table.name: Counter() for sums in projection.sums}

    def take(self, events: Sequence[Recorded]) -> None:
        fold = Fold(self.projection)
        unknown = fold.expect(events)
        fold.admit(self.rows[key] for key in unknown if key in self.rows)
        fold.apply()
        changes = fold.changes()
        for key in changes.outdated:
            del self.rows[key]
        for row in changes.rows:
            assert self.rows.setdefault(self.projection.read(row)[0], row) is row
        for table, differences in changes.sums.items():
            self.sums[table].update(differences)
            self.sums[table] = Counter({name: n for name, n in self.sums[table].items() if n})


def folded(projection: AnyProjection, *batches: Sequence[Recorded]) -> Tables:
    tables = Tables(projection)
    for batch in batches:
        tables.take(batch)
    return tables


@given(histories(), st.data())
def test_rows_and_sums_do_not_depend_on_how_the_history_is_cut_into_batches(
    history: list[Recorded], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(history)), max_size=6)))
    batches = [history[start:end] for start, end in zip([0, *cuts], [*cuts, len(history)], strict=True)]
    for projection in ALL:
        at_once, in_batches = folded(projection, history), folded(projection, *batches)
        one_by_one = folded(projection, *([event] for event in history))
        assert at_once.rows == in_batches.rows == one_by_one.rows
        assert at_once.sums == in_batches.sums == one_by_one.sums


@given(histories())
def test_a_row_holds_all_that_the_fold_goes_on_with(history: list[Recorded]) -> None:
    for projection in ALL:
        for row in folded(projection, history).rows.values():
            assert projection.lay_out(*projection.read(row)) == row
