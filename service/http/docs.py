"""``/docs``: the OpenAPI document as a page to read, and ``/openapi.json``: the document itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from html import escape
from typing import Any

import msgspec
from litestar import Response, get
from litestar.enums import MediaType
from litestar.types import ControllerRouterHandler

from service.http.openapi import Document
from service.http.pages import as_response, code, link, listing, page, prose, table


def docs_routes(describe: Callable[[], Document]) -> list[ControllerRouterHandler]:
    """Both routes. The document takes longer than all else of a start, so it is made when it is first asked for."""
    document = cache(describe)
    encoded, html = cache(lambda: msgspec.json.encode(document())), cache(lambda: render(document()))

    @get("/openapi.json", media_type=MediaType.JSON, sync_to_thread=True)
    def openapi() -> Response[bytes]:
        """The OpenAPI document."""
        return Response(encoded(), media_type=MediaType.JSON)

    @get("/docs", sync_to_thread=True)
    def docs() -> Response[bytes]:
        """The same, for people."""
        return as_response(html())

    return [openapi, docs]


def render(document: Document) -> bytes:
    """The whole document as one page."""
    info = document["info"]
    operations = list(_operations(document))
    contents = [
        [
            link(f"#{described['operationId']}", described["operationId"]),
            _address(method, path),
            escape(described["summary"]),
        ]
        for path, method, described in operations
    ]
    return page(
        f"{info['title']} API {info['version']}",
        prose(info["description"]),
        f"<p>{link('/openapi.json', 'OpenAPI document')} · {link('/problems/', 'Problems')}</p>",
        table(["Operation", "Request", ""], contents),
        *(_operation(path, method, described) for path, method, described in operations),
        "<h2>Schemas</h2>",
        *(
            _schema_section(name, schema)
            for name, schema in sorted(document["components"]["schemas"].items())
        ),
    )


def _operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            yield path, method, described


def _operation(path: str, method: str, described: dict[str, Any]) -> str:
    scopes = ", ".join(code(scope) for need in described["security"] for scope in next(iter(need.values())))
    return "".join(
        [
            f'<section id="{escape(described["operationId"])}"><h2>{escape(described["operationId"])}</h2>',
            f"<p>{_address(method, path)} · needs {scopes}</p>",
            prose(described["description"]),
            _parameters(described),
            _bodies("Request body", described.get("requestBody", {})),
            _responses(described["responses"]),
            "</section>",
        ]
    )


def _address(method: str, path: str) -> str:
    return f'<span class="method">{method.upper()}</span> {code(path)}'


def _parameters(described: dict[str, Any]) -> str:
    rows = [
        [
            code(parameter["name"]),
            f"{parameter['in']}{', required' if parameter.get('required') else ''}",
            _type(parameter["schema"]),
            prose(parameter.get("description") or ""),
        ]
        for parameter in described.get("parameters", [])
        if "$ref" not in parameter
    ]
    return f"<h3>Parameters</h3>{table(['Name', 'In', 'Type', ''], rows)}" if rows else ""


def _bodies(title: str, body: dict[str, Any]) -> str:
    parts = []
    for media_type, content in body.get("content", {}).items():
        parts.append(f"<p>{code(media_type)}: {_type(content.get('schema', {}))}</p>")
        if "example" in content:
            parts.append(listing(msgspec.json.format(msgspec.json.encode(content["example"])).decode()))
    return f"<h3>{title}</h3>{''.join(parts)}" if parts else ""


def _responses(responses: dict[str, Any]) -> str:
    succeeded = {status: response for status, response in responses.items() if status < "400"}
    refused = [
        [escape(status), ", ".join(link(f"/problems/{name}", name) for name in _problems(response))]
        for status, response in responses.items()
        if status >= "400"
    ]
    answers = "".join(_bodies(f"Answer {status}", response) for status, response in succeeded.items())
    return f"{answers}<h3>Problems</h3>{table(['Status', 'Codes'], refused)}"


def _problems(response: dict[str, Any]) -> list[str]:
    return [name for content in response["content"].values() for name in content["examples"]]


def _schema_section(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        [
            code(field),
            _type(shape),
            "required" if field in required else "",
            prose(shape.get("description", "")),
        ]
        for field, shape in schema.get("properties", {}).items()
    ]
    fields = table(["Field", "Type", "", ""], rows) if rows else f"<p>{_type(schema)}</p>"
    description = prose(schema.get("description", ""))
    return f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>{description}{fields}</section>'


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to those it names."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return link(f"#schema-{name}", name)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(_type(option) for option in schema[choice])
    if "enum" in schema:
        return " | ".join(code(str(value)) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return f"{escape(str(schema.get('format') or schema.get('type', 'anything')))}{_bounds(schema)}"


def _bounds(schema: dict[str, Any]) -> str:
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    if low is None and high is None:
        return ""
    return f" ({'' if low is None else low} to {'' if high is None else high})"
