"""Laws of planning: every limit is kept at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st
from msgspec import Struct

from domain.schedule import OperatingHours, Planned, SenderPace, is_open, plan, sending_day
from tests.kit.schedules import campaign_limits, instants, operating_hours, paces
from tests.laws.law import Law

Plan: TypeAlias = Callable[
    [datetime, OperatingHours | None, list[SenderPace], int, int | None], Iterator[Planned]
]


class Ahead(Struct, frozen=True):
    """What is to be planned."""

    starts_at: datetime
    hours: OperatingHours | None
    senders: list[SenderPace]
    count: int
    campaign_limit: int | None


ahead = st.builds(Ahead, instants, st.none() | operating_hours(), paces, st.integers(0, 60), campaign_limits)


def _every_limit_is_kept(plan: Plan, case: Ahead) -> None:
    planned = list(plan(case.starts_at, case.hours, case.senders, case.count, case.campaign_limit))

    assert [step.ordinal for step in planned] == list(range(case.count))
    assert all(step.due_at >= case.starts_at and is_open(case.hours, step.due_at) for step in planned)
    assert all(one.due_at <= other.due_at for one, other in pairwise(planned))

    per_day = Counter(sending_day(step.due_at) for step in planned)
    limit = case.campaign_limit
    assert limit is None or all(sent <= limit for sent in per_day.values())

    times = defaultdict(list)
    for step in planned:
        times[step.sender_id].append(step.due_at)
    for sender in case.senders:
        sends = times[sender.sender_id]
        assert all(other - one >= sender.gap for one, other in pairwise(sends))
        assert all(sent <= sender.daily_limit for sent in Counter(map(sending_day, sends)).values())


LAWS: Final[tuple[Law[Any, Any], ...]] = (
    Law("a plan keeps every limit at once", plan, ahead, _every_limit_is_kept),
)
