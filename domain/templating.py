"""Templates of messages: text with variables, filled from what is known of a lead.

A variable is ``{{first_name}}``, with a fallback ``{{company|your company}}``, or older ``%first_name%``.
Every text is a template. Rendering is a single pass: a value that looks like a variable goes out as it is, so
nobody can write into other people's mail through a field of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from domain.refusal import Refusal

LEAD_FIELDS: Final = frozenset(
    {"email", "linkedin_url", "first_name", "last_name", "name", "company", "position", "headline"}
)
CUSTOM_FIELDS: Final = "custom_fields"

# The older form is read only where it names a known field: "%" is common in prose and in encoded links.
_VARIABLE: Final = re.compile(
    r"\{\{(?P<name>[^{}|]*)(?:\|(?P<fallback>[^{}]*))?\}\}"
    rf"|%(?P<older>(?:{'|'.join(sorted(LEAD_FIELDS))})|{CUSTOM_FIELDS}\.[\w-]{{1,64}})%",
    re.IGNORECASE,
)
_CUSTOM_FIELD: Final = re.compile(rf"{CUSTOM_FIELDS}\.(?P<key>[\w .-]{{1,64}})", re.IGNORECASE)
_LINE_BREAKS_AND_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Variable(Struct, frozen=True):
    """A place to fill: ``name`` as ``lead_values`` spells it; a ``fallback`` may be empty."""

    name: str
    fallback: str | None = None


class Template(Struct, frozen=True):
    """A text taken apart: literal pieces and variables, in order."""

    parts: tuple[str | Variable, ...]


class Unresolved(Refusal):
    """A variable has neither a value nor a fallback, so this text can't be written to this lead."""

    def __init__(self, variable: str) -> None:
        super().__init__(
            "unresolved-variable",
            f"No value for {{{{{variable}}}}}: give the lead one, or the variable a fallback.",
            {"variable": variable},
        )
        self.variable = variable


@lru_cache(maxsize=256)
def parse(text: str) -> Template:
    """Takes any text apart; what is not a variable is literal. Remembered: each lead needs the same few."""
    return Template(tuple(_parts(text)))


def variables(text: str) -> frozenset[str]:
    """The names of the variables in ``text`` that have no fallback."""
    parts = parse(text).parts
    return frozenset(part.name for part in parts if isinstance(part, Variable) and part.fallback is None)


def is_field(name: str) -> bool:
    """Whether a lead can have a value of this name at all."""
    return name in LEAD_FIELDS or _CUSTOM_FIELD.fullmatch(name) is not None


def lead_values(fields: Mapping[str, object]) -> dict[str, str]:
    """What variables stand for with this lead; ``fields`` as the API spells them, ``custom_fields`` nested.

    No value comes from a blank field, nor from a custom field that holds neither text nor number or whose key
    no variable can name. ``name`` falls back to first and last name.
    """
    values = {name: text for name, value in fields.items() if name in LEAD_FIELDS and (text := _text(value))}
    custom = fields.get(CUSTOM_FIELDS)
    if custom and isinstance(custom, Mapping):
        named = {f"{CUSTOM_FIELDS}.{str(key).strip()}": value for key, value in custom.items()}
        values |= {name: text for name, value in named.items() if is_field(name) and (text := _text(value))}
    full_name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    if full_name:
        values.setdefault("name", full_name)
    return values


@lru_cache(maxsize=256)
def named_values(fields: tuple[str, ...], custom_fields: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the variables that stand for something with a lead of whom these fields are known.

    Remembered: the rows of a file have the same few.
    """
    known: dict[str, object] = dict.fromkeys(fields, "known")
    return tuple(lead_values({**known, CUSTOM_FIELDS: dict.fromkeys(custom_fields, "known")}))


def render(template: Template, values: Mapping[str, str]) -> str:
    """The text with every variable filled, never expanding what a value holds. Raises ``Unresolved``."""
    return "".join(part if isinstance(part, str) else _filled(part, values) for part in template.parts)


def render_subject(template: Template, values: Mapping[str, str]) -> str:
    """Like ``render``, on one line: no value can end the subject header and begin another (RFC 5322, 2.2)."""
    return one_line(render(template, values))


def one_line(text: str) -> str:
    """The text without line breaks and control characters."""
    return _LINE_BREAKS_AND_CONTROLS.sub(" ", text).strip()


def _parts(text: str) -> Iterator[str | Variable]:
    end = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        yield _variable(match)
        end = match.end()
    if end < len(text):
        yield text[end:]


def _variable(match: re.Match[str]) -> Variable:
    older, fallback = match["older"], match["fallback"]
    name = _canonical(match["name"] if older is None else older)
    return Variable(name, None if fallback is None else fallback.strip())


def _canonical(name: str) -> str:
    """Field names in lower case, whatever the writer used; the key of a custom field exactly as it is."""
    name = name.strip()
    head, dot, key = name.partition(".")
    known = head.lower() if head.lower() in {*LEAD_FIELDS, CUSTOM_FIELDS} else head
    return f"{known}{dot}{key.strip()}"


def _filled(variable: Variable, values: Mapping[str, str]) -> str:
    value = values.get(variable.name) or variable.fallback
    if value is None:
        raise Unresolved(variable.name)
    return value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""
