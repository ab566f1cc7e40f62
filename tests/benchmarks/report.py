"""Shows a result as a table, and keeps it as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import LESS_IS_BETTER, Figure, Series, Unit
from tests.benchmarks.harness import Finding, Result

_PARTS_SHOWN: Final = 8


def write(result: Result, directory: Path) -> Path:
    """Keep the result as JSON in a file named after its time, and answer which."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"bench-{result.date:%Y%m%dT%H%M%SZ}-{result.scale}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    return file


def read(file: Path) -> Result:
    """A result that was kept."""
    return msgspec.json.decode(file.read_bytes(), type=Result)


def show(result: Result, console: Console) -> None:
    """The figures, and what they were measured on."""
    machine, postgres = result.machine, result.machine.postgres
    console.print(
        f"{machine.cores} cores ({machine.processor}), load {machine.load:.1f}, {machine.system}, "
        f"Python {machine.python}, Postgres {postgres['server_version']}, fsync {postgres['fsync']}",
        style="dim",
    )
    for finding in result.findings:
        console.print(_table(finding))
        for figure in finding.figures:
            _show_parts(figure, console)
        if finding.error is not None:
            console.print(f"[red]{finding.benchmark} ended early:[/] {finding.error}", highlight=False)
    console.print("Ratios are ours to the other: ↑ more is better, ↓ less is better.", style="dim")


def _table(finding: Finding) -> Table:
    table = Table(
        title=f"[bold]{finding.benchmark}[/]: {finding.about} ({finding.seconds:.0f} s)",
        title_justify="left",
        expand=True,
    )
    table.add_column("measured", ratio=3)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("beside", ratio=3)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    for figure in finding.figures:
        table.add_row(*_cells(figure))
    return table


def _cells(figure: Figure) -> tuple[str, ...]:
    ours = (figure.ours.what, value(figure.ours, figure.unit))
    if figure.beside is None or figure.ratio is None:
        return (*ours, "", "", "")
    better = "↓" if figure.unit in LESS_IS_BETTER else "↑"
    ratio = f"{rounded(figure.ratio)} × {better}"
    return (*ours, figure.beside.what, value(figure.beside, figure.unit), ratio)


def value(series: Series, unit: Unit) -> str:
    """The median of the runs, with its unit."""
    return f"{rounded(series.value)} {unit}"


def rounded(number: float) -> str:
    """To three digits, or to whole ones."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _show_parts(figure: Figure, console: Console) -> None:
    """Where the time went, the most first."""
    total = sum(figure.parts.values())
    if not total:
        return
    console.print(f"Where the time went: {figure.ours.what}", style="dim")
    most = sorted(figure.parts.items(), key=lambda part: -part[1])[:_PARTS_SHOWN]
    for words, seconds in most:
        line = f"  {seconds:8.2f} s {seconds / total:4.0%}  {words}"
        console.print(line, style="dim", highlight=False, markup=False, no_wrap=True, overflow="ellipsis")
