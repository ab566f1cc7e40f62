"""What is told of measurements: ratios are of runs side by side, aims are judged, the README shows what was kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.benchmarks import markdown, plots, report
from tests.benchmarks.figures import Aim, Figure, Measurement, compared, in_turns, percentile, plain, series
from tests.benchmarks.harness import Finding, Result
from tests.benchmarks.machine import Machine
from tests.benchmarks.referring import README, RESULT, shown_in

FAST = compared(
    "mails/s", series("ours", [50, 80, 90]), series("theirs", [100, 100, 100]), aims=(Aim(0.8, "ratio"),)
)
SLOW = compared("ms", series("ours", [300]), series("theirs", [100]), aims=(Aim(200), Aim(4, "ratio")))
ALONE = plain("MB", series("memory", [299]), aims=(Aim(300),))
MACHINE = Machine(
    system="Linux",
    processor="a processor",
    cores=2,
    memory_bytes=2**33,
    load=0.5,
    python="3.11",
    libraries={},
    postgres={"server_version": "18", "fsync": "on", "synchronous_commit": "on"},
)


def result_of(*figures: Figure, error: str | None = None) -> Result:
    finding = Finding("some", "something & more", 1.5, list(figures), error)
    return Result(datetime(2026, 1, 2, tzinfo=UTC), "full", MACHINE, [finding])


def test_a_busy_moment_counts_for_both_sides() -> None:
    disturbed = compared("mails/s", series("ours", [100, 10]), series("theirs", [200, 20]))
    assert disturbed.ratio == 0.5


@pytest.mark.parametrize(
    ("figure", "met"),
    [(FAST, [True]), (SLOW, [False, True]), (ALONE, [True])],
    ids=["rate", "time", "memory"],
)
def test_an_aim_is_at_least_or_at_most_as_the_unit_has_it(figure: Figure, met: list[bool]) -> None:
    assert [figure.meets(aim) for aim in figure.aims] == met


def test_the_99th_of_a_hundred_is_no_average() -> None:
    assert percentile(99, [1.0] * 98 + [7.0, 9.0]) == 7.0


async def test_measurements_take_turns() -> None:
    order: list[str] = []

    def measured(name: str) -> Measurement:
        async def measure() -> float:
            order.append(name)
            return len(order)

        return measure

    assert await in_turns(2, measured("a"), measured("b")) == [[1, 3], [2, 4]]
    assert order == ["a", "b", "a", "b"]


def test_the_table_says_which_aims_were_missed_and_what_ended_early() -> None:
    lines = markdown.table(result_of(FAST, SLOW, ALONE, error="TypeError: no")).splitlines()
    assert "| some | ours | 80 mails/s | theirs | 100 mails/s | 0.8 × ↑ | ≥ 0.8 ×: met |" in lines
    assert "| some | ours | 300 ms | theirs | 100 ms | 3 × ↓ | ≤ 200 ms: **missed**, ≤ 4 ×: met |" in lines
    assert "| some | memory | 299 MB |  |  |  | ≤ 300 MB: met |" in lines
    assert lines[-1].startswith("| some | ended early: TypeError: no |")


def test_what_nothing_was_asked_of_is_left_out_of_the_readme() -> None:
    unasked = plain("MB", series("more", [1]))
    assert "more" not in markdown.aims(result_of(FAST, unasked))
    assert "more" in markdown.table(result_of(FAST, unasked))


def test_a_kept_result_is_read_as_it_was(tmp_path: Path) -> None:
    result = result_of(FAST, SLOW)
    assert markdown.table(report.read(report.write(result, tmp_path))) == markdown.table(result)


def test_the_pictures_are_drawn_to_scale(tmp_path: Path) -> None:
    [file] = plots.write(result_of(FAST, SLOW, ALONE), tmp_path)
    bars = ElementTree.parse(file).getroot().findall("{http://www.w3.org/2000/svg}rect")[1:]
    half, third = (float(bar.attrib["width"]) for bar in bars)
    assert half / third == pytest.approx(0.8 * 3, rel=0.02)


def test_the_readme_shows_the_result_that_was_kept() -> None:
    page = README.read_text(encoding="utf-8")
    assert shown_in(page, report.read(RESULT)) == page
