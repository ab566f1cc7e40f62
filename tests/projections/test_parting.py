"""Where a stored row and the log part: held against a look at every single event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from domain.event import Recorded
from projections.catalogue import ALL, AnyProjection
from projections.projection import Key, SumName, Sums
from service.projector.difference import Difference, Parting
from service.projector.parting import Partings
from tests.kit.histories import histories
from tests.projections.tables import folded


def parting_of(projection: AnyProjection, history: Sequence[Recorded], difference: Difference) -> Parting:
    partings = Partings(projection, [difference])
    partings.take(history)
    [found] = partings.found()
    assert found.parting is not None
    return found.parting


@settings(max_examples=60)
@given(histories(), st.sampled_from(ALL), st.data())
def test_a_row_left_behind_parts_at_the_first_event_it_lacks(
    history: list[Recorded], projection: AnyProjection, data: st.DataObject
) -> None:
    assume(history)
    behind = data.draw(st.integers(0, len(history) - 1), label="events folded")
    then, now = folded(projection, history[:behind]).rows, folded(projection, history).rows
    keys = sorted(key for key in {**then, **now} if then.get(key) != now.get(key))
    assume(keys)
    key = data.draw(st.sampled_from(keys), label="row")
    difference = Difference.between(
        projection.table,
        projection.columns,
        _row(projection, then.get(key)),
        _row(projection, now.get(key)),
    )
    at = parting_of(projection, history, difference).position
    shows = [_shown(projection, history[:count], key, difference) for count in (at - 1, at)]
    stored = difference.stored
    assert shows[0] == stored
    assert shows[1] != stored
    later = range(at, len(history) + 1)
    assert all(_shown(projection, history[:count], key, difference) != stored for count in later)


@settings(max_examples=60)
@given(histories(), st.data())
def test_a_sum_left_behind_parts_at_the_first_event_it_lacks(
    history: list[Recorded], data: st.DataObject
) -> None:
    projection, sums = data.draw(
        st.sampled_from([(projection, sums) for projection in ALL for sums in projection.sums])
    )
    assume(history)
    behind = data.draw(st.integers(0, len(history) - 1), label="events folded")
    then, now = (_sums(projection, sums, events) for events in (history[:behind], history))
    names = sorted((name for name in {**then, **now} if then.get(name) != now.get(name)), key=str)
    assume(names)
    name = data.draw(st.sampled_from(names), label="sum")
    columns = (*sums.table.key, "n")
    nothing = (None,) * len(columns)
    difference = Difference.between(
        sums.table,
        columns,
        (*name, then[name]) if name in then else nothing,
        (*name, now[name]) if name in now else nothing,
    )
    at = parting_of(projection, history, difference).position
    stored = then.get(name)
    assert _sums(projection, sums, history[: at - 1]).get(name) == stored
    later = range(at, len(history) + 1)
    assert all(_sums(projection, sums, history[:count]).get(name) != stored for count in later)


def _row(projection: AnyProjection, row: Any) -> Sequence[object]:
    return (None,) * len(projection.columns) if row is None else astuple(row)


def _shown(
    projection: AnyProjection, history: Sequence[Recorded], key: Key, difference: Difference
) -> dict[str, Any] | None:
    """What the row is after these events, in the columns that differ."""
    row = folded(projection, history).rows.get(key)
    if row is None:
        return None
    nothing = _row(projection, None)
    whole = Difference.between(projection.table, projection.columns, astuple(row), nothing).stored or {}
    columns = (
        difference.stored if difference.stored is not None and difference.replayed is not None else whole
    )
    return {column: whole[column] for column in columns}


def _sums(projection: AnyProjection, sums: Sums[Any], history: Sequence[Recorded]) -> dict[SumName, int]:
    return folded(projection, history).sums[sums.table.name]
