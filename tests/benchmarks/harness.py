"""Runs benchmarks one after the other, and gathers what they found into one result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from service.clock import SystemClock
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import prepared_ground
from tests.benchmarks.machine import Machine, describe_machine

Tell = Callable[[Benchmark, str], None]
"""Is told what is being done, for which benchmark."""


class Finding(Struct, frozen=True):
    """What one benchmark found, and how many seconds it took. ``error``: why it ended early."""

    benchmark: str
    about: str
    seconds: float
    figures: list[Figure]
    error: str | None


class Result(Struct, frozen=True):
    """A whole run, as it is kept in a file."""

    date: datetime
    scale: Scale
    machine: Machine
    findings: list[Finding]


async def run(
    benchmarks: Iterable[Benchmark], server: str, directory: Path, scale: Scale, tell: Tell
) -> Result:
    """Run these benchmarks on this server. One that fails is part of the result, and keeps no other from running."""
    date = SystemClock().now()
    machine = await describe_machine(server)
    findings = []
    async with prepared_ground(server, directory) as ground:
        for benchmark in benchmarks:
            setting = Setting(ground, scale, lambda words, of=benchmark: tell(of, words))  # type: ignore[misc]
            findings.append(await _find(benchmark, setting))
    return Result(date, scale, machine, findings)


async def _find(benchmark: Benchmark, setting: Setting) -> Finding:
    begun = time.perf_counter()
    figures: list[Figure] = []
    error = None
    try:
        async for figure in benchmark.measure(setting):
            figures.append(figure)  # noqa: PERF401 - what was found before an error is kept
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
    return Finding(benchmark.name, benchmark.about, time.perf_counter() - begun, figures, error)
