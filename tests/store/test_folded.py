"""Streams that were folded before, and are gone on with."""

from __future__ import annotations

from collections.abc import Iterable

from domain.event import Recorded
from service.ids import new_id
from service.store.folded import Folded, Row
from tests.store.events import CODEC, NOON, Counted


def _history(*numbers: int) -> list[Row]:
    """The events of a stream in which these numbers were counted."""
    return [
        {
            "position": version,
            "workspace_id": new_id(),
            "stream": "counter-1",
            "version": version,
            "event_id": new_id(),
            "type": Counted.type,
            "schema_version": Counted.schema,
            "actor": "test",
            "correlation_id": new_id(),
            "causation_id": None,
            "epoch": None,
            "recorded_at": NOON,
            "payload": CODEC.encode(Counted(number=number)),
        }
        for version, number in enumerate(numbers, start=1)
    ]


def _counted(history: Iterable[Recorded], before: tuple[int, ...] | None = None) -> tuple[int, ...] | None:
    """The numbers, in order."""
    for recorded in history:
        assert isinstance(recorded.event, Counted)
        before = (*(before or ()), recorded.event.number)
    return before


def _after(known: Folded[tuple[int, ...]], events: list[Row]) -> Folded[tuple[int, ...]] | None:
    return known.after(events, _counted, CODEC)


def test_going_on_ends_where_folding_anew_does() -> None:
    history = _history(3, 1, 4, 1, 5)
    anew = _after(Folded(), history)
    assert anew == Folded((3, 1, 4, 1, 5), 5, history[-1]["event_id"])
    for seen in range(len(history) + 1):
        known = _after(Folded(), history[:seen])
        assert known is not None
        assert _after(known, history[max(seen - 1, 0) :]) == anew


def test_nothing_new_leaves_everything_as_it_was() -> None:
    history = _history(3, 1)
    known = _after(Folded(), history)
    assert known is not None
    assert _after(known, history[1:]) is known


def test_another_history_is_not_gone_on_with() -> None:
    known = _after(Folded(), _history(3, 1))
    assert known is not None
    assert _after(known, _history(3, 1, 4)[1:]) is None


def test_a_history_that_ends_earlier_is_not_gone_on_with() -> None:
    known = _after(Folded(), _history(3, 1))
    assert known is not None
    assert _after(known, []) is None
