"""Whatever comes in, each endpoint answers with the problem it promises, and the log stays as it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from msgspec import Struct

from service.access import ApiKeys, NewKey, Scope
from service.cli.document import api_document
from service.composition import Liftoff
from service.http.app import Application
from tests.api.making import add_leads, make_sender
from tests.http.conftest import transport_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41"


class Endpoint(Struct, frozen=True):
    """One operation of the document: how to call it, and what it reads."""

    name: str
    method: str
    path: str
    media_type: str | None
    scope: str

    @property
    def has_id(self) -> bool:
        return "{" in self.path

    def url(self, **ids: str) -> str:
        """The address with ids put in; those that are not given are of nothing."""
        path = self.path
        while "{" in path:
            before, _, rest = path.partition("{")
            parameter, _, after = rest.partition("}")
            path = f"{before}{ids.get(parameter.partition(':')[0], NOBODY)}{after}"
        return path


def endpoints() -> list[Endpoint]:
    """All operations there are."""
    document = json.loads(api_document())
    return [
        Endpoint(
            operation["operationId"],
            method.upper(),
            path,
            next(iter(operation.get("requestBody", {}).get("content", {})), None),
            operation["security"][0]["apiKey"][0],
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]


ALL = endpoints()
WITH_JSON = [endpoint for endpoint in ALL if endpoint.media_type == "application/json"]
JSON_TYPE = {"Content-Type": "application/json"}
WITH_ID = [endpoint for endpoint in ALL if endpoint.has_id]


@pytest_asyncio.fixture(loop_scope="module")
async def ids(liftoff: Liftoff, workspace_id: UUID, client: httpx.AsyncClient) -> dict[str, str]:
    """The ids of things that exist, by the name of their parameter."""
    sender_id = await make_sender(liftoff, workspace_id)
    body = {"type": "email", "name": "Spring", "sender_account_ids": [str(sender_id)]}
    campaign = (await client.post("/api/campaigns", json=body)).json()["campaign"]
    lead_id, *_ = await add_leads(liftoff, workspace_id, UUID(campaign["id"]), 1)
    return {
        "campaign_id": campaign["id"],
        "sender_id": str(sender_id),
        "node_id": campaign["sequence_nodes"][0]["id"],
        "lead_id": str(lead_id),
    }


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def untouched_log(liftoff: Liftoff, ids: dict[str, str]) -> AsyncIterator[None]:
    """Nothing that a test of this module sends may reach the log."""
    before = await liftoff.pool.fetchval("SELECT count(*) FROM events")
    yield
    assert await liftoff.pool.fetchval("SELECT count(*) FROM events") == before


def expect_problem(response: httpx.Response, status: int, *codes: str) -> dict[str, Any]:
    """The problem is one of those promised, and whole."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["code"] in codes or not codes) == (status, True), problem
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["detail"]
    return problem


async def call(
    client: httpx.AsyncClient, endpoint: Endpoint, ids: dict[str, str], **request: Any
) -> httpx.Response:
    return await client.request(endpoint.method, endpoint.url(**ids), **request)


class TestBodies:
    async def test_malformed_json(
        self, client: httpx.AsyncClient, ids: dict[str, str], subtests: pytest.Subtests
    ) -> None:
        for endpoint in WITH_JSON:
            with subtests.test(endpoint.name):
                for broken in (b"{", b"\xff\xfe", b'{"a":}', b"[" * 100_000, b"nul"):
                    response = await call(client, endpoint, ids, content=broken, headers=JSON_TYPE)
                    expect_problem(response, 400, "malformed-json", "invalid-value")

    async def test_wrong_types(
        self, client: httpx.AsyncClient, ids: dict[str, str], subtests: pytest.Subtests
    ) -> None:
        for endpoint in WITH_JSON:
            with subtests.test(endpoint.name):
                for wrong in (b"[]", b'"text"', b"7", b"null", b"true"):
                    response = await call(client, endpoint, ids, content=wrong, headers=JSON_TYPE)
                    expect_problem(response, 400, "invalid-value")

    async def test_unknown_fields(
        self, client: httpx.AsyncClient, ids: dict[str, str], subtests: pytest.Subtests
    ) -> None:
        for endpoint in WITH_JSON:
            with subtests.test(endpoint.name):
                response = await call(client, endpoint, ids, json={"no_such_field": 1})
                problem = expect_problem(response, 400, "invalid-value")
                assert "no_such_field" in json.dumps(problem["errors"])

    async def test_a_huge_body(
        self,
        client: httpx.AsyncClient,
        ids: dict[str, str],
        liftoff: Liftoff,
        subtests: pytest.Subtests,
    ) -> None:
        huge = b'{"name": "' + b"x" * liftoff.settings.body_limit_bytes + b'"}'
        for endpoint in WITH_JSON:
            with subtests.test(endpoint.name):
                response = await call(client, endpoint, ids, content=huge, headers=JSON_TYPE)
                expect_problem(response, 413, "body-too-large")

    async def test_another_media_type(
        self, client: httpx.AsyncClient, ids: dict[str, str], subtests: pytest.Subtests
    ) -> None:
        xml = {"Content-Type": "application/xml"}
        for endpoint in ALL:
            if endpoint.media_type is not None:
                with subtests.test(endpoint.name):
                    response = await call(client, endpoint, ids, content=b"<a/>", headers=xml)
                    expect_problem(response, 415, "unsupported-media-type")


