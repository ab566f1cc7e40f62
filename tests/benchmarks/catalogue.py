"""All benchmarks there are, in the order in which they are run."""

from __future__ import annotations

from typing import Final

from tests.benchmarks import append, engine, feeding, history, importing, launching, requests, sending
from tests.benchmarks.benchmark import Benchmark

ALL: Final[tuple[Benchmark, ...]] = (
    append.BENCHMARK,
    feeding.BENCHMARK,
    history.BENCHMARK,
    importing.BENCHMARK,
    requests.BENCHMARK,
    launching.BENCHMARK,
    engine.BENCHMARK,
    sending.BENCHMARK,
)
