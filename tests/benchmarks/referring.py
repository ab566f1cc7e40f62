"""``python -m tests.benchmarks.referring FILE``: makes a kept result the one that the README shows.

Its JSON, its whole table and its pictures are kept beside this module; the README shows what was aimed at.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from tests.benchmarks import markdown, plots, report
from tests.benchmarks.harness import Result

REFERENCE: Final = Path(__file__).with_name("reference")
RESULT: Final = REFERENCE / "result.json"
README: Final = Path(__file__).parents[2] / "README.md"
BEGIN: Final = (
    "<!-- The table of the reference run: python -m tests.benchmarks.referring FILE writes it. -->\n"
)
END: Final = "<!-- Here it ends. -->\n"


def refer_to(result: Result) -> None:
    """Keep the result as the reference, and show it in the README."""
    plots.write(result, REFERENCE)
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    (REFERENCE / "table.md").write_text(markdown.table(result), encoding="utf-8")
    README.write_text(shown_in(README.read_text(encoding="utf-8"), result), encoding="utf-8")


def shown_in(page: str, result: Result) -> str:
    """The page with the result's table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown.aims(result)}\n{END}{after}"


if __name__ == "__main__":
    refer_to(report.read(Path(sys.argv[1])))
