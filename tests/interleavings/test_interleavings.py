"""No interleaving of launches, workers, zombies and crashes breaks a promise, and a bug in the house would show."""

from __future__ import annotations

import pytest

from tests.interleavings.house import House
from tests.interleavings.planted import PLANTED, Planted
from tests.interleavings.scopes import SMALL
from tests.interleavings.search import search
from tests.interleavings.state import Scope


@pytest.mark.parametrize("scope", SMALL.values(), ids=SMALL.keys())
def test_no_interleaving_breaks_a_promise(scope: Scope) -> None:
    found = search(House(), scope)
    assert found.fault is None
    assert found.complete
    assert found.states > 1000


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: type(planted.house).__name__)
def test_a_house_without_a_safeguard_breaks_the_promise_that_it_keeps(planted: Planted) -> None:
    fault = search(planted.house, planted.scope).fault
    assert fault is not None
    assert planted.breaks in fault.what
    assert fault.way
