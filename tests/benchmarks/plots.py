"""Pictures of a result, as small SVG files: how near each figure comes to what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import LESS_IS_BETTER, Figure
from tests.benchmarks.harness import Finding, Result
from tests.benchmarks.report import rounded, value

_WIDTH: Final = 860
_ROW: Final = 22
_BARS_AT: Final = 520
_BAR: Final = 240
_OURS, _LIMIT = "#2f6fb2", "#b9bec5"
_HEAD: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    'font-family="system-ui, sans-serif" font-size="12">'
    '<rect width="100%" height="100%" fill="white"/>'
)


def write(result: Result, directory: Path) -> list[Path]:
    """A picture of the ratios of each benchmark; answers the files."""
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for finding in result.findings:
        figures = [figure for figure in finding.figures if figure.ratio is not None]
        if figures:
            file = directory / f"{finding.benchmark}.svg"
            file.write_text(_picture(finding, figures), encoding="utf-8")
            files.append(file)
    return files


def _picture(finding: Finding, figures: Sequence[Figure]) -> str:
    """A bar for each figure: how good it is, as a share of what stands beside it, whose end is the grey line."""
    goods = [_goodness(figure) for figure in figures]
    most = max(1.0, *goods)
    height = _ROW * (len(figures) + 2)
    rows = (
        _row(_ROW * (number + 2), figure, good / most)
        for number, (figure, good) in enumerate(zip(figures, goods, strict=True))
    )
    limit = _BARS_AT + _BAR / most
    return "\n".join(
        [
            _HEAD.format(width=_WIDTH, height=height),
            _text(8, _ROW - 4, f"{finding.benchmark}: {finding.about}", "bold"),
            f'<line x1="{limit:.0f}" x2="{limit:.0f}" y1="{_ROW}" y2="{height - 6}" stroke="{_LIMIT}"/>',
            *rows,
            "</svg>\n",
        ]
    )


def _row(y: int, figure: Figure, share: float) -> str:
    words = f"{figure.ours.what} ({value(figure.ours, figure.unit)})"
    return "".join(
        [
            _text(8, y - 6, _short(words)),
            f'<rect x="{_BARS_AT}" y="{y - 17}" width="{max(share * _BAR, 1):.0f}" height="13" fill="{_OURS}"/>',
            _text(_BARS_AT + _BAR + 8, y - 6, f"{rounded(figure.ratio or 0)} ×"),
        ]
    )


def _goodness(figure: Figure) -> float:
    """The ratio, turned round where less is better."""
    ratio = figure.ratio or 0.0
    return 1 / ratio if figure.unit in LESS_IS_BETTER and ratio else ratio


def _short(words: str, most: int = 84) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _text(x: float, y: float, words: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}">{escape(words)}</text>'
