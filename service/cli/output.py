"""How an answer is printed: as it came, as JSON, or as tables for the eye."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

Format: TypeAlias = Literal["json", "table", "raw"]
Row: TypeAlias = Mapping[str, Any]

FORMATS: Final = ("json", "table", "raw")
_FIRST_COLUMNS: Final = ("id", "name", "status", "type")
# A longer text is folded rather than its column left out.
_NARROWEST: Final = 16


def default_format() -> Format:
    """Tables for a terminal, JSON for a program."""
    return "table" if sys.stdout.isatty() else "json"


def format_option() -> click.Option:
    """The option ``--format`` of a command, as its argument ``form``."""
    return click.Option(
        ["form", "--format"],
        type=click.Choice(FORMATS),
        default=default_format,
        help="How to print the answer. Default: table on a terminal, else json.",
    )


def print_json(encoded: bytes, form: Format) -> None:
    """Print an answer, which is JSON, on stdout."""
    match form:
        case "raw":
            click.echo(encoded)
        case "json":
            click.echo(pretty(encoded))
        case "table":
            print_tables(msgspec.json.decode(encoded), Console())


def pretty(encoded: bytes) -> bytes:
    """JSON with line breaks; its numbers and texts stay as they are."""
    return msgspec.json.format(encoded, indent=2)


def print_tables(answer: object, console: Console) -> None:
    """Print an answer as tables: its lists by rows, all the rest by names and values."""
    if not isinstance(answer, dict):
        console.print(_text(answer))
        return
    if facts := dict(_facts(answer)):
        console.print(_facts_table(facts))
    for name, rows in _lists(answer):
        console.print(_rows_table(name, rows, console.width))


def _facts(thing: Row, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and value of everything in a thing but its lists of things; one in another is named ``other.name``."""
    for name, value in thing.items():
        if isinstance(value, dict):
            # What one thing is wrapped in says nothing new.
            yield from _facts(value, prefix if not prefix and len(thing) == 1 else f"{prefix}{name}.")
        elif not _is_rows(value):
            yield f"{prefix}{name}", _text(value)


def _lists(thing: Row, prefix: str = "") -> Iterator[tuple[str, Sequence[Row]]]:
    """The lists of things in a thing, however deep."""
    for name, value in thing.items():
        if isinstance(value, dict):
            yield from _lists(value, f"{prefix}{name}.")
        elif _is_rows(value):
            yield f"{prefix}{name}", value


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _facts_table(facts: Mapping[str, str]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(Text(name), Text(value))
    return table


def _rows_table(title: str, rows: Sequence[Row], width: int) -> Table:
    """A table of the columns that find room; those that say nothing in any row are left out."""
    flat = [dict(_facts(row)) for row in rows]
    names = sorted({name: None for row in flat for name in row}, key=_rank)
    told = [name for name in names if any(row.get(name) for row in flat)]
    shown = list(_fitting(told, flat, width))
    table = Table(title=title, title_justify="left", title_style="bold", caption_justify="left")
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=_is_id(name))
    for row in flat:
        table.add_row(*(Text(row.get(name, "")) for name in shown))
    if hidden := told[len(shown) :]:
        table.caption = f"not shown: {', '.join(hidden)} (--format json shows all)"
    return table


def _rank(name: str) -> int:
    """What tells things apart comes first; all else stays in its order."""
    return _FIRST_COLUMNS.index(name) if name in _FIRST_COLUMNS else len(_FIRST_COLUMNS)


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def _fitting(names: Sequence[str], rows: Sequence[Mapping[str, str]], width: int) -> Iterator[str]:
    """The names, in order, as long as their columns find room in ``width`` characters; ids are not to be folded."""
    used = 1
    for name in names:
        longest = max(len(name), *(len(row.get(name, "")) for row in rows))
        used += (longest if _is_id(name) else min(longest, _NARROWEST)) + 3
        if used > width:
            return
        yield name


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case []:
            return "(none)"
        case list():
            return ", ".join(_text(item) for item in value)
        case dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)
