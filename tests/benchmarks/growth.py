"""A log that grows: what an append costs, and what a launch, when there is little before it and when there is much.

Both are to be flat: what they take must not depend on how long the history is.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Final
from uuid import UUID

from msgspec import Struct

from service.caller import Caller
from service.composition import Liftoff
from service.ids import new_id
from service.projector.runner import Projector
from service.settings import Settings
from tests.benchmarks import launching, lived
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, before_and_after, series
from tests.benchmarks.processes import in_own_process
from tests.benchmarks.stage import new_caller, service_on

_SETTINGS: Final = Settings()
_FLAT_RATE: Final = Aim(0.8, "ratio")
_FLAT_TIME: Final = Aim(1.25, "ratio")


class Size(Struct, frozen=True):
    """At which lengths of the log there is measured: so many events are appended, so often, such campaigns launched."""

    lengths: tuple[int, ...]
    sample: int
    samples: int
    launches: launching.Size


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size((0, 600), 300, 1, launching.Size(10, 1)),
    "quick": Size((10_000, 30_000), 6_000, 3, launching.Size(1_000, 5)),
    "full": Size((10_000, 100_000, 1_000_000), 24_000, 5, launching.Size(1_000, 15)),
}
FAR_SIZES: Final[Mapping[Scale, Size]] = {
    **SIZES,
    "full": Size((10_000, 1_000_000, 10_000_000), 60_000, 5, launching.Size(1_000, 25)),
}


class Lived(Struct, frozen=True):
    """How many events came to a log, and how many a second of those that were measured, each time."""

    events: int
    rates: list[float]


class Moment(Struct, frozen=True):
    """What was measured at one length of the log: events per second, each time, and the seconds of each launch."""

    length: int
    rates: list[float]
    launches: launching.Launches


async def measure(sizes: Mapping[Scale, Size], setting: Setting) -> AsyncIterator[Figure]:
    """Appends and launches at each length, beside those at the first."""
    size = sizes[setting.scale]
    async with setting.ground.database() as dsn:
        workspace_id = await _begin(dsn)
        first: Moment | None = None
        events = 0
        for length in size.lengths:
            setting.tell(f"living through {length - events:,} events, up to {length:,}")
            lived_through = (await in_own_process(_live, dsn, workspace_id, length - events, size)).answer
            setting.tell(f"launching {size.launches.campaigns} campaigns beside {length:,} events")
            plan = await launching.prepare(dsn, size.launches)
            launches = (await in_own_process(launching.launch_all, dsn, plan)).answer
            moment = Moment(length, lived_through.rates, launches)
            events += lived_through.events
            if first is None:
                first = moment
            else:
                for figure in _figures(moment, first, size.launches.leads):
                    yield figure


def _figures(moment: Moment, first: Moment, leads: int) -> list[Figure]:
    then, at_first = f"a log of {moment.length:,} events", f"one of {first.length:,}"
    launch = f"launch of {leads:,} leads beside {then}"
    return [
        before_and_after(
            "events/s",
            series(f"appends to {then}", moment.rates),
            series(f"to {at_first}", first.rates),
            moment.length,
            (_FLAT_RATE,),
        ),
        before_and_after(
            "ms",
            series(f"{launch}: to the 200", [1000 * seconds for seconds in moment.launches.accepted]),
            series(f"beside {at_first}", [1000 * seconds for seconds in first.launches.accepted]),
            moment.length,
            (_FLAT_TIME,),
        ),
        before_and_after(
            "s",
            series(f"{launch}: from the 200 to active", moment.launches.active),
            series(f"beside {at_first}", first.launches.active),
            moment.length,
            (_FLAT_TIME,),
        ),
    ]


async def _begin(dsn: str) -> UUID:
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        return (await new_caller(liftoff)).workspace_id


async def _live(dsn: str, workspace_id: UUID, missing: int, size: Size) -> Lived:
    """Let the log come to its length, then measure what is appended."""
    async with service_on(dsn, _SETTINGS) as liftoff:
        caller = Caller(workspace_id, "benchmark", new_id())
        events = await _append(liftoff, caller, missing)
        rates: list[float] = []
        for _ in range(size.samples):
            begun = time.perf_counter()
            appended = await _append(liftoff, caller, size.sample)
            rates.append(appended / (time.perf_counter() - begun))
            events += appended
        return Lived(events, rates)


async def _append(liftoff: Liftoff, caller: Caller, events: int) -> int:
    """Let about so many events come to the log; answers how many did."""
    return sum([more async for more in lived.live(liftoff, caller, events)])


BENCHMARK: Final = Benchmark(
    "growth", "appends and launches as the log grows, beside those at its beginning", partial(measure, SIZES)
)
FAR: Final = Benchmark(
    "far-growth",
    "the same up to ten million events, which takes a quarter of an hour",
    partial(measure, FAR_SIZES),
)
