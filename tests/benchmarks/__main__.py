"""``python -m tests.benchmarks [--only NAME ...] [--scale quick]``: runs the benchmarks, shows and keeps findings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.logging import configure_logging
from tests.benchmarks import markdown, plots, report
from tests.benchmarks.benchmark import Benchmark, Scale
from tests.benchmarks.catalogue import ALL, ON_REQUEST
from tests.benchmarks.ground import scratch_directory, server
from tests.benchmarks.harness import Result, Tell, run

RESULTS: Final = Path(__file__).parents[2] / "results"


def main() -> int:
    """The exit code: 0 when all benchmarks came to their end."""
    options = _parser().parse_args()
    console = Console()
    result = report.read(options.read) if options.read else _measure(options, console)
    report.show(result, console)
    if not options.read:
        console.print(f"Kept as {report.write(result, options.results)}", highlight=False)
    table = options.results / "table.md"
    table.write_text(markdown.table(result), encoding="utf-8")
    pictures = plots.write(result, options.results)
    console.print(f"Its table is {table}, its {len(pictures)} pictures lie beside it.", highlight=False)
    return 1 if any(finding.error for finding in result.findings) else 0


def _measure(options: argparse.Namespace, console: Console) -> Result:
    benchmarks = [one for one in (*ALL, *ON_REQUEST) if one.name in options.names] if options.names else ALL
    configure_logging("error")
    with scratch_directory() as directory, server(directory) as dsn, _progress(console, benchmarks) as tell:
        return uvloop.run(run(benchmarks, dsn, directory, options.scale, tell))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measures the service beside peers and limits, on an embedded Postgres or LIFTOFF_DATABASE_URL.",
        epilog="\n".join(f"{benchmark.name:12} {benchmark.about}" for benchmark in (*ALL, *ON_REQUEST)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        dest="names",
        nargs="+",
        metavar="NAME",
        choices=[benchmark.name for benchmark in (*ALL, *ON_REQUEST)],
        help=f"which; if none is named, all but {', '.join(benchmark.name for benchmark in ON_REQUEST)}",
    )
    parser.add_argument(
        "--scale",
        choices=get_args(Scale),
        default="full",
        help="full is what is quoted, quick takes three minutes",
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="the directory for what is kept")
    parser.add_argument(
        "--read", type=Path, metavar="FILE", help="measure nothing; show a result that was kept"
    )
    return parser


@contextmanager
def _progress(console: Console, benchmarks: Sequence[Benchmark]) -> Iterator[Tell]:
    """A line that says what is being measured."""
    columns = (
        TextColumn("[bold]{task.fields[name]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    names = [benchmark.name for benchmark in benchmarks]
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(names), name="")
        yield lambda benchmark, words: progress.update(
            task, completed=names.index(benchmark.name), name=benchmark.name, description=words
        )


if __name__ == "__main__":
    sys.exit(main())
