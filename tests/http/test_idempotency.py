"""A POST sent again is answered as the first time and not done again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from service.access import Scope
from service.http.claims import CLAIMED, KEPT, Claims, RequestName
from service.periodic import fulfilling
from service.vault import Sealer
from tests.http.conftest import MASTER_KEY, MovableClock, World

KEY = {"Idempotency-Key": "order-66"}
BUS = {"name": "bus"}
TOY = "00000000-0000-0000-0000-000000000000"


async def stored(world: World) -> int:
    count: int = await world.pool.fetchval("SELECT count(*) FROM idempotent_requests")
    return count


async def test_the_second_request_gets_the_first_answer_and_does_nothing(
    world: World, client: httpx.AsyncClient
) -> None:
    first = await client.post("/api/toys", json=BUS, headers=KEY)
    second = await client.post("/api/toys", json=BUS, headers=KEY)
    assert (first.status_code, first.content) == (second.status_code, second.content) == (201, first.content)
    assert first.headers["Content-Type"] == second.headers["Content-Type"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert world.toys.made == 1


async def test_without_a_key_each_request_is_done(world: World, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await client.post("/api/toys", json=BUS)
    assert world.toys.made == 2
    assert await stored(world) == 0


async def test_another_body_with_the_same_key_is_refused(world: World, client: httpx.AsyncClient) -> None:
    await client.post("/api/toys", json=BUS, headers=KEY)
    for again in (
        await client.post("/api/toys", json={"name": "car"}, headers=KEY),
        await client.post("/api/toys", headers=KEY),
        await client.post("/api/toys?dry=1", json=BUS, headers=KEY),
    ):
        assert again.status_code == 422
        assert again.json()["code"] == "idempotency-key-reused"
    assert world.toys.made == 1


async def test_while_the_first_is_running_the_second_is_told_to_wait(
    world: World, client: httpx.AsyncClient
) -> None:
    world.toys.may_finish.clear()
    first = asyncio.create_task(client.post("/api/toys", json=BUS, headers=KEY))
    await world.toys.started.wait()
    second = await client.post("/api/toys", json=BUS, headers=KEY)
    assert second.status_code == 409
    assert second.json()["code"] == "idempotency-in-progress"
    assert second.headers["Retry-After"] == "1"
    world.toys.may_finish.set()
    assert (await first).status_code == 201
    assert (await client.post("/api/toys", json=BUS, headers=KEY)).status_code == 201
    assert world.toys.made == 1


async def test_of_many_at_once_one_is_done(world: World, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/api/toys", json=BUS, headers=KEY) for _ in range(20)))
    assert world.toys.made == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1


async def test_a_key_means_one_thing_per_workspace_and_address(
    world: World, client: httpx.AsyncClient
) -> None:
    async with await world.client(workspace="globex") as foreign, await world.client() as colleague:
        await client.post("/api/toys", json=BUS, headers=KEY)
        assert "Idempotency-Replayed" not in (await foreign.post("/api/toys", json=BUS, headers=KEY)).headers
        other = await client.post(f"/api/toys/{TOY}/wind-up", headers=KEY)
        assert "Idempotency-Replayed" not in other.headers
        assert "Idempotency-Replayed" in (await colleague.post("/api/toys", json=BUS, headers=KEY)).headers


async def test_a_refusal_is_an_answer_and_is_replayed(client: httpx.AsyncClient) -> None:
    first = await client.post("/api/toys", json={"name": ""}, headers=KEY)
    second = await client.post("/api/toys", json={"name": ""}, headers=KEY)
    assert first.status_code == second.status_code == 400
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Content-Type"] == "application/problem+json"


async def test_our_own_failure_is_no_answer(world: World, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await client.post("/api/toys/break", headers=KEY)).status_code == 500
    assert world.toys.made == 2
    assert await stored(world) == 0


async def test_an_answer_is_forgotten_after_a_day(
    world: World, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    await client.post("/api/toys", json=BUS, headers=KEY)
    clock.move(KEPT - timedelta(seconds=1))
    assert "Idempotency-Replayed" in (await client.post("/api/toys", json=BUS, headers=KEY)).headers
    clock.move(timedelta(seconds=1))
    assert "Idempotency-Replayed" not in (await client.post("/api/toys", json=BUS, headers=KEY)).headers
    clock.move(KEPT)
    async with fulfilling(world.app.duties):
        assert await stored(world) == 1
    assert await stored(world) == 0


async def test_the_claim_of_a_dead_process_is_taken_over_when_it_lapses(
    world: World, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    made = await client.post("/api/toys", json=BUS, headers=KEY)
    assert made.status_code == 201
    # As a process leaves it that died in the middle: claimed, without an answer.
    await world.pool.execute("UPDATE idempotent_requests SET fingerprint = NULL, answer = NULL")
    clock.move(CLAIMED - timedelta(seconds=1))
    assert (await client.post("/api/toys", json=BUS, headers=KEY)).status_code == 409
    clock.move(timedelta(seconds=1))
    assert (await client.post("/api/toys", json=BUS, headers=KEY)).status_code == 201
    assert world.toys.made == 2


async def test_the_claim_of_a_living_process_is_renewed(world: World, clock: MovableClock) -> None:
    issued = await world.key()
    claims, others = (Claims(world.pool, Sealer(MASTER_KEY), clock) for _ in range(2))
    request = RequestName(issued.key.workspace_id, bytes(32))
    claim = await claims.claim(request)
    assert claim is not None
    async with claims.running(claim):
        for _ in range(5):
            clock.move(CLAIMED - timedelta(seconds=1))
            await claims.renew()
        assert await others.claim(request) is None
    clock.move(CLAIMED)
    await claims.renew()
    assert await others.claim(request) is not None


async def test_a_process_that_was_overtaken_keeps_its_answer_to_itself(
    world: World, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    world.toys.may_finish.clear()
    frozen = asyncio.create_task(client.post("/api/toys", json=BUS, headers=KEY))
    await world.toys.started.wait()
    world.toys.started.clear()
    clock.move(CLAIMED)
    successor = asyncio.create_task(client.post("/api/toys", json=BUS, headers=KEY))
    await world.toys.started.wait()
    frozen.cancel()
    with pytest.raises(asyncio.CancelledError):
        await frozen
    assert await stored(world) == 1, "the claim of the successor is not released by the one it overtook"
    world.toys.may_finish.set()
    answer = await successor
    assert (await client.post("/api/toys", json=BUS, headers=KEY)).content == answer.content


async def test_a_streamed_body_is_compared_without_being_gathered(
    world: World, client: httpx.AsyncClient
) -> None:
    chunk = b"ada@example.com,Ada\n" * 1000

    async def rows(count: int, last: bytes = b"") -> AsyncIterator[bytes]:
        for _ in range(count):
            yield chunk
        yield last

    first = await client.post("/api/toys/import", content=rows(50), headers=KEY)
    assert first.json()["sha256"] == hashlib.sha256(chunk * 50).hexdigest()
    again = await client.post("/api/toys/import", content=rows(50), headers=KEY)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert (await client.post("/api/toys/import", content=rows(50, b"x"), headers=KEY)).status_code == 422
    assert (await client.post("/api/toys/import", content=rows(49), headers=KEY)).status_code == 422
    assert world.toys.made == 1


async def test_a_body_that_is_too_large_or_unread_is_not_kept_as_the_first(world: World) -> None:
    small = World(world.pool, world.clock, body_limit_bytes=1024)

    async def large() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 512

    async with await small.client() as client:
        path = f"/api/toys/{TOY}/wind-up"
        assert (await client.post(path, content=large(), headers=KEY)).status_code == 200
        assert (await client.post("/api/toys", content=large(), headers=KEY)).status_code == 413
        assert await stored(world) == 0
        assert (await client.post(path, content=b"", headers=KEY)).status_code == 200
        assert (await client.post(path, content=large(), headers=KEY)).status_code == 413


async def test_only_a_key_that_could_have_asked_gets_the_answer(world: World) -> None:
    asked = {"scopes": ["keys:write"]}
    async with (
        await world.client(Scope.KEYS_WRITE, Scope.AUDIT_READ) as first,
        await world.client(Scope.KEYS_WRITE) as lesser,
        await world.client(Scope.AUDIT_READ) as unfit,
        await world.client(Scope.AUDIT_READ, Scope.KEYS_WRITE) as equal,
    ):
        made = await first.post("/api/keys", json=asked, headers=KEY)
        assert made.status_code == 201
        assert (await unfit.post("/api/keys", json=asked, headers=KEY)).status_code == 403
        assert (await lesser.post("/api/keys", json=asked, headers=KEY)).status_code == 422
        assert (await equal.post("/api/keys", json=asked, headers=KEY)).content == made.content


async def test_a_stored_answer_is_sealed(world: World, client: httpx.AsyncClient) -> None:
    made = await client.post("/api/keys", json={"scopes": ["audit:read"]}, headers=KEY)
    row = await world.pool.fetchrow("SELECT * FROM idempotent_requests")
    assert row is not None
    assert b"pk_live_" not in row["answer"]
    assert made.json()["secret"].encode() not in row["answer"]
    assert b"order-66" not in row["request"]


async def test_an_unusable_key_is_refused(world: World, client: httpx.AsyncClient) -> None:
    for key in (b"", b"x" * 256, b"caf\xc3\xa9", b"tab\tbed"):
        answer = await client.post("/api/toys", json=BUS, headers={b"Idempotency-Key": key})
        assert answer.status_code == 400, key
        assert answer.json()["code"] == "invalid-idempotency-key"
    for key in (b"x", b"x" * 255, b"with spaces, and: signs!"):
        assert (
            await client.post("/api/toys", json=BUS, headers={b"Idempotency-Key": key})
        ).status_code == 201
    assert world.toys.made == 3
