"""How many sends of an account have failed in a row."""

from __future__ import annotations

from domain.breaker import counted


def test_failures_add_up() -> None:
    assert counted(3, [False, False]) == 5


def test_a_success_ends_the_row() -> None:
    assert counted(9, [True]) == 0
    assert counted(9, [False, True, False]) == 1


def test_nothing_happened_changes_nothing() -> None:
    assert counted(4, []) == 4
