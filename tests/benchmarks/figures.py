"""What a benchmark finds: figures, each with what it is measured beside in the same run, and the ratio of the two.

Machines differ and other programs disturb, so an absolute figure says little. A ratio of two measurements that took
turns says how near the service comes to what is possible.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import ceil
from statistics import median
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Unit = Literal["events/s", "rows/s", "mails/s", "requests/s", "jobs/s", "s", "ms", "MB"]
LESS_IS_BETTER: Final[frozenset[Unit]] = frozenset({"s", "ms", "MB"})

Measurement: TypeAlias = Callable[[], Awaitable[float]]


class Series(Struct, frozen=True):
    """The runs of one measurement; ``value`` is their median."""

    what: str
    value: float
    runs: Sequence[float]


class Aim(Struct, frozen=True):
    """What a figure is to come to: ``limit`` at least, or at most where less is better; in its unit, or as a ratio."""

    limit: float
    of: Literal["value", "ratio"] = "value"


class Figure(Struct, frozen=True, kw_only=True):
    """One finding. ``ratio`` is ``ours`` to ``beside``: of two rates more is better, of two durations less.

    ``size`` is how much there was of what the benchmark varies (leads, writers). ``parts``: seconds by where they went.
    ``aims`` are what was asked of it before it was measured.
    """

    unit: Unit
    ours: Series
    beside: Series | None = None
    ratio: float | None = None
    size: int | None = None
    parts: Mapping[str, float] = {}
    aims: Sequence[Aim] = ()

    def meets(self, aim: Aim) -> bool:
        """Whether it comes to that."""
        reached = self.ours.value if aim.of == "value" else self.ratio or 0.0
        return reached <= aim.limit if self.unit in LESS_IS_BETTER else reached >= aim.limit


def series(what: str, runs: Sequence[float]) -> Series:
    """At least one run of a measurement."""
    return Series(what, median(runs), tuple(runs))


def compared(
    unit: Unit,
    ours: Series,
    beside: Series,
    size: int | None = None,
    parts: Mapping[str, float] | None = None,
    aims: Sequence[Aim] = (),
) -> Figure:
    """Ours beside another. Runs that took turns are compared pair by pair, so that a busy moment counts for both."""
    if len(ours.runs) == len(beside.runs):
        ratio = median(one / other for one, other in zip(ours.runs, beside.runs, strict=True))
    else:
        ratio = ours.value / beside.value
    return Figure(unit=unit, ours=ours, beside=beside, ratio=ratio, size=size, parts=parts or {}, aims=aims)


def before_and_after(unit: Unit, after: Series, before: Series, size: int, aims: Sequence[Aim]) -> Figure:
    """What was measured at two times. No run of the one belongs to one of the other: their medians are compared."""
    ratio = after.value / before.value
    return Figure(unit=unit, ours=after, beside=before, ratio=ratio, size=size, aims=aims)


def plain(unit: Unit, ours: Series, size: int | None = None, aims: Sequence[Aim] = ()) -> Figure:
    """A measurement that nothing stands beside."""
    return Figure(unit=unit, ours=ours, size=size, aims=aims)


def percentile(percent: int, runs: Sequence[float]) -> float:
    """The run that so many percent of all do not exceed."""
    return sorted(runs)[ceil(len(runs) * percent / 100) - 1]


async def in_turns(times: int, *measurements: Measurement) -> list[list[float]]:
    """The measurements, ``times`` over, one after the other; the runs of each."""
    rounds = [[await measurement() for measurement in measurements] for _ in range(times)]
    return [list(runs) for runs in zip(*rounds, strict=True)]
