"""Holds every answer that the tests of the API get against the OpenAPI document: status, headers, body, and problem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import httpx
import msgspec
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from service.cli.document import api_document
from service.http.problems import MEDIA_TYPE

_FOR_PROVIDERS: Final = {"/api/inbound"}
"""Called by providers of mail, not by clients: no part of the document."""
_FROM_THE_ROUTER: Final = {401: "unauthorized", 404: "not-found", 405: "method-not-allowed"}
"""What is answered where the document has no operation."""


async def require_conformance(response: httpx.Response) -> None:
    """A response hook of httpx. Raises ``AssertionError`` for an answer that the document does not describe."""
    path = response.request.url.raw_path.decode().partition("?")[
        0
    ]  # a slash within an id is not one between them
    if not path.startswith("/api/") or path in _FOR_PROVIDERS:
        return
    operation = _operation(response.request.method, path)
    await response.aread()
    described = {} if operation is None else operation["responses"].get(str(response.status_code))
    where = f"{response.request.method} {response.request.url.path} → {response.status_code}"
    assert described is not None, f"{where} is not documented: {response.text}"
    assert "X-Request-Id" in response.headers, where
    if response.status_code >= 400:
        _require_problem(response, described, where)
    elif response.request.method != "OPTIONS":
        _require_body(response, described, where)


def _require_problem(response: httpx.Response, described: Mapping[str, Any], where: str) -> None:
    assert response.headers["Content-Type"] == MEDIA_TYPE, where
    problem = response.json()
    _validate({"$ref": "#/components/schemas/ProblemDetails"}, problem, where)
    content = described.get("content")
    known = {_FROM_THE_ROUTER[response.status_code]} if content is None else content[MEDIA_TYPE]["examples"]
    assert problem["code"] in known, f"{where}: {problem['code']} is not documented"


def _require_body(response: httpx.Response, described: Mapping[str, Any], where: str) -> None:
    for name, header in described["headers"].items():
        assert name in response.headers or header.get("required") is False, f"{where}: no {name}"
    if "content" not in described:
        assert response.content == b"", where
        return
    media_type = response.headers["Content-Type"].partition(";")[0]
    _validate(described["content"][media_type]["schema"], response.json(), where)


def _validate(schema: Mapping[str, Any], value: object, where: str) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in _validator(_key(schema)).iter_errors(value)]
    assert errors == [], f"{where} is not as documented: {errors}"


def _key(schema: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(schema)


@cache
def _validator(schema: bytes) -> Any:
    whole = {**msgspec.json.decode(schema), "components": _document()["components"]}
    return OAS31Validator(whole, format_checker=oas31_format_checker)


@cache
def _document() -> Mapping[str, Any]:
    """The document of the routes as they are, not the one that is committed."""
    document: Mapping[str, Any] = msgspec.json.decode(api_document())
    return document


@cache
def _paths() -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
    return list(_patterns(_document()["paths"]))


def _patterns(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[re.Pattern[str], Mapping[str, Any]]]:
    for path, methods in paths.items():
        yield re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), methods


def _operation(method: str, path: str) -> Mapping[str, Any] | None:
    for pattern, methods in _paths():
        if pattern.fullmatch(path):
            operation: Mapping[str, Any] | None = methods.get(method.lower())
            return operation
    return None
