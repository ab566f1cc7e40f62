"""The OpenAPI 3.1 document: what Litestar knows of the routes, completed by what their operations declare.

The schemas of bodies are made by msgspec, which decodes them, so that the document says exactly what is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json
from litestar.types import ControllerRouterHandler
from litestar.typing import FieldDefinition
from msgspec import Struct

from domain.refusal import FieldError
from service.http.authentication import API
from service.http.catalogue import PROBLEMS
from service.http.links import LINKS
from service.http.operations import SECURITY_SCHEME, Operation
from service.http.problem_type import ProblemType
from service.http.problems import MEDIA_TYPE
from service.http.requests import ApiRequest

Document = dict[str, Any]

# What every operation may answer with, and what those with a body or an id in their address may besides.
_ALWAYS: Final = ("unauthorized", "missing-scope", "rate-limited", "internal-error", "service-unavailable")
_WITH_PARAMETERS: Final = ("invalid-parameter",)
_WITH_PARAMETER: Final[Mapping[str, tuple[str, ...]]] = {
    "If-Match": ("version-mismatch", "invalid-if-match"),
    "cursor": ("invalid-cursor",),
}
_WITH_ID: Final = ("not-found",)
_WITH_BODY: Final = ("malformed-json", "invalid-value", "body-too-large", "unsupported-media-type")
_POST: Final = ("invalid-idempotency-key", "idempotency-in-progress", "idempotency-key-reused")

_DESCRIPTION: Final = """\
Liftoff launches outreach campaigns and can prove from its history alone what it did.

Send `Authorization: Bearer pk_live_…` with every request. Every error is a problem (RFC 9457); its `type` leads to a
page that explains it. A POST with an `Idempotency-Key` can be repeated safely for 24 hours. Every answer carries
`X-Request-Id`. Times are RFC 3339 in UTC; integers are at most 2^53-1."""


class ProblemDetails(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457); a problem may have further members."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FieldError] = []
    blockers: list[dict[str, Any]] = []


class _Handled(NamedTuple):
    """A handler under the path and the method it answers."""

    path: str
    method: str
    handler: HTTPRouteHandler
    operation: Operation


def build_document(
    routes: Sequence[ControllerRouterHandler], dependencies: Iterable[str], version: str
) -> Document:
    """The document of the routes under ``/api``. ``dependencies`` are the names their handlers have injected.

    Raises ``ValueError`` for a route that is no operation.
    """
    described = Litestar(
        [Router(API, route_handlers=routes)],
        dependencies={name: _stand_in(name) for name in dependencies},
        request_class=ApiRequest,
        openapi_config=_config(version),
        logging_config=None,
    )
    document: Document = msgspec.json.decode(encode_json(described.openapi_schema.to_schema()))
    handled = list(_handled(described))
    document["components"] = _components(document["components"], handled)
    for each in handled:
        _complete(document["paths"][each.path][each.method], each)
    return document


def _stand_in(name: str) -> Provide:
    """Something to inject into handlers that are described and never called."""
    return Provide(lambda: name, sync_to_thread=False)


def _config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Liftoff",
        version=version,
        description=_DESCRIPTION,
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                SECURITY_SCHEME: SecurityScheme(
                    type="http", scheme="bearer", bearer_format="pk_live_<64 hex digits>"
                )
            }
        ),
    )


def _handled(app: Litestar) -> Iterator[_Handled]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith(f"{API}/"):
            continue
        for handler in route.route_handlers:
            if "OPTIONS" in handler.http_methods:
                continue
            if "operation" not in handler.opt:
                raise ValueError(f"{route.path}: {handler.handler_name} is not declared as an operation")
            for method in handler.http_methods:
                yield _Handled(route.path_format, method.lower(), handler, handler.opt["operation"])


def _components(known: Document, handled: Sequence[_Handled]) -> Document:
    _, schemas = msgspec.json.schema_components(
        [ProblemDetails, *_structs(handled)], ref_template="#/components/schemas/{name}"
    )
    return known | {
        "schemas": known.get("schemas", {}) | schemas,
        "examples": {problem.code: _example(problem) for problem in PROBLEMS.values()},
        "parameters": {"IdempotencyKey": _IDEMPOTENCY_KEY},
        "headers": {"RequestId": _REQUEST_ID},
    }


def _structs(handled: Sequence[_Handled]) -> Iterator[type[Struct]]:
    """The types of all bodies, asked for and answered."""
    for each in handled:
        signature = each.handler.parsed_fn_signature
        fields = [signature.return_type]
        if "data" in signature.parameters:
            fields.append(signature.parameters["data"])
        for field in fields:
            yield from _structs_in(field)


def _structs_in(field: FieldDefinition) -> Iterator[type[Struct]]:
    if isinstance(field.annotation, type) and issubclass(field.annotation, Struct):
        yield field.annotation
    for inner in field.inner_types:
        yield from _structs_in(inner)


def _complete(described: Document, each: _Handled) -> None:
    """Add to Litestar's description of an operation what the operation declares."""
    described["summary"] = described["description"].partition("\n")[0]
    for parameter in described.get("parameters", []):
        parameter["schema"] = _never_null(parameter["schema"])
    if each.operation.reads:
        media = {name: {"schema": {"type": "string", "format": "binary"}} for name in each.operation.reads}
        described["requestBody"] = {"required": True, "content": media}
    data = each.handler.parsed_fn_signature.parameters.get("data")
    if data is not None:
        described["requestBody"]["required"] = not data.has_default
    if each.operation.request is not None:
        described["requestBody"]["content"]["application/json"]["example"] = each.operation.request
    if each.method == "post":
        described.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    succeeded = str(each.handler.status_code)
    described["responses"] = {
        succeeded: _success(described["responses"][succeeded], each),
        **_refusals(described, each),
    }
    for response in described["responses"].values():
        response.setdefault("headers", {})["X-Request-Id"] = {"$ref": "#/components/headers/RequestId"}


