"""What is written behind a flag, checked for its form, on its way into a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import msgspec

from service.cli.grammar import Flag, Kind

_NUMBERS: Final[Mapping[Kind, tuple[re.Pattern[str], str]]] = {
    "integer": (re.compile(r"-?(0|[1-9]\d*)"), "a whole number"),
    "number": (re.compile(r"-?(0|[1-9]\d*)(\.\d+)?"), "a number"),
}
_JSON: Final[Mapping[Kind, tuple[type, str]]] = {
    "array": (list, "a JSON array, like '[1, 2]'"),
    "object": (dict, "a JSON object, like '{\"a\": 1}'"),
    "json": (object, "JSON"),
}
_FEW: Final = 6


class PlainValue(click.ParamType[str]):
    """A value in a path, a query or a header: a text, never empty."""

    def __init__(self, flag: Flag) -> None:
        self.name = "integer" if flag.kind == "integer" else "text"
        self._kind = flag.kind
        self._choices = flag.choices

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """What help calls the value."""
        return _metavar(self._choices)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, if it is one that can be."""
        text = str(value)
        if problem := _wrong(text, self._kind, self._choices):
            self.fail(problem, param, ctx)
        if not text.strip() or not text.isprintable():
            self.fail("must be a text without line breaks, and not empty", param, ctx)
        return text


class BodyValue(click.ParamType[msgspec.Raw]):
    """A value in a JSON body. It is kept as JSON, so that its numbers reach the API as they were written."""

    def __init__(self, flag: Flag) -> None:
        self.name = "json" if flag.kind in _JSON else flag.kind
        self._kind = flag.kind
        self._choices = flag.choices
        self._nullable = flag.nullable

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """What help calls the value."""
        return _metavar(self._choices)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> msgspec.Raw:
        """The value as JSON; the word ``null`` is null, where there can be one, and ``@PATH`` is what a file holds."""
        text = str(value)
        if self._kind in _JSON and text.startswith("@"):
            text = self._read(text[1:], param, ctx)
        if self._nullable and text == "null":
            return msgspec.Raw(b"null")
        if problem := _wrong(text, self._kind, self._choices):
            self.fail(problem, param, ctx)
        return msgspec.Raw(text.encode() if self._kind != "text" else msgspec.json.encode(text))

    def _read(self, path: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            self.fail(f"{path} can't be read: {error}", param, ctx)


def _metavar(choices: tuple[str, ...]) -> str | None:
    return "|".join(choices) if 0 < len(choices) <= _FEW else None


def _wrong(text: str, kind: Kind, choices: tuple[str, ...]) -> str | None:
    """What is wrong with a value, in words."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "this is not UTF-8"
    if choices and text not in choices:
        return f"'{text}' is not one of {', '.join(choices)}"
    if kind in _NUMBERS:
        pattern, form = _NUMBERS[kind]
        return None if pattern.fullmatch(text) else f"'{text}' is not {form}"
    if kind in _JSON:
        return _wrong_json(text, *_JSON[kind])
    return None


def _wrong_json(text: str, expected: type, form: str) -> str | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"this is not {form}: {error}"
    return None if isinstance(found, expected) else f"this is not {form}"
