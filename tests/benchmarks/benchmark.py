"""What a benchmark is, and what it is given to work with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground

Scale = Literal["smallest", "quick", "full"]
"""How much is measured: to see that it works, in less than two minutes for all, or enough to be quoted."""


class Setting(Struct, frozen=True):
    """Where a benchmark runs, and at which scale; ``tell`` shows the person who waits what is being done."""

    ground: Ground
    scale: Scale
    tell: Callable[[str], None]


Measure: TypeAlias = Callable[[Setting], AsyncIterator[Figure]]


class Benchmark(Struct, frozen=True):
    """``name`` is what it is called by; ``about`` says what is measured, and beside what."""

    name: str
    about: str
    measure: Measure
