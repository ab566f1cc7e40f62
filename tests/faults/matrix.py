"""The kill matrix: a worker killed at every point, again and again, each time on a campaign of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from msgspec import Struct

from tests.faults.kill_points import Doom, KillPoint
from tests.faults.killing import kill_at
from tests.faults.launched import STEPS, Origin
from tests.faults.law import Finding

HEADINGS: Final = (
    "killed",
    "times",
    "leads",
    "mails",
    "outcome unknown",
    "sent twice",
    "lost",
    "counters wrong",
)

Killed: TypeAlias = tuple[Doom, Finding]


class Row(Struct, frozen=True):
    """What was found at one point, kill after kill."""

    point: KillPoint
    findings: Sequence[Finding]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a table, under ``HEADINGS``. Lost is who is not at an end, and what log and server tell apart."""
        numbers = (
            len(self.findings),
            sum(found.leads for found in self.findings),
            sum(found.mails for found in self.findings),
            sum(found.unknown for found in self.findings),
            sum(found.doubles for found in self.findings),
            sum(found.lost + found.untold + found.invented for found in self.findings),
            sum(bool(found.differing) for found in self.findings),
        )
        return (self.point, *(f"{number:,}" for number in numbers))


async def run_matrix(
    origins: Sequence[Origin], directory: Path, repetitions: int, seed: int, told: Callable[[Killed], None]
) -> list[Row]:
    """Kill at each point as often as asked for, at sends drawn with ``seed``; ``told`` hears of each kill.

    The trials of one origin come one after the other, those of different origins at the same time.
    """
    killed: list[Killed] = []
    plan = iter(_plan(origins[0].leads, repetitions, seed))

    async def work_on(origin: Origin) -> None:
        for doom in plan:  # shared: each takes what is next
            place = directory / f"{len(killed)}-{doom.point.name}-{origin.name}"
            place.mkdir()
            killed.append((doom, await kill_at([doom], origin, place)))
            told(killed[-1])

    await asyncio.gather(*map(work_on, origins))
    return [Row(point, [found for doom, found in killed if doom.point == point]) for point in KillPoint]


def _plan(leads: int, repetitions: int, seed: int) -> Iterator[Doom]:
    chance = Random(seed)
    for _ in range(repetitions):
        for point in KillPoint:
            yield Doom(point, chance.randint(1, STEPS * leads))
