"""Who is let in, who is turned away, and with which words."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import httpx

from service.access import ApiKeys, Scope
from service.periodic import fulfilling
from tests.http.conftest import MovableClock, World

TOY = "/api/toys/00000000-0000-0000-0000-000000000000"


def assert_unauthorized(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthorized"


async def test_a_key_of_the_right_scope_is_let_in(world: World) -> None:
    async with await world.client(Scope.CAMPAIGNS_READ) as client:
        assert (await client.get(TOY)).status_code == 200


async def test_a_missing_malformed_or_unknown_key_is_turned_away(stranger: httpx.AsyncClient) -> None:
    assert_unauthorized(await stranger.get(TOY))
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer pk_live_123",
        "Basic dXNlcjpwYXNz",
        "Bearer pk_live_" + "G" * 64,
        "Bearer pk_live_" + "a" * 65,
        "Bearer pk_test_" + "a" * 64,
        "Bearer pk_live_" + "a" * 64,
        "pk_live_" + "a" * 64,
        "Bearer \xff\xfe",
    ):
        assert_unauthorized(await stranger.get(TOY, headers={b"Authorization": header.encode("latin-1")}))


async def test_the_scheme_may_be_written_in_any_case(world: World, stranger: httpx.AsyncClient) -> None:
    issued = await world.key()
    answer = await stranger.get(TOY, headers={"Authorization": f"bearer  {issued.secret}"})
    assert answer.status_code == 200


async def test_a_key_works_until_it_expires(world: World, clock: MovableClock) -> None:
    issued = await world.key(lasts=timedelta(hours=1))
    async with world.client_with(issued.secret) as client:
        clock.move(timedelta(minutes=59, seconds=59))
        assert (await client.get(TOY)).status_code == 200
        clock.move(timedelta(seconds=1))
        assert_unauthorized(await client.get(TOY))


async def test_a_revoked_key_is_refused_with_the_very_next_request(world: World) -> None:
    issued = await world.key()
    async with world.client_with(issued.secret) as client, await world.client() as other:
        assert (await client.get(TOY)).status_code == 200
        assert (await other.delete(f"/api/keys/{issued.key.id}")).status_code == 204
        assert_unauthorized(await client.get(TOY))


async def test_a_missing_scope_is_named(world: World) -> None:
    async with await world.client(Scope.CAMPAIGNS_WRITE, Scope.AUDIT_READ) as client:
        answer = await client.get(TOY)
    assert answer.status_code == 403
    assert answer.json()["code"] == "missing-scope"
    assert answer.json()["scope"] == "campaigns:read"
    assert "campaigns:read" in answer.json()["detail"]


async def test_without_a_key_even_an_unknown_address_answers_401(stranger: httpx.AsyncClient) -> None:
    for path in ("/api", "/api/", "/api/nothing", "/api/toys/not-a-uuid", "//api/toys", "/api//keys"):
        url = httpx.URL("http://test").copy_with(raw_path=path.encode())
        for method in ("GET", "PUT"):
            assert_unauthorized(await stranger.request(method, url))


async def test_the_order_is_401_then_403_then_404(world: World, stranger: httpx.AsyncClient) -> None:
    unknown = f"/api/keys/{uuid4()}"
    assert_unauthorized(await stranger.delete(unknown))
    async with await world.client(Scope.CAMPAIGNS_READ) as client:
        assert (await client.delete(unknown)).status_code == 403
    async with await world.client(Scope.KEYS_WRITE) as client:
        assert (await client.delete(unknown)).status_code == 404


async def test_a_scope_is_checked_before_the_body_is_looked_at(world: World) -> None:
    async with await world.client(Scope.CAMPAIGNS_READ) as client:
        assert (await client.post("/api/toys", content=b"{")).status_code == 403


async def test_the_allowed_methods_need_a_key_but_no_scope(world: World, stranger: httpx.AsyncClient) -> None:
    assert_unauthorized(await stranger.options(TOY))
    async with await world.client(Scope.AUDIT_READ) as client:
        answer = await client.options(TOY)
    assert answer.status_code == 204
    assert "GET" in answer.headers["Allow"]


async def test_only_the_hash_of_a_secret_is_stored(world: World) -> None:
    issued = await world.key()
    row = await world.pool.fetchrow("SELECT * FROM api_keys WHERE key_id = $1", issued.key.id)
    assert row is not None
    assert issued.secret[8:] not in str(dict(row))
    assert bytes.fromhex(issued.secret[8:]) not in row.values()


async def test_the_use_of_a_key_is_noted_at_most_once_a_minute_and_not_by_the_request(
    world: World, clock: MovableClock
) -> None:
    issued = await world.key()
    keys = ApiKeys(world.pool, clock)

    async def last_used() -> object:
        found = await keys.find(issued.secret)
        assert found is not None
        return found.last_used_at

    async with world.client_with(issued.secret) as client:
        async with fulfilling(world.app.duties):
            first = clock.now()
            await client.get(TOY)
            assert await last_used() is None
        assert await last_used() == first
        async with fulfilling(world.app.duties):
            clock.move(timedelta(seconds=59))
            await client.get(TOY)
        assert await last_used() == first
        async with fulfilling(world.app.duties):
            clock.move(timedelta(seconds=1))
            await client.get(TOY)
        assert await last_used() == clock.now()
