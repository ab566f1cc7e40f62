"""How an answer is printed: as it came, as JSON, or as tables for the eye."""

from __future__ import annotations

import re
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
# For the eye, and so that a narrow column breaks it between the day and the time.
_TIME: Final = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?Z)$", re.ASCII)
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


def printable(text: str) -> str:
    """The text without the characters that a terminal obeys; it may come from anyone who wrote a list of leads."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def pretty(encoded: bytes) -> bytes:
    """JSON with line breaks; its numbers and texts stay as they are."""
    return msgspec.json.format(encoded, indent=2)


def print_tables(answer: object, console: Console) -> None:
    """Print an answer as tables: its lists by rows, all the rest by names and values."""
    if not isinstance(answer, dict):
        console.print(Text(_text(answer)))
        return
    thing = _unwrapped(answer)
    if facts := dict(_facts(thing)):
        console.print(_facts_table(facts))
    for name, rows in _lists(thing):
        _print_rows(name, rows, console)


def _unwrapped(answer: Row) -> Row:
    """The thing itself; the name of what one thing is wrapped in says nothing new."""
    [only, *others] = answer.values() or [None]
    return only if isinstance(only, dict) and not others else answer


def _facts(thing: Row, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and value of all that a thing has, but for its lists of things; one in another is named ``other.name``."""
    for name, value in thing.items():
        if isinstance(value, dict):
            yield from _facts(value, f"{prefix}{name}.")
        elif value is not None and not _is_rows(value):
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


def _print_rows(title: str, rows: Sequence[Row], console: Console) -> None:
    """Print the columns that find room, and the names of the others; those that say nothing in any row are left out."""
    flat = [dict(_facts(row)) for row in rows]
    names = sorted({name: None for row in flat for name in row}, key=_rank)
    told = [name for name in names if any(row.get(name) for row in flat)]
    shown = list(_fitting(told, flat, console.width))
    table = Table()
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=_is_id(name))
    for row in flat:
        table.add_row(*(Text(row.get(name, "")) for name in shown))
    console.print(Text(title, style="bold"), table, sep="\n")
    if hidden := told[len(shown) :]:
        console.print(Text(f"not shown: {', '.join(hidden)} (--format json shows all)", style="italic"))


def _rank(name: str) -> int:
    """What tells things apart comes first, the ids of other things come last; all else stays in its order."""
    if name in _FIRST_COLUMNS:
        return _FIRST_COLUMNS.index(name)
    return len(_FIRST_COLUMNS) + _is_id(name)


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


def _are_sentences(texts: Sequence[str]) -> bool:
    """Whether each of the texts is better read on a line of its own."""
    return any(text.endswith(".") for text in texts)


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case []:
            return "(none)"
        case list():
            texts = [_text(item) for item in value]
            return ("\n" if _are_sentences(texts) else ", ").join(texts)
        case dict():
            return printable(msgspec.json.encode(value).decode())
        case _:
            return _TIME.sub(r"\1 \2", printable(str(value)))