class TestMethods:
    async def test_every_address_names_its_methods(
        self, client: httpx.AsyncClient, ids: dict[str, str], subtests: pytest.Subtests
    ) -> None:
        for endpoint in ALL:
            with subtests.test(endpoint.name):
                possible = {each.method for each in ALL if each.path == endpoint.path} | {"OPTIONS"}
                told = await client.options(endpoint.url(**ids))
                assert (told.status_code, told.headers["Allow"]) == (204, ", ".join(sorted(possible)))
                refused = await client.request("TRACE", endpoint.url(**ids))
                expect_problem(refused, 405, "method-not-allowed")
                assert set(refused.headers["Allow"].split(", ")) == possible


class TestIds:
    async def test_an_id_that_is_none(self, client: httpx.AsyncClient, subtests: pytest.Subtests) -> None:
        for endpoint in WITH_ID:
            with subtests.test(endpoint.name):
                for bad in ("not-an-id", "123", "01939d3c-1b7e-7c0e-9d3a", "%00", "\N{ROCKET}"):
                    wrong = dict.fromkeys(_parameters(endpoint), bad)
                    response = await call(client, endpoint, wrong, **_least_body(endpoint))
                    expect_problem(response, 404, "not-found")

    async def test_an_id_of_nothing(self, client: httpx.AsyncClient, subtests: pytest.Subtests) -> None:
        for endpoint in WITH_ID:
            with subtests.test(endpoint.name):
                response = await call(client, endpoint, {}, **_least_body(endpoint))
                if response.status_code != 400:  # a body is looked at first, and an empty one may be wrong
                    expect_problem(response, 404, "not-found")

    async def test_a_thing_of_another_workspace_is_a_thing_that_does_not_exist(
        self, foreigner: httpx.AsyncClient, ids: dict[str, str], subtests: pytest.Subtests
    ) -> None:
        for endpoint in WITH_ID:
            with subtests.test(endpoint.name):
                theirs = await call(foreigner, endpoint, ids, **_least_body(endpoint))
                nothing = await call(foreigner, endpoint, {}, **_least_body(endpoint))
                assert _told(theirs) == _told(nothing)


class TestKeys:
    async def test_no_key(self, app: Application, ids: dict[str, str], subtests: pytest.Subtests) -> None:
        async with httpx.AsyncClient(transport=transport_to(app), base_url="http://test") as stranger:
            for endpoint in ALL:
                with subtests.test(endpoint.name):
                    for header in ({}, _bearer("nonsense"), {"Authorization": "Basic YTpi"}):
                        response = await call(stranger, endpoint, ids, headers=header)
                        expect_problem(response, 401, "unauthorized")
                        assert response.headers["www-authenticate"].startswith("Bearer")

    async def test_a_revoked_key(
        self,
        client: httpx.AsyncClient,
        ids: dict[str, str],
        liftoff: Liftoff,
        workspace_id: UUID,
        subtests: pytest.Subtests,
    ) -> None:
        keys = ApiKeys(liftoff.pool, liftoff.clock)
        issued = await keys.issue(workspace_id, NewKey(scopes=frozenset(Scope)))
        await keys.revoke(workspace_id, issued.key.id)
        for endpoint in ALL:
            with subtests.test(endpoint.name):
                response = await call(client, endpoint, ids, headers=_bearer(issued.secret))
                expect_problem(response, 401, "unauthorized")

    async def test_a_key_without_the_scope(
        self,
        client: httpx.AsyncClient,
        ids: dict[str, str],
        liftoff: Liftoff,
        workspace_id: UUID,
        subtests: pytest.Subtests,
    ) -> None:
        keys = ApiKeys(liftoff.pool, liftoff.clock)
        without: dict[str, str] = {}
        for scope in Scope:
            issued = await keys.issue(workspace_id, NewKey(scopes=frozenset(Scope) - {scope}))
            without[scope.value] = issued.secret
        for endpoint in ALL:
            with subtests.test(endpoint.name):
                response = await call(client, endpoint, ids, headers=_bearer(without[endpoint.scope]))
                problem = expect_problem(response, 403, "missing-scope")
                assert endpoint.scope in problem["detail"]


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _parameters(endpoint: Endpoint) -> Iterator[str]:
    for part in endpoint.path.split("{")[1:]:
        yield part.partition("}")[0].partition(":")[0]


def _least_body(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.media_type is None:
        return {}
    content = b"{}" if endpoint.media_type == "application/json" else b"email\n"
    return {"content": content, "headers": {"Content-Type": endpoint.media_type}}


def _told(response: httpx.Response) -> tuple[int, dict[str, Any]]:
    """What an answer gives away: all but the request's own id and address."""
    problem = response.json()
    return response.status_code, {
        name: value for name, value in problem.items() if name not in {"request_id", "instance"}
    }
