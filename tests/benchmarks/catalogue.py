"""All benchmarks there are."""

from __future__ import annotations

from typing import Final

from tests.benchmarks import append, engine, feeding, growth, history, importing, launching, requests, sending
from tests.benchmarks.benchmark import Benchmark

ALL: Final[tuple[Benchmark, ...]] = (
    append.BENCHMARK,
    feeding.BENCHMARK,
    growth.BENCHMARK,
    history.BENCHMARK,
    importing.BENCHMARK,
    requests.BENCHMARK,
    launching.BENCHMARK,
    engine.BENCHMARK,
    sending.BENCHMARK,
)
"""In the order in which they are run."""
ON_REQUEST: Final[tuple[Benchmark, ...]] = (growth.FAR,)
"""Those that take too long to be run unless they are named."""
