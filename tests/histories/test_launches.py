"""The checker of launches: each way of being wrong is told apart."""

from __future__ import annotations

import pytest

from tests.histories.launches import Attempt, Fact, Launches, first_violation

WON = Attempt(campaign="c", began=0, ended=9, run_id="run_c_1")
LOST = Attempt(campaign="c", began=1, ended=8, code="launch-in-progress")
ACCEPTED, UNDONE, AGAIN = Fact("c", 1, "accepted"), Fact("c", 1, "rolled back"), Fact("c", 2, "accepted")
RUN = ("c", 1)


def law(attempts: list[Attempt], facts: list[Fact], *runs: tuple[str, int]) -> str | None:
    """The law that is broken."""
    found = first_violation(Launches(attempts=tuple(attempts), facts=tuple(facts), runs=runs))
    return None if found is None else found.law


def test_one_winner_with_one_run_is_right() -> None:
    assert law([WON, LOST], [ACCEPTED], RUN) is None


def test_a_launch_that_was_undone_makes_room_for_the_next() -> None:
    undone = Attempt(campaign="c", began=0, ended=3, code="launch-rolled-back")
    assert law([undone, WON], [ACCEPTED, UNDONE, AGAIN], ("c", 2)) is None


def test_a_winner_need_not_have_been_told() -> None:
    cut_off = Attempt(campaign="c", began=0, ended=3, code="service-unavailable")
    assert law([cut_off, LOST], [ACCEPTED], RUN) is None


@pytest.mark.parametrize(
    ("attempts", "facts", "runs", "broken"),
    [
        ([WON], [ACCEPTED, AGAIN], [("c", 2)], "one launch at a time"),
        ([WON], [AGAIN], [("c", 2)], "epochs count the launches"),
        ([], [UNDONE], [], "what stands is rolled back"),
        ([WON, WON], [ACCEPTED], [RUN], "exactly one launch wins"),
        ([WON], [ACCEPTED, UNDONE], [], "an acknowledged launch stands"),
        ([LOST], [], [], "a refusal has a winner"),
        ([WON], [ACCEPTED], [], "each launch has one run"),
        ([WON], [ACCEPTED], [RUN, RUN], "each launch has one run"),
    ],
)
def test_the_law_that_is_broken_is_named(
    attempts: list[Attempt], facts: list[Fact], runs: list[tuple[str, int]], broken: str
) -> None:
    assert law(attempts, facts, *runs) == broken


def test_an_error_is_no_refusal() -> None:
    failed = Attempt(campaign="c", began=0, ended=3, code="internal-error")
    assert law([failed], []) == "a launch is accepted or refused"
