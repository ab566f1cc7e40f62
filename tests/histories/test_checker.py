"""The checker itself: what is right passes, and each way of being wrong is told apart.

The histories are made by hand, with times in small numbers, or by a model.
"""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.histories.checker import first_violation
from tests.histories.history import (
    Answer,
    Append,
    Conflicting,
    Entry,
    Failed,
    Fenced,
    Follow,
    Guard,
    History,
    IdReused,
    Lost,
    NotStored,
    Numbers,
    Operation,
    Page,
    Read,
    Request,
    Stored,
    Write,
)
from tests.histories.simulated import histories

ID = UUID(int=1)


def write(stream: str, *numbers: int, expected: int | None = None, raises: int | None = None) -> Write:
    return Write(stream=stream, numbers=numbers, expected=expected, raises=raises)


def asked(request: Request, began: int, ended: int | None = None, answer: Answer | None = None) -> Operation:
    return Operation(client="c", request=request, began=began, ended=ended, answer=answer or Lost())


def appended(
    began: int, ended: int, position: int, version: int, number: int, stream: str = "s", **request: object
) -> Operation:
    """An acknowledged append of one number."""
    expected, raises = request.pop("expected", None), request.pop("raises", None)
    one = write(stream, number, expected=expected, raises=raises)  # type: ignore[arg-type]
    stored = Stored(versions={stream: version}, positions=(position,))
    return asked(Append(writes=(one,), **request), began, ended, stored)  # type: ignore[arg-type]


def entry(position: int, version: int, number: int, stream: str = "s") -> Entry:
    return Entry(position=position, stream=stream, version=version, number=number)


def law(
    log: list[Entry], *operations: Operation, applied: tuple[tuple[int, ...], ...] | None = None
) -> str | None:
    """The law that is broken."""
    found = first_violation(History(operations=operations, log=tuple(log), applied=applied))
    return None if found is None else found.law


ONE, TWO = entry(1, 1, 10), entry(2, 2, 20)
FIRST, SECOND = appended(0, 5, 1, 1, 10), appended(6, 9, 2, 2, 20)


def test_what_follows_each_other_is_right() -> None:
    read = asked(Read("s"), 7, 20, Numbers((10, 20)))
    assert law([ONE, TWO], FIRST, SECOND, read) is None


def test_a_lost_append_may_have_happened_or_not() -> None:
    lost = asked(Append(writes=(write("s", 20),)), 6)
    assert law([ONE, TWO], FIRST, lost) is None
    assert law([ONE], FIRST, lost) is None


def test_a_lost_append_may_happen_late() -> None:
    lost = asked(Append(writes=(write("s", 20),)), 6)
    early, late = asked(Read("s"), 50, 60, Numbers((10,))), asked(Read("s"), 70, 80, Numbers((10, 20)))
    assert law([ONE, TWO], FIRST, lost, early, late) is None


def test_what_is_acknowledged_is_stored() -> None:
    assert law([ONE], FIRST, SECOND) == "what is acknowledged is stored"
    elsewhere = appended(6, 9, 3, 2, 20)
    assert law([ONE, TWO], FIRST, elsewhere) == "what is acknowledged is stored"


def test_nothing_is_invented() -> None:
    assert law([ONE, TWO], FIRST) == "nothing is invented"


def test_an_append_is_stored_whole() -> None:
    both = asked(Append(writes=(write("s", 10), write("t", 20))), 0)
    assert law([ONE], both) == "an append is stored whole or not at all"


@pytest.mark.parametrize("answer", [Conflicting("s", 3), NotStored()])
def test_what_is_refused_is_not_stored(answer: Answer) -> None:
    refused = asked(Append(writes=(write("s", 10, expected=2),)), 0, 5, answer)
    assert law([ONE], refused) == "what is refused is not stored"


def test_an_error_that_nobody_promised_is_no_answer() -> None:
    failed = asked(Append(writes=(write("s", 10),)), 0, 5, Failed("UniqueViolationError"))
    assert law([], failed) == "an append ends in an answer"


def test_an_append_is_stored_once() -> None:
    assert law([ONE, entry(2, 2, 10)], FIRST) == "an append is stored once"


def test_versions_rise_with_positions() -> None:
    assert law([entry(1, 2, 20), entry(2, 1, 10)], FIRST, SECOND) == (
        "positions and versions of a stream rise together"
    )


def test_an_append_that_is_sent_again_gets_its_first_answer() -> None:
    first = appended(0, 5, 1, 1, 10, append_id=ID)
    again = replace(first, began=6, ended=7, answer=Stored(versions={"s": 1}, positions=(1,), repeated=True))
    refused = replace(first, began=6, ended=7, answer=IdReused())
    assert law([ONE], first, again) is None
    assert law([ONE], replace(first, ended=None, answer=Lost()), again) is None
    assert law([ONE], first, refused) == "the same append has the same answer"


def test_an_append_id_belongs_to_one_content() -> None:
    first = appended(0, 5, 1, 1, 10, append_id=ID)
    other = asked(Append(writes=(write("s", 11),), append_id=ID), 6, 7, IdReused())
    assert law([ONE], first, other) is None


def test_an_append_is_stored_at_the_version_it_expects() -> None:
    late = appended(6, 9, 2, 2, 20, expected=0)
    assert law([ONE, TWO], FIRST, late) == "an append is stored at the version it expects"


def test_an_older_epoch_cannot_write() -> None:
    launch = appended(0, 5, 1, 1, 10, raises=2)
    zombie = appended(6, 9, 2, 1, 20, "lead", guard=Guard("s", 1))
    assert law([ONE, entry(2, 1, 20, "lead")], launch, zombie) == "an older epoch can't write"
    own = appended(6, 9, 2, 2, 20, epoch=1)
    assert law([ONE, TWO], launch, own) == "an older epoch can't write"