def _never_null(schema: Document) -> Document:
    """The schema of a parameter, which can be left out, but not be null."""
    match schema:
        case {"oneOf": [option, {"type": "null"}], **rest}:
            return {**option, **rest}
        case {"type": ["null", kind], "enum": [*values, None], **rest}:
            return {"type": kind, "enum": values, **rest}
        case _:
            return schema


def _success(response: Document, each: _Handled) -> Document:
    response["description"] = HTTPStatus(each.handler.status_code).phrase
    if links := LINKS.get(str(each.handler.operation_id)):
        response["links"] = {
            target: {"operationId": target, "parameters": dict(parameters)}
            for target, parameters in links.items()
        }
    if each.operation.answer is not None:
        response["content"]["application/json"]["example"] = each.operation.answer
    return response


def _refusals(described: Mapping[str, Any], each: _Handled) -> Document:
    """The problems an operation may answer with, by status."""
    parameters = [parameter.get("name", "") for parameter in described.get("parameters", [])]
    codes = [
        *each.operation.problems,
        *_ALWAYS,
        *(_WITH_ID if "{" in each.path else ()),
        *(_WITH_PARAMETERS if parameters else ()),
        *(code for name in parameters for code in _WITH_PARAMETER.get(name, ())),
        *(_WITH_BODY if "requestBody" in described else ()),
        *(_POST if each.method == "post" else ()),
    ]
    by_status: dict[int, list[ProblemType]] = {}
    for problem in sorted({PROBLEMS[code] for code in codes}, key=lambda p: (p.status, p.code)):
        by_status.setdefault(problem.status, []).append(problem)
    return {str(status): _refusal(problems) for status, problems in by_status.items()}


def _refusal(problems: Sequence[ProblemType]) -> Document:
    examples = {problem.code: {"$ref": f"#/components/examples/{problem.code}"} for problem in problems}
    return {
        "description": "; ".join(f"{problem.title} (`{problem.code}`)" for problem in problems),
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "examples": examples}
        },
    }


def _example(problem: ProblemType) -> Document:
    return {
        "summary": problem.title,
        "value": {
            "type": problem.path,
            "title": problem.title,
            "status": problem.status,
            "detail": problem.explanation,
            "instance": "/api/…",
            "code": problem.code,
            "request_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41",
        },
    }


_IDEMPOTENCY_KEY: Final[Document] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat: for 24 hours the first answer is given again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*$"},
}
_REQUEST_ID: Final[Document] = {
    "description": "The id of this request, also in the log and, for what it changed, in the history.",
    "schema": {"type": "string"},
}
