"""The kill matrix in full: ``python -m tests.faults`` (``make test-faults``). Exit code 1: the law was broken."""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from service.database.embedded import EmbeddedPostgres
from service.logging import configure_logging
from tests.conftest import UNSAFE_BUT_FAST
from tests.faults.launched import launched
from tests.faults.matrix import HEADINGS, Row, run_matrix


def main() -> int:
    """Run it and show what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--leads", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="print the table as the README has it")
    given = parser.parse_args()
    configure_logging("error")
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the server warns of its own library with each log-in
    with tempfile.TemporaryDirectory(prefix="liftoff-faults-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        place.chmod(0o755)  # the server of a run as root runs as another user
        with EmbeddedPostgres(place / "database", UNSAFE_BUT_FAST) as server:
            rows = asyncio.run(_run(server, place, given.leads, given.repetitions, given.seed))
    _show(rows, given.markdown)
    return 1 if any(row.breaches for row in rows) else 0


async def _run(server: str, directory: Path, leads: int, repetitions: int, seed: int) -> list[Row]:
    async with launched(server, directory, leads) as origin:
        return await run_matrix(origin, directory, repetitions, seed, _tell)


def _tell(row: Row) -> None:
    Console(stderr=True).print(" · ".join(row.cells), highlight=False)
    for found in row.findings:
        if found.breaches:
            Console(stderr=True).print(found, style="red")


def _show(rows: Sequence[Row], markdown: bool) -> None:
    if markdown:
        lines = [HEADINGS, ["---", *["--:"] * (len(HEADINGS) - 1)], *(row.cells for row in rows)]
        Console().print("\n".join(f"| {' | '.join(line)} |" for line in lines), soft_wrap=True)
        return
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*row.cells)
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main())
