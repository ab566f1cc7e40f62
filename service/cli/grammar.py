"""From the OpenAPI document to the words of the command line: each operation, and the flags for what it takes.

The operation ``campaign.launch`` is ``liftoff campaign launch``. Whatever it takes, in its path, its query, its headers
or its body, is a flag of the same name in kebab case; the id of the noun itself is ``--id`` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct

Schema: TypeAlias = Mapping[str, Any]
Place: TypeAlias = Literal["path", "query", "header", "body", "file"]
Kind: TypeAlias = Literal["text", "integer", "number", "boolean", "switch", "array", "object", "json"]

PLACES: Final[tuple[Place, ...]] = get_args(Place)
_JSON: Final = "application/json"
_METHODS: Final = ("get", "post", "put", "patch", "delete")
# The API has kept a word that its clients know.
_OTHER_WORDS: Final = {"prospect-id": "lead-id"}
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KINDS: Final[Mapping[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}


class Flag(Struct, frozen=True, kw_only=True):
    """One thing an operation takes. ``names`` begin with two hyphens; ``field`` is what the API calls it.

    A ``switch`` can only be set, a ``boolean`` set or unset. ``nullable``: a body may say null, and that is not
    the same as leaving the field out.
    """

    names: tuple[str, ...]
    place: Place
    field: str
    kind: Kind
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    doc: str = ""


class Operation(Struct, frozen=True, kw_only=True):
    """One operation of the API. ``reads``: the media types of a file it takes as its body."""

    noun: str
    verb: str
    method: str
    path: str
    flags: tuple[Flag, ...]
    reads: tuple[str, ...] = ()
    has_body: bool = False
    doc: str = ""
    example: Schema = {}

    @property
    def name(self) -> str:
        """Its ``operationId``."""
        return f"{self.noun}.{self.verb}"


def committed_document() -> Schema:
    """The document this client was made from: ``liftoff openapi --output service/cli/api.json``."""
    document: Schema = msgspec.json.decode((files("service.cli") / "api.json").read_bytes())
    return document


def operations(document: Schema) -> list[Operation]:
    """The operations of a document. Raises ``ValueError`` for one that can't be a command."""
    return [
        _operation(document, path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method in _METHODS
    ]


def kebab(name: str) -> str:
    """``toPosition`` and ``to_position`` as ``to-position``."""
    return _CAPITAL.sub("-", name).replace("_", "-").lower()


def _operation(document: Schema, path: str, method: str, described: Schema) -> Operation:
    noun, _, verb = described["operationId"].rpartition(".")
    content: Schema = described.get("requestBody", {}).get("content", {})
    flags = [
        *(_parameter(document, noun, _resolved(document, each)) for each in described.get("parameters", [])),
        *(_body(document, noun, content[_JSON]["schema"]) if _JSON in content else ()),
    ]
    reads = tuple(media for media in content if media != _JSON)
    if reads:
        flags.append(_file(reads))
    names = [name for flag in flags for name in flag.names]
    if not noun or len(names) != len(set(names)):
        raise ValueError(f"{described['operationId']} can't be a command: {', '.join(names)}")
    return Operation(
        noun=noun,
        verb=verb,
        method=method.upper(),
        path=path,
        flags=tuple(sorted(flags, key=lambda flag: (not flag.required, flag.place == "header"))),
        reads=reads,
        has_body=_JSON in content,
        doc=described["description"],
        example=content.get(_JSON, {}).get("example") or {},
    )


def _parameter(document: Schema, noun: str, described: Schema) -> Flag:
    kind, _, choices = _shape(document, described["schema"])
    return Flag(
        names=_names(noun, described["name"]),
        place=described["in"],
        field=described["name"],
        kind=kind,
        required=described.get("required", False),
        choices=choices,
        doc=described.get("description") or "",
    )


def _body(document: Schema, noun: str, schema: Schema) -> Iterator[Flag]:
    """A flag for each field of the body; of several possible shapes, for each field of any."""
    shapes = [_resolved(document, shape) for shape in schema.get("anyOf", [schema])]
    fields = {name: field for shape in shapes for name, field in shape.get("properties", {}).items()}
    for name, field in fields.items():
        kind, nullable, choices = _shape(document, field)
        yield Flag(
            names=_names(noun, name),
            place="body",
            field=name,
            kind=kind,
            required=all(name in shape.get("required", []) for shape in shapes),
            nullable=nullable and field.get("default", ...) is not None,
            choices=choices,
            doc=_doc(document, field),
        )


def _file(reads: Sequence[str]) -> Flag:
    return Flag(
        names=("--file",), place="file", field="file", kind="text", required=True, doc=f"({', '.join(reads)})"
    )


def _names(noun: str, field: str) -> tuple[str, ...]:
    """``--id`` before the full name for the id of the noun itself (a ``sequence-node``'s may be ``node_id``)."""
    name = kebab(field)
    owner = _OTHER_WORDS.get(name, name).removesuffix("-id")
    is_own = owner != name and (noun == owner or noun.endswith(f"-{owner}"))
    return ("--id", f"--{name}") if is_own else (f"--{name}",)


def _shape(document: Schema, schema: Schema) -> tuple[Kind, bool, tuple[str, ...]]:
    """What a value looks like, whether it may be null, and the words it is one of."""
    alternatives = [_resolved(document, each) for each in schema.get("anyOf", schema.get("oneOf", [schema]))]
    told = [each for each in alternatives if each.get("type") != "null"]
    nullable = len(told) < len(alternatives) or any(_allows_null(each) for each in told)
    if len(told) != 1:
        return "json", nullable, ()
    values = [value for value in told[0].get("enum", []) if value is not None]
    if values == [True]:
        return "switch", nullable, ()
    if values and all(isinstance(value, str) for value in values):
        return "text", nullable, tuple(values)
    types = [name for name in _types(told[0]) if name != "null"]
    return (_KINDS[types[0]] if len(types) == 1 else "json"), nullable, ()


def _types(schema: Schema) -> Sequence[str]:
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else named


def _allows_null(schema: Schema) -> bool:
    return "null" in _types(schema) or None in schema.get("enum", [])


def _doc(document: Schema, schema: Schema) -> str:
    """What is said of a value, or else of what it may be."""
    candidates = [schema, *schema.get("anyOf", ())]
    said = (_resolved(document, each).get("description") for each in candidates)
    return next((text for text in said if text), "")


def _resolved(document: Schema, schema: Schema) -> Schema:
    """What a reference refers to."""
    if "$ref" not in schema:
        return schema
    found: Any = document
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(document, found)
