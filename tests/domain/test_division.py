"""How the leads that the roster tells of are divided among its events."""

from __future__ import annotations

import pytest

from domain.lead.division import LEADS_AN_EVENT, an_event_each


@pytest.mark.parametrize("count", [0, 1, LEADS_AN_EVENT - 1, LEADS_AN_EVENT, LEADS_AN_EVENT + 1])
def test_what_is_told_is_told_once_in_order_and_no_event_tells_too_much(count: int) -> None:
    told = list(an_event_each(range(count)))
    assert [each for event in told for each in event] == list(range(count))
    assert all(0 < len(event) <= LEADS_AN_EVENT for event in told)
    assert len(told) == -(-count // LEADS_AN_EVENT)
