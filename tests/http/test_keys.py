"""The keys of a workspace over HTTP."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx

from service.access import Scope
from tests.http.conftest import World


async def test_a_made_key_shows_its_secret_once_and_works(world: World, client: httpx.AsyncClient) -> None:
    asked = {"name": "import", "scopes": ["campaigns:read"], "expires_at": "2030-03-01T00:00:00+01:00"}
    answer = await client.post("/api/keys", json=asked)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    assert re.fullmatch("pk_live_[0-9a-f]{64}", made["secret"])
    assert made["key"]["scopes"] == ["campaigns:read"]
    assert made["key"]["expires_at"] == "2030-02-28T23:00:00Z"
    assert made["key"]["created_at"] == "2030-01-31T09:00:00Z"
    async with world.client_with(made["secret"]) as holder:
        assert (await holder.get("/api/toys?size=1")).status_code == 200
        assert (await holder.get("/api/keys")).status_code == 403
    listed = await client.get("/api/keys")
    assert made["secret"] not in listed.text
    assert made["key"]["id"] in {key["id"] for key in listed.json()["keys"]}


async def test_a_key_can_not_grant_a_scope_it_lacks(world: World) -> None:
    async with await world.client(Scope.KEYS_WRITE, Scope.CAMPAIGNS_READ) as client:
        allowed = await client.post("/api/keys", json={"scopes": ["campaigns:read", "keys:write"]})
        refused = await client.post("/api/keys", json={"scopes": ["campaigns:read", "audit:read"]})
    assert allowed.status_code == 201
    assert refused.status_code == 403
    assert refused.json()["scope"] == "audit:read"


async def test_a_key_that_makes_no_sense_is_refused(client: httpx.AsyncClient) -> None:
    senseless: list[tuple[str, dict[str, object]]] = [
        ("scopes", {"scopes": []}),
        ("scopes[0]", {"scopes": ["campaigns:fly"]}),
        ("scopes", {}),
        ("secret", {"scopes": ["audit:read"], "secret": "mine"}),
        ("name", {"scopes": ["audit:read"], "name": "x" * 201}),
        ("expires_at", {"scopes": ["audit:read"], "expires_at": "2030-01-31T09:00:00Z"}),
        ("expires_at", {"scopes": ["audit:read"], "expires_at": "2031-01-31T09:00:00"}),
        ("expires_at", {"scopes": ["audit:read"], "expires_at": "9999-12-31T23:59:59-12:00"}),
        ("expires_at", {"scopes": ["audit:read"], "expires_at": "0001-01-01T00:00:00+12:00"}),
    ]
    for path, asked in senseless:
        answer = await client.post("/api/keys", json=asked)
        assert answer.status_code == 400, asked
        assert [error["path"] for error in answer.json()["errors"]] == [path]


async def test_revoking_is_idempotent_and_keeps_the_first_time(client: httpx.AsyncClient) -> None:
    made = (await client.post("/api/keys", json={"scopes": ["audit:read"]})).json()["key"]
    for _ in range(2):
        assert (await client.delete(f"/api/keys/{made['id']}")).status_code == 204
    listed = {key["id"]: key for key in (await client.get("/api/keys")).json()["keys"]}
    assert listed[made["id"]]["revoked_at"] == "2030-01-31T09:00:00Z"


async def test_the_keys_of_another_workspace_do_not_exist(world: World, client: httpx.AsyncClient) -> None:
    foreign = await world.key(workspace="globex")
    refused = await client.delete(f"/api/keys/{foreign.key.id}")
    unknown = await client.delete(f"/api/keys/{uuid4()}")
    assert refused.status_code == unknown.status_code == 404
    differing = {"instance", "request_id"}
    assert {k: v for k, v in refused.json().items() if k not in differing} == {
        k: v for k, v in unknown.json().items() if k not in differing
    }
    listed = (await client.get("/api/keys")).json()["keys"]
    assert str(foreign.key.id) not in {key["id"] for key in listed}


async def test_the_list_of_keys_is_paged_newest_first(world: World) -> None:
    issued = [await world.key() for _ in range(5)]
    newest_first = [str(each.key.id) for each in reversed(issued)]
    async with world.client_with(issued[0].secret) as client:
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await client.get(f"/api/keys?limit=2{cursor}")).json()
            seen += [key["id"] for key in page["keys"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
    assert seen == newest_first
