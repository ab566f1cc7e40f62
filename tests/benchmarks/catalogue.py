"""All benchmarks there are, in the order in which they are run."""

from __future__ import annotations

from typing import Final

from tests.benchmarks import append, history, launching, sending
from tests.benchmarks.benchmark import Benchmark

ALL: Final[tuple[Benchmark, ...]] = (
    append.BENCHMARK,
    history.BENCHMARK,
    launching.BENCHMARK,
    sending.BENCHMARK,
)
