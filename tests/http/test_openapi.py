"""The OpenAPI document: valid, complete, and readable without a network."""

from __future__ import annotations

import re
from typing import Annotated, Any

import httpx
import pytest
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Meta, Struct
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.access import Scope
from service.http.catalogue import PROBLEMS
from service.http.docs import render
from service.http.keys import key_routes
from service.http.openapi import Document, build_document
from service.http.operations import operation
from tests.http.conftest import World
from tests.http.toys import toy_routes

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> Document:
    return build_document([*key_routes, *toy_routes], ["keys", "cursors", "toys"], "1.0")


def operations(document: Document) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def test_the_document_is_valid_openapi_3_1(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_operation_is_named_noun_verb_and_shows_the_scope_it_needs(document: Document) -> None:
    names = [described["operationId"] for _, _, described in operations(document)]
    assert len(names) == len(set(names))
    for path, method, described in operations(document):
        assert path.startswith("/api/")
        assert method in METHODS
        assert re.fullmatch(r"[a-z-]+\.[a-z-]+", described["operationId"])
        ((scope,),) = (need.values() for need in described["security"])
        assert Scope(scope[0])
        assert described["description"]


async def test_every_route_under_api_declares_its_scope(world: World) -> None:
    declared = 0
    for route in world.app.router.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/api"):
            for handler in route.route_handlers:
                if handler.http_methods != {"OPTIONS"}:
                    assert isinstance(handler.opt["operation"].scope, Scope), route.path
                    declared += 1
    assert declared == len(key_routes) + len(toy_routes)


def test_a_route_without_an_operation_is_refused_at_the_start() -> None:
    @get("/open")
    async def unguarded() -> None:
        """Forgotten."""

    assert isinstance(unguarded, HTTPRouteHandler)
    with pytest.raises(ValueError, match="unguarded is not declared as an operation"):
        build_document([unguarded], [], "1.0")


def test_an_operation_can_not_name_an_unknown_problem() -> None:
    with pytest.raises(ValueError, match="no problem spilled-milk"):
        operation("toy.spill", Scope.CAMPAIGNS_WRITE, problems=["spilled-milk"])


def test_every_operation_tells_the_problems_it_answers_with(document: Document) -> None:
    for path, method, described in operations(document):
        told = told_problems(described)
        assert {"unauthorized", "missing-scope", "rate-limited", "internal-error"} <= told
        assert ("not-found" in told) == ("{" in path)
        assert ("idempotency-key-reused" in told) == (method == "post")
        assert ("malformed-json" in told) == ("requestBody" in described)
    assert "campaign-not-draft" in told_problems(document["paths"]["/api/toys/refuse"]["post"])


def told_problems(described: dict[str, Any]) -> set[str]:
    return {
        code
        for status, response in described["responses"].items()
        if status >= "400"
        for code in response["content"]["application/problem+json"]["examples"]
    }


def test_each_problem_is_told_under_its_own_status(document: Document) -> None:
    for _, _, described in operations(document):
        for status, response in described["responses"].items():
            assert "X-Request-Id" in response["headers"]
            if status >= "400":
                for code in response["content"]["application/problem+json"]["examples"]:
                    assert PROBLEMS[code].status == int(status)


def test_a_schema_says_exactly_what_is_accepted(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["NewToy"]["additionalProperties"] is False
    assert schemas["NewToy"]["required"] == ["name"]
    assert schemas["NewToy"]["properties"]["name"]["maxLength"] == 20
    assert schemas["Part"]["properties"]["weight"]["maximum"] == 2**53 - 1
    assert schemas["KeyView"]["properties"]["created_at"]["format"] == "date-time"
    assert schemas["CreateKey"]["properties"]["scopes"]["minItems"] == 1


def test_a_streamed_body_is_described_by_its_media_types(document: Document) -> None:
    body = document["paths"]["/api/toys/import"]["post"]["requestBody"]
    assert body["content"].keys() == {"text/csv"}


def test_the_examples_fit_their_schemas(document: Document) -> None:
    checked = 0
    for _, _, described in operations(document):
        succeeded = next(answer for status, answer in described["responses"].items() if status < "300")
        for body in (described.get("requestBody", {}), succeeded):
            for content in body.get("content", {}).values():
                if "example" in content:
                    schema = {**content["schema"], "components": document["components"]}
                    OAS31Validator(schema).validate(content["example"])
                    checked += 1
    assert checked == 4


async def test_the_document_and_its_page_are_served_without_a_key(stranger: httpx.AsyncClient) -> None:
    served = await stranger.get("/openapi.json")
    assert served.status_code == 200
    assert served.headers["Content-Type"].startswith("application/json")
    page = await stranger.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    for _, _, described in operations(served.json()):
        assert f'id="{described["operationId"]}"' in page.text
    for anchor in set(re.findall(r'href="#([^"]+)"', page.text)):
        assert f'id="{anchor}"' in page.text


class Pattern(Struct):
    """Text with <angle brackets> & ampersands."""

    field: Annotated[str, Meta(description="<b>bold</b>")]


def test_the_page_escapes_what_it_shows() -> None:
    @get("/pattern", **operation("pattern.get", Scope.AUDIT_READ))
    async def show() -> Pattern:
        """Shows <script>."""
        return Pattern("")

    page = render(build_document([show], [], "1.0")).decode()
    assert "<script" not in page
    assert "<b>bold" not in page
    assert "&lt;angle brackets&gt; &amp;" in page
