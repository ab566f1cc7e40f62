"""The tables of a result for a page of text, in the Markdown that GitHub shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.benchmarks.figures import LESS_IS_BETTER, Aim, Figure
from tests.benchmarks.harness import Result
from tests.benchmarks.report import rounded, value


def table(result: Result) -> str:
    """All figures."""
    return _table(result, lambda _: True)


def aims(result: Result) -> str:
    """The figures that something was asked of beforehand, with what that was and whether they come to it."""
    return _table(result, lambda figure: bool(figure.aims))


def origin(result: Result) -> str:
    """Where and when the figures come from, in one sentence."""
    machine, postgres = result.machine, result.machine.postgres
    return (
        f"Measured {result.date:%Y-%m-%d} at {result.scale} scale on {machine.cores} cores ({machine.processor}, "
        f"{machine.memory_bytes / 1024**3:.0f} GB, load {machine.load:.1f} before), {machine.system}, "
        f"Python {machine.python}, Postgres {postgres['server_version']}, "
        f"fsync {postgres['fsync']}, synchronous_commit {postgres['synchronous_commit']}."
    )


def _table(result: Result, shown: Callable[[Figure], bool]) -> str:
    return "\n".join([origin(result), "", *_lines(result, shown), ""])


def _lines(result: Result, shown: Callable[[Figure], bool]) -> Iterator[str]:
    yield "| | measured | value | beside | value | ratio | aim |"
    yield "|---|---|--:|---|--:|--:|---|"
    for finding in result.findings:
        for figure in filter(shown, finding.figures):
            yield f"| {finding.benchmark} | {' | '.join(_cells(figure))} |"
        if finding.error is not None:
            yield f"| {finding.benchmark} | ended early: {finding.error} | | | | | |"


def _cells(figure: Figure) -> list[str]:
    ours = [figure.ours.what, value(figure.ours, figure.unit)]
    aims = ", ".join(_aim(figure, aim) for aim in figure.aims)
    if figure.beside is None or figure.ratio is None:
        return [*ours, "", "", "", aims]
    better = "↓" if figure.unit in LESS_IS_BETTER else "↑"
    beside = [figure.beside.what, value(figure.beside, figure.unit)]
    return [*ours, *beside, f"{rounded(figure.ratio)} × {better}", aims]


def _aim(figure: Figure, aim: Aim) -> str:
    sign = "≤" if figure.unit in LESS_IS_BETTER else "≥"
    unit = figure.unit if aim.of == "value" else "×"
    return f"{sign} {rounded(aim.limit)} {unit}: {'met' if figure.meets(aim) else '**missed**'}"
