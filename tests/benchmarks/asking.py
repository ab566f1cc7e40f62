"""Requests over kept connections, by a client that costs little: it shares two cores with whom it asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from msgspec import Struct


class Asked(Struct, frozen=True):
    """How many requests were answered in a second, and how long each took, in seconds."""

    rate: float
    times: list[float]


async def ask(url: str, method: str, paths: Sequence[str], connections: int, secret: str = "none") -> Asked:
    """Send all requests, without a body, over so many connections, one after the other on each.

    Raises ``RuntimeError`` for an answer that is not 200.
    """
    address = urlsplit(url)
    head = f"Host: {address.netloc}\r\nAuthorization: Bearer {secret}\r\nContent-Length: 0\r\n\r\n"
    requests = iter([f"{method} {path} HTTP/1.1\r\n{head}".encode() for path in paths])
    times: list[float] = []
    begun = time.perf_counter()
    await asyncio.gather(
        *(_ask_some(address.hostname or "", address.port or 80, requests, times) for _ in range(connections))
    )
    return Asked(len(times) / (time.perf_counter() - begun), times)


async def _ask_some(host: str, port: int, requests: Iterator[bytes], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for request in requests:
            begun = time.perf_counter()
            writer.write(request)
            await _answer(reader)
            times.append(time.perf_counter() - begun)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    body = await reader.readexactly(length)
    if b" 200 " not in head[:16]:
        raise RuntimeError(
            f"a request of the benchmark was answered {head[:16].decode()}: {body[:200].decode()}"
        )
