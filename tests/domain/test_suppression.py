"""Examples of suppressions: what speaks against writing to somebody, and what can be lifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from domain import streams
from domain.event import Event, Recorded
from domain.refusal import Refused
from domain.suppression import (
    Ground,
    PersonErased,
    PersonSuppressed,
    Suppression,
    SuppressionLifted,
    SuppressionReason,
    evolve,
    is_hard_bounce,
    lift,
)

START = datetime(2030, 1, 31, 9, tzinfo=UTC)
PERSON, DOCUMENT = UUID(int=3), UUID(int=4)


def after(*events: Event) -> Suppression | None:
    """What speaks against writing to the person after ``events``, one a minute."""
    suppression = None
    for version, event in enumerate(events, 1):
        recorded = Recorded(
            position=version,
            workspace_id=UUID(int=1),
            stream=streams.suppressions(UUID(int=1)),
            version=version,
            event_id=UUID(int=100 + version),
            recorded_at=START + timedelta(minutes=version),
            actor="test",
            correlation_id=UUID(int=2),
            causation_id=None,
            epoch=None,
            event=event,
        )
        suppression = evolve(suppression, recorded)
    return suppression


def suppressed(reason: SuppressionReason, document_id: UUID | None = None) -> PersonSuppressed:
    return PersonSuppressed(person_id=PERSON, reason=reason, document_id=document_id)


def test_each_reason_counts_from_the_first_time_it_was_told() -> None:
    found = after(suppressed("manual", DOCUMENT), suppressed("hard-bounce"), suppressed("manual"))
    assert found == Suppression(
        channel="email",
        grounds=(
            Ground("manual", START + timedelta(minutes=1)),
            Ground("hard-bounce", START + timedelta(minutes=2)),
        ),
        document_id=DOCUMENT,
    )
    assert found is not None
    assert found.ground.reason == "hard-bounce"


def test_lifting_takes_away_the_reasons_it_names_and_no_other() -> None:
    lifted = SuppressionLifted(person_id=PERSON, reasons=("manual",))
    assert after(suppressed("manual"), lifted) is None
    left = after(suppressed("manual"), suppressed("unsubscribed"), lifted)
    assert left is not None
    assert [ground.reason for ground in left.grounds] == ["unsubscribed"]
    assert after(lifted) is None


def test_entries_by_hand_and_bounces_are_lifted_together() -> None:
    assert lift(PERSON, ["manual", "hard-bounce"]) == (
        SuppressionLifted(person_id=PERSON, reasons=("hard-bounce", "manual")),
    )


@pytest.mark.parametrize(
    ("reasons", "code"),
    [
        (["unsubscribed"], "unsubscribed-for-good"),
        (["manual", "unsubscribed"], "unsubscribed-for-good"),
        (["complaint"], "complained-for-good"),
        (["hard-bounce", "complaint"], "complained-for-good"),
    ],
)
def test_nobody_takes_back_what_somebody_decided_for_themselves(
    reasons: list[SuppressionReason], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        lift(PERSON, reasons)
    assert refused.value.code == code


def test_an_erasure_is_a_reason_of_its_own_and_leaves_no_document() -> None:
    erased = PersonErased(person_id=PERSON, channel="linkedin")
    assert after(erased) == Suppression(
        channel="linkedin", grounds=(Ground("erased", START + timedelta(minutes=1)),)
    )
    found = after(suppressed("manual", DOCUMENT), erased, erased)
    assert found is not None
    assert ([ground.reason for ground in found.grounds], found.document_id) == (["manual", "erased"], None)
    assert found.ground.reason == "erased"


@pytest.mark.parametrize("reasons", [["erased"], ["hard-bounce", "erased", "manual"]])
def test_an_erasure_can_not_be_taken_back(reasons: list[SuppressionReason]) -> None:
    with pytest.raises(Refused) as refused:
        lift(PERSON, reasons)
    assert refused.value.code == "erased-for-good"


def test_an_entry_by_hand_adds_its_document_to_what_was_known_before() -> None:
    found = after(suppressed("hard-bounce"), suppressed("manual", DOCUMENT), suppressed("complaint"))
    assert found is not None
    assert found.document_id == DOCUMENT


def test_what_is_told_of_something_else_changes_nothing() -> None:
    assert after(Event()) is None
    assert after(suppressed("manual"), Event()) == after(suppressed("manual"))


def test_some_refusals_say_that_nobody_has_this_mailbox() -> None:
    assert {code for code in range(400, 600) if is_hard_bounce(code)} == {550, 551, 553, 556}


def test_who_is_not_suppressed_can_not_be_lifted() -> None:
    with pytest.raises(Refused) as refused:
        lift(PERSON, [])
    assert refused.value.code == "not-found"


def test_what_was_stored_before_there_were_entries_by_hand_is_still_understood() -> None:
    stored = b'{"person_id":"00000000-0000-0000-0000-000000000003","reason":"hard-bounce"}'
    assert msgspec.json.decode(stored, type=PersonSuppressed) == suppressed("hard-bounce")
