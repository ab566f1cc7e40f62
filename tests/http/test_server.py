"""Over a real socket: bodies that arrive in pieces, too large, broken off, or are never read."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
import uvicorn

from service.access import IssuedKey
from tests.http.conftest import World

CHUNK = b"ada@example.com,Ada\n" * 500
LIMIT = 1024
IMPORT_LIMIT = 10 * len(CHUNK)


class Server:
    """The application behind uvicorn, and a key for it."""

    def __init__(self, world: World, port: int, issued: IssuedKey) -> None:
        self.world = world
        self.port = port
        self.authorization = f"Bearer {issued.secret}"

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Authorization": self.authorization}
        )

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:
    limited = World(world.pool, world.clock, body_limit_bytes=LIMIT, import_limit_bytes=IMPORT_LIMIT)
    serving = uvicorn.Server(
        uvicorn.Config(cast("Any", limited.app), port=0, log_config=None, lifespan="off")
    )
    task = asyncio.create_task(serving.serve())
    while not serving.started:
        await asyncio.sleep(0.01)
    port: int = serving.servers[0].sockets[0].getsockname()[1]
    yield Server(limited, port, await limited.key())
    serving.should_exit = True
    await task


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield CHUNK


async def test_a_chunked_body_is_streamed_to_the_handler(server: Server) -> None:
    async with server.client() as client:
        answer = await client.post("/api/toys/import", content=chunks(10))
    assert answer.json() == {"size": 10 * len(CHUNK), "sha256": hashlib.sha256(CHUNK * 10).hexdigest()}


async def test_a_chunked_body_over_the_limit_is_refused_while_it_arrives(server: Server) -> None:
    async with server.client() as client:
        for path in ("/api/toys/import", "/api/toys"):
            answer = await client.post(path, content=chunks(11))
            assert answer.status_code == 413
            assert answer.json()["code"] == "body-too-large"
        assert (await client.get("/health/live")).status_code == 200


async def test_an_announced_body_over_the_limit_is_refused_without_being_sent(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(
        b"POST /api/toys/import HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999999999999999\r\n"
        b"Authorization: " + server.authorization.encode() + b"\r\n\r\n"
    )
    status = await asyncio.wait_for(reader.readline(), 5)
    assert status.split()[1] in (b"413", b"400")
    writer.close()
    await writer.wait_closed()


async def test_a_refusal_before_the_body_was_read_still_arrives(server: Server) -> None:
    async with server.client() as client:
        client.headers["Authorization"] = "Bearer pk_live_" + "0" * 64
        answer = await client.post("/api/toys/import", content=chunks(10))
        assert answer.status_code == 401


async def test_a_body_that_breaks_off_leaves_no_claim_behind(server: Server) -> None:
    _, writer = await server.connect()
    writer.write(
        b"POST /api/toys/import HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nIdempotency-Key: broken\r\n"
        b"Authorization: " + server.authorization.encode() + b"\r\n\r\n5\r\nhello\r\n"
    )
    await writer.drain()
    while not server.world.toys.made:
        await asyncio.sleep(0.01)
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(5):
        while await server.world.pool.fetchval("SELECT count(*) FROM idempotent_requests"):
            await asyncio.sleep(0.01)
    async with server.client() as client:
        answer = await client.post(
            "/api/toys/import", content=b"hello", headers={"Idempotency-Key": "broken"}
        )
        assert answer.status_code == 200


async def test_a_replay_over_the_socket_is_byte_for_byte_the_first_answer(server: Server) -> None:
    async with server.client() as client:
        headers = {"Idempotency-Key": "k"}
        first = await client.post("/api/toys/import", content=chunks(10), headers=headers)
        again = await client.post("/api/toys/import", content=chunks(10), headers=headers)
        other = await client.post("/api/toys/import", content=chunks(9), headers=headers)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    assert server.world.toys.made == 1


async def test_an_address_in_bytes_that_are_no_text_is_answered(server: Server) -> None:
    for target in (b"/api/toys/%ff%fe", b"/api/toys?size=%ff", b"/api/toys/\xc3\x28", b"/%00"):
        reader, writer = await server.connect()
        writer.write(
            b"GET " + target + b" HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
            b"Authorization: " + server.authorization.encode() + b"\r\n\r\n"
        )
        status = await asyncio.wait_for(reader.readline(), 5)
        assert status.split()[1] in (b"400", b"404"), target
        writer.close()
        await writer.wait_closed()
