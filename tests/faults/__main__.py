"""The kill matrix in full: ``python -m tests.faults`` (``make test-faults``). Exit code 1: the law was broken."""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from service.database.embedded import EmbeddedPostgres
from service.logging import configure_logging
from tests.conftest import FAST
from tests.faults.launched import launched
from tests.faults.matrix import HEADINGS, Killed, Row, run_matrix

_aside = Console(stderr=True, highlight=False)


def main() -> int:
    """Run it and show what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--leads", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=2, help="trials at the same time")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    configure_logging("error")
    logging.getLogger("mail.log").setLevel(
        logging.ERROR
    )  # the server's library warns of itself at each log-in
    with tempfile.TemporaryDirectory(prefix="liftoff-faults-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        place.chmod(0o755)  # the server of a run as root runs as another user
        with EmbeddedPostgres(place / "database", FAST) as server:
            rows = asyncio.run(_run(server, place, given))
    _show(rows)
    return 1 if any(found.breaches for row in rows for found in row.findings) else 0


async def _run(server: str, directory: Path, given: argparse.Namespace) -> list[Row]:
    async with AsyncExitStack() as stack:
        origins = [
            await stack.enter_async_context(launched(server, directory, given.leads))
            for _ in range(given.at_once)
        ]
        return await run_matrix(origins, directory, given.repetitions, given.seed, _tell)


def _tell(killed: Killed) -> None:
    doom, found = killed
    _aside.print(f"{doom.point}, at the send no. {doom.nth}: {found.breaches or 'nothing'} broken, {found}")


def _show(rows: Sequence[Row]) -> None:
    """The table, in the form that the README has it."""
    table = Table(*HEADINGS, box=MARKDOWN)
    for row in rows:
        table.add_row(*row.cells)
    Console(width=200).print(table)


if __name__ == "__main__":
    raise SystemExit(main())
