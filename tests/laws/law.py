"""What a law is: a sentence about a part of the program, a way to draw cases, and a check that raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, example, find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from msgspec import Struct

Part = TypeVar("Part")
Case = TypeVar("Case")

_calmly = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class Law(Struct, Generic[Part, Case], frozen=True):
    """``check`` holds of ``part`` for each of the ``cases``; it raises where it does not.

    ``remembered`` are cases that a search once found and that are not to be left to chance again.
    """

    says: str
    part: Part
    cases: st.SearchStrategy[Case]
    check: Callable[[Part, Case], None]
    remembered: tuple[Case, ...] = ()

    def hold(self, examples: int, chance: int | None = None) -> int:
        """Search for a counter-example among so many cases; answers how many there were.

        Raises what ``check`` raises for the smallest found. The same ``chance`` draws the same cases.
        """
        cases = 0

        def checked(case: Any) -> None:
            nonlocal cases
            cases += 1
            self.check(self.part, case)

        test = given(self.cases)(checked)
        for case in self.remembered:
            test = example(case)(test)
        test = settings(_calmly, max_examples=examples)(test)
        (test if chance is None else seed(chance)(test))()
        return cases

    def fails_for(self, broken: Part, examples: int) -> bool:
        """Whether a counter-example is found among so many cases when ``broken`` stands in for the part.

        They are the same cases each time.
        """
        quickly = settings(_calmly, max_examples=examples, phases=[Phase.generate], derandomize=True)
        try:
            find(self.cases, lambda case: not self._holds(broken, case), settings=quickly)
        except NoSuchExample:
            return False
        return True

    def _holds(self, part: Part, case: Case) -> bool:
        try:
            self.check(part, case)
        except (Exception, pytest.fail.Exception):
            return False
        return True
