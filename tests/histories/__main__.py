"""Records and checks runs for a while: ``python -m tests.histories --minutes N``.

With ``--planted`` each run has one of the planted bugs that show in random runs, and must be found to have it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

import click
from msgspec import Struct, field

from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from tests.histories.checker import first_violation
from tests.histories.history import History
from tests.histories.planted import BUGS, Bug
from tests.histories.recorded import Plan, record

_UNSAFE_BUT_FAST: Final = {"fsync": "off", "synchronous_commit": "off"}  # clients die here, not the server


class Tally(Struct):
    """How much was checked."""

    histories: int = 0
    operations: int = 0
    events: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def count(self, history: History) -> None:
        """One more history."""
        self.histories += 1
        self.operations += len(history.operations)
        self.events += len(history.log)
        self.answers.update(type(operation.answer).__name__ for operation in history.operations)

    def __str__(self) -> str:
        answers = ", ".join(f"{name} {count}" for name, count in self.answers.most_common())
        return f"{self.histories} histories, {self.operations} operations, {self.events} events ({answers})"


def _check(dsn: str, plan: Plan, bug: Bug | None, tally: Tally) -> str | None:
    """What is wrong with a run, in words; its record is kept for whoever wants to look."""
    directory = Path(tempfile.mkdtemp(prefix=f"liftoff-history-{plan.seed}-"))
    history = asyncio.run(record(dsn, directory, plan, bug))
    tally.count(history)
    violation = first_violation(history)
    if violation is None or bug is not None:
        for file in directory.iterdir():
            file.unlink()
        directory.rmdir()
    return None if violation is None else f"{violation}\n(seed {plan.seed}, recorded in {directory})"


def _check_clean(dsn: str, deadline: float, seed: int, tally: Tally) -> int:
    while time.monotonic() < deadline:
        if (wrong := _check(dsn, Plan(seed=seed, seconds=4.0, kills=2, cuts=12), None, tally)) is not None:
            click.echo(wrong)
            return 1
        seed += 100
    return 0


def _check_planted(dsn: str, deadline: float, seed: int, tally: Tally) -> int:
    """Each bug once, then again those that have not shown, for some need luck."""
    hidden, turn = list(BUGS), 0
    while hidden and (turn == 0 or time.monotonic() < deadline):
        turn += 1
        hidden = [bug for bug in hidden if not _shows(dsn, bug, Plan(seed=seed + 100 * turn), tally)]
    for bug in hidden:
        click.echo(f"{bug.name}: NOT FOUND in {turn} runs")
    return len(hidden)


def _shows(dsn: str, bug: Bug, plan: Plan, tally: Tally) -> bool:
    found = _check(dsn, plan, bug, tally)
    if found is not None:
        click.echo(f"{bug.name}: {found.splitlines()[0]}")
    return found is not None


@click.command()
@click.option("--minutes", default=1.0, show_default=True, help="How long to go on.")
@click.option("--seed", default=1, show_default=True)
@click.option("--planted", is_flag=True, help="Plant each bug in turn, and look whether random runs show it.")
def main(minutes: float, seed: int, planted: bool) -> None:
    """Record runs of client processes that are killed and cut off, and check their histories."""
    tally, deadline = Tally(), time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="liftoff-histories-") as directory:
        Path(directory).chmod(0o755)  # the server of a run as root runs as another user
        with EmbeddedPostgres(Path(directory), _UNSAFE_BUT_FAST) as dsn:
            asyncio.run(migrate(dsn))
            wrong = (_check_planted if planted else _check_clean)(dsn, deadline, seed, tally)
    click.echo(f"{tally}: {'not as they should be' if wrong else 'as they should be'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
