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
    missed, share = 0, (deadline - time.monotonic()) / len(BUGS)
    for bug in BUGS:
        deadline = time.monotonic() + share
        found, tries = None, 0
        while found is None and (tries == 0 or time.monotonic() < deadline):
            tries += 1
            found = _check(dsn, Plan(seed=seed + 100 * tries), bug, tally)
        click.echo(f"{bug.name}, run {tries}: {(found or 'NOT FOUND').splitlines()[0]}")
        missed += found is None
    return 1 if missed else 0


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
            code = (_check_planted if planted else _check_clean)(dsn, deadline, seed, tally)
    click.echo(f"{tally}: {'violations found' if code else 'as they should be'}")
    sys.exit(code)


if __name__ == "__main__":
    main()
