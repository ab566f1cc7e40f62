"""What no answer of the domain may hang on: the time zone of the machine, and what was asked before."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from domain import schedule, streams, templating


@pytest.fixture(autouse=True)
def _far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone is another than UTC and than any that a test names."""
    monkeypatch.setenv("TZ", "Pacific/Marquesas")  # nine and a half hours behind, the year round
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """What earlier tests asked for is worked out again."""
    schedule._windows_of.cache_clear()
    templating.parse.cache_clear()
    streams.subject.cache_clear()