def test_positions_follow_time() -> None:
    second = appended(6, 9, 1, 1, 20, "t")
    first = appended(0, 5, 2, 1, 10)
    assert law([entry(1, 1, 20, "t"), entry(2, 1, 10)], first, second) == "positions follow time"


@pytest.mark.parametrize("numbers", [(), (10,)])
def test_a_read_is_not_stale(numbers: tuple[int, ...]) -> None:
    read = asked(Read("s"), 11, 12, Numbers(numbers))
    assert law([ONE, TWO], FIRST, SECOND, read) == "each stream is linearizable"


def test_a_read_is_not_from_the_future() -> None:
    read = asked(Read("s"), 1, 4, Numbers((10, 20)))
    assert law([ONE, TWO], FIRST, SECOND, read) == "each stream is linearizable"


def test_reads_do_not_go_back() -> None:
    long = appended(6, 99, 2, 2, 20)
    new, old = asked(Read("s"), 10, 12, Numbers((10, 20))), asked(Read("s"), 13, 15, Numbers((10,)))
    assert law([ONE, TWO], FIRST, long, new) is None
    assert law([ONE, TWO], FIRST, long, new, old) == "each stream is linearizable"


def test_what_is_read_was_stored() -> None:
    assert law([ONE], FIRST, asked(Read("s"), 6, 7, Numbers((11,)))) == "what is read was stored"


def test_an_append_is_seen_whole() -> None:
    both = asked(Append(writes=(write("s", 10, 20),)), 0)
    read = asked(Read("s"), 6, 7, Numbers((10,)))
    assert law([ONE, TWO], both, read) == "an append is seen whole or not at all"


def test_a_refusal_has_a_reason_of_its_time() -> None:
    swap = Append(writes=(write("s", 30, expected=0),))
    assert law([ONE, TWO], FIRST, SECOND, asked(swap, 10, 12, Conflicting("s", 2))) is None
    assert law([ONE, TWO], FIRST, SECOND, asked(swap, 10, 12, Conflicting("s", 0))) == (
        "a refusal has a reason"
    )
    assert law([ONE, TWO], FIRST, SECOND, asked(swap, 10, 12, Conflicting("s", 1))) == (
        "each stream is linearizable"
    )
    launch = appended(0, 5, 1, 1, 10, raises=2)
    guarded = Append(writes=(write("lead", 30),), guard=Guard("s", 1))
    assert law([ONE], launch, asked(guarded, 6, 7, Fenced("s", 2, 1))) is None
    assert law([ONE], launch, asked(guarded, 6, 7, Fenced("s", 3, 1))) == "a refusal has a reason"


def test_a_reader_skips_nothing_and_is_told_nothing_else() -> None:
    follow = Follow("r", 0)
    right = asked(follow, 10, 11, Page(((1, 10), (2, 20)), 2))
    skipping = asked(follow, 10, 11, Page(((2, 20),), 2))
    twice = asked(follow, 10, 11, Page(((1, 10), (1, 10), (2, 20)), 2))
    assert law([ONE, TWO], FIRST, SECOND, right) is None
    assert law([ONE, TWO], FIRST, SECOND, skipping) == "a reader skips nothing"
    assert law([ONE, TWO], FIRST, SECOND, twice) == "a reader is told what there is"
    back = asked(Follow("r", 1), 12, 13, Page(((2, 20),), 2))
    assert law([ONE, TWO], FIRST, SECOND, right, back) == "a reader goes on from where it was"


def test_a_projection_applies_each_event_once() -> None:
    assert law([ONE, TWO], FIRST, SECOND, applied=((1, 2),)) is None
    assert law([ONE, TWO], FIRST, SECOND, applied=((1, 1, 2),)) == "a projection applies each event once"
    assert law([ONE, TWO], FIRST, SECOND, applied=((1,),)) == "a projection applies each event once"
    assert law([ONE, TWO], FIRST, SECOND, applied=((2, 1),)) == "a projection applies in order"
    assert law([ONE, TWO], FIRST, SECOND, applied=((1, 2, 3),)) == "a projection applies what is stored"


@settings(max_examples=40, deadline=None)
@given(histories())
def test_whatever_a_right_log_does_can_be_explained(history: History) -> None:
    assert first_violation(history) is None


@settings(max_examples=40, deadline=None)
@given(histories(), st.data())
def test_whatever_acknowledged_event_is_missing_is_missed(history: History, data: st.DataObject) -> None:
    acknowledged = [
        position
        for operation in history.operations
        if isinstance(operation.answer, Stored)
        for position in operation.answer.positions
    ]
    if acknowledged:
        gone = data.draw(st.sampled_from(acknowledged))
        left = tuple(entry for entry in history.log if entry.position != gone)
        assert first_violation(replace(history, log=left)) is not None


@settings(max_examples=40, deadline=None)
@given(histories(), st.data())
def test_who_reads_after_everything_must_see_everything(history: History, data: st.DataObject) -> None:
    acknowledged = [o for o in history.operations if isinstance(o.answer, Stored)]
    if acknowledged:
        append = data.draw(st.sampled_from(acknowledged))
        assert isinstance(append.request, Append)
        stream = append.request.writes[0].stream
        numbers = [entry.number for entry in history.log if entry.stream == stream]
        before = numbers[: numbers.index(append.request.writes[0].numbers[0])]
        end = 1 + max(o.ended or o.began for o in history.operations)
        stale = Operation(
            client="late", request=Read(stream), began=end, ended=end, answer=Numbers(tuple(before))
        )
        assert first_violation(replace(history, operations=(*history.operations, stale))) is not None
