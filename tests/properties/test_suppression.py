"""Laws of suppression: what an erasure settles, nothing that may follow unsettles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain import streams
from domain.event import Event, Recorded
from domain.refusal import Refused
from domain.suppression import (
    PersonErased,
    PersonSuppressed,
    Suppression,
    evolve,
    lift,
)

PERSON, WORKSPACE = UUID(int=1), UUID(int=2)
START: Final = datetime(2030, 1, 31, 9, tzinfo=UTC)
ERASE: Final = "erase"
LIFT: Final = "lift"

steps = st.lists(st.sampled_from([ERASE, LIFT, "manual", "hard-bounce", "unsubscribed"]), max_size=12)


def decided(suppression: Suppression | None, step: str) -> tuple[Event, ...]:
    """What a step amounts to for a person who is suppressed like that; nothing where it is refused."""
    match step:
        case "erase":
            return (PersonErased(person_id=PERSON, channel="email"),)
        case "lift":
            reasons = [ground.reason for ground in suppression.grounds] if suppression else []
            try:
                return lift(PERSON, reasons)
            except Refused:
                return ()
        case "manual" | "hard-bounce" | "unsubscribed":
            return (PersonSuppressed(person_id=PERSON, reason=step),)
        case _:
            raise AssertionError(step)


def lived(history: list[str], suppression: Suppression | None = None) -> Suppression | None:
    """The person's suppression after these steps."""
    for number, step in enumerate(history, 1):
        for event in decided(suppression, step):
            recorded = Recorded(
                position=number,
                workspace_id=WORKSPACE,
                stream=streams.suppressions(WORKSPACE),
                version=number,
                event_id=UUID(int=number),
                recorded_at=START + timedelta(minutes=number),
                actor="test",
                correlation_id=WORKSPACE,
                causation_id=None,
                epoch=None,
                event=event,
            )
            suppression = evolve(suppression, recorded)
    return suppression


@given(steps, steps)
def test_who_was_erased_is_left_alone_whatever_follows(before: list[str], after: list[str]) -> None:
    erased = lived([*before, ERASE])
    assert erased is not None
    assert erased.document_id is None
    later = lived(after, erased)
    assert later is not None
    assert set(later.grounds) >= set(erased.grounds)


@given(steps)
def test_erasing_twice_is_erasing_once(before: list[str]) -> None:
    assert lived([*before, ERASE, ERASE]) == lived([*before, ERASE])
