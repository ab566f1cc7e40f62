"""The kill matrix: a worker killed at every point, again and again, each time on a campaign of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from msgspec import Struct

from tests.faults.kill_points import Doom, KillPoint
from tests.faults.killing import kill_at
from tests.faults.launched import STEPS, Origin
from tests.faults.law import Finding

HEADINGS = ("killed", "times", "leads", "mails", "outcome unknown", "sent twice", "lost", "counters wrong")


class Row(Struct, frozen=True):
    """What was found at one point, kill after kill."""

    point: KillPoint
    findings: Sequence[Finding]

    @property
    def breaches(self) -> int:
        """How many kills broke the law."""
        return sum(bool(finding.breaches) for finding in self.findings)

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a table, under ``HEADINGS``."""
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
    origin: Origin, directory: Path, repetitions: int, seed: int, told: Callable[[Row], None]
) -> list[Row]:
    """Kill at each point as often as asked for, each time at a send drawn with ``seed``; ``told`` hears of each row."""
    chance = Random(seed)
    rows = []
    for point in KillPoint:
        findings = []
        for number in range(repetitions):
            doom = Doom(point, chance.randint(1, STEPS * origin.leads))
            place = directory / f"{point.name}-{number}"
            place.mkdir()
            findings.append(await kill_at([doom], origin, place))
        rows.append(Row(point, findings))
        told(rows[-1])
    return rows
