"""From the API's document to the words of the command line."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from service.cli.deferred import OPERATOR_COMMANDS
from service.cli.document import api_document
from service.cli.grammar import Flag, Operation, committed_document, kebab, operations
from service.cli.nouns import nouns

DOCUMENT = committed_document()


def _operation(described: dict[str, Any], path: str = "/api/things/{thing_id}/parts") -> Operation:
    components = {"schemas": {"Part": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    document = {"components": components, "paths": {path: {"patch": {"description": "", **described}}}}
    [found] = operations(document)
    return found


def _flags(operation: Operation) -> dict[str, Flag]:
    return {name: flag for flag in operation.flags for name in flag.names}


def _body(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, **more}
    return {
        "operationId": "part.update",
        "requestBody": {"content": {"application/json": {"schema": schema}}},
    }


def test_the_committed_document_is_the_documents_of_the_application() -> None:
    committed = (files("service.cli") / "api.json").read_bytes()
    assert committed == api_document(), "run: liftoff openapi --output service/cli/api.json"


def test_every_operation_of_the_api_is_a_command() -> None:
    commands = nouns(operations(DOCUMENT))
    declared = [
        described["operationId"] for methods in DOCUMENT["paths"].values() for described in methods.values()
    ]
    assert declared
    for operation_id in declared:
        noun, _, verb = operation_id.partition(".")
        assert verb in commands[noun].commands, operation_id
        assert noun not in OPERATOR_COMMANDS


def test_what_exists_only_within_campaigns_is_a_command_of_campaign_too() -> None:
    commands = nouns(operations(DOCUMENT))
    assert commands["campaign"].commands["sequence-node"] is commands["sequence-node"]
    assert "key" not in commands["campaign"].commands


@pytest.mark.parametrize(
    ("field", "flag"),
    [("toPosition", "to-position"), ("daily_limit", "daily-limit"), ("If-Match", "if-match"), ("id", "id")],
)
def test_a_flag_is_its_field_in_kebab_case(field: str, flag: str) -> None:
    assert kebab(field) == flag


def test_the_id_of_the_noun_is_id_and_that_of_another_keeps_its_name() -> None:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("campaign_id", "node_id")
    ]
    described = {"operationId": "sequence-node.update", "parameters": parameters}
    assert [flag.names for flag in _operation(described).flags] == [("--campaign-id",), ("--id", "--node-id")]


def test_a_field_of_a_body_becomes_a_flag_of_its_kind() -> None:
    found = _flags(
        _operation(
            _body(
                {
                    "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    "kind": {"enum": ["a", "b"], "type": "string"},
                    "maybe": {"type": ["null", "string"], "enum": ["a", None]},
                    "part": {"$ref": "#/components/schemas/Part"},
                    "many": {"type": "array"},
                    "on": {"type": "boolean"},
                    "all": {"enum": [True]},
                    "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                },
                required=["kind"],
            )
        )
    )
    assert {name: flag.kind for name, flag in found.items()} == {
        "--limit": "integer",
        "--kind": "text",
        "--maybe": "text",
        "--part": "object",
        "--many": "array",
        "--on": "boolean",
        "--all": "switch",
        "--either": "json",
    }
    assert [name for name, flag in found.items() if flag.nullable] == ["--limit", "--maybe"]
    assert [name for name, flag in found.items() if flag.required] == ["--kind"]
    assert (found["--kind"].choices, found["--maybe"].choices) == (("a", "b"), ("a",))


def test_a_body_of_several_shapes_takes_the_fields_of_all_and_needs_those_of_each() -> None:
    shapes = [
        {
            "type": "object",
            "properties": {"ids": {"type": "array"}, "why": {"type": "string"}},
            "required": ["ids", "why"],
        },
        {
            "type": "object",
            "properties": {"all": {"enum": [True]}, "why": {"type": "string"}},
            "required": ["all", "why"],
        },
    ]
    content = {"application/json": {"schema": {"anyOf": shapes}}}
    found = _flags(_operation({"operationId": "part.delete", "requestBody": {"content": content}}))
    assert {name: flag.required for name, flag in found.items()} == {
        "--ids": False,
        "--why": True,
        "--all": False,
    }


def test_a_body_that_is_streamed_is_a_file() -> None:
    content = {"text/csv": {"schema": {"type": "string", "format": "binary"}}}
    operation = _operation({"operationId": "part.import", "requestBody": {"content": content}})
    assert (operation.reads, _flags(operation)["--file"].place) == (("text/csv",), "file")


def test_an_operation_whose_flags_can_not_be_told_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="can't be a command"):
        _operation(_body({"toPosition": {"type": "integer"}, "to_position": {"type": "integer"}}))
