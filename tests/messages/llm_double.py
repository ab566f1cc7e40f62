"""A language model on loopback: speaks the chat completions of OpenAI's API, and errs where it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import msgspec

LOOPBACK = "127.0.0.1"


class Say(NamedTuple):
    """Answer with this text."""

    text: str


class Fail(NamedTuple):
    """Answer with this status instead of a text."""

    status: int


class Garbage(NamedTuple):
    """Answer 200 with this body."""

    body: bytes


class Hang(NamedTuple):
    """Do not answer until ``released``, then say the text."""

    released: asyncio.Event
    text: str = "Too late."


class Cut(NamedTuple):
    """Cut the connection without a word."""


Reaction: TypeAlias = Say | Fail | Garbage | Hang | Cut


class Asked(NamedTuple):
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def user(self) -> str:
        """What the model was told to do."""
        text: str = self.body["messages"][-1]["content"]
        return text


class LlmDouble:
    """The endpoint. ``react`` decides what becomes of a request; until it is set, a text is said."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.arrived = asyncio.Event()
        self.react: Callable[[Asked], Reaction] = lambda _: Say("Subject: Hello\n\nWritten for you.")

    async def __aenter__(self) -> LlmDouble:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.url = f"http://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            asked = await _read(reader)
            self.asked.append(asked)
            self.arrived.set()
            await _answer(self.react(asked), writer)
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    request, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Asked(request.split()[1], headers, msgspec.json.decode(body))


async def _answer(reaction: Reaction, writer: asyncio.StreamWriter) -> None:
    match reaction:
        case Say(text=text):
            _write(writer, 200, _completion(text))
        case Fail(status=status):
            _write(writer, status, b'{"error": {"message": "no"}}')
        case Garbage(body=body):
            _write(writer, 200, body)
        case Hang(released=released, text=text):
            await released.wait()
            _write(writer, 200, _completion(text))
        case Cut():
            return
    await writer.drain()


def _write(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)


def _completion(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return msgspec.json.encode({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
