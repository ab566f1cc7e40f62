"""The line between a worker and its database, which a test can cut: before a commit arrives, or after it is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle, repeat
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

from tests.channels.servers import LOOPBACK

_CHUNK: Final = 1 << 16
_COMMIT: Final = b"COMMIT"

Cutting: TypeAlias = Literal["before it arrives", "after it is done"]


class Wire:
    """Relays connections to a server; once it is told to, it cuts some of them."""

    def __init__(self, dsn: str) -> None:
        self._dsn = urlsplit(dsn)
        self._cuttings: Iterator[Cutting | None] = repeat(None)

    def cut_every(self, many: int, cutting: Cutting) -> None:
        """From now on cut the connection at every so many commits."""
        self._cuttings = cycle([*repeat(None, many - 1), cutting])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either end is gone, or it is cut."""
        address = parse_qs(self._dsn.query)
        path = f"{address['host'][0]}/.s.PGSQL.{address['port'][0]}"
        to_client = writer
        from_server, to_server = await asyncio.open_unix_connection(path)
        answering = asyncio.create_task(_relay(from_server, to_client))
        with suppress(OSError):
            while asked := await reader.read(_CHUNK):
                cutting = next(self._cuttings) if _COMMIT in asked else None
                if cutting == "after it is done":
                    answering.cancel()
                    await asyncio.gather(answering, return_exceptions=True)
                    to_server.write(asked)
                    await from_server.read(1)
                if cutting is not None:
                    break
                to_server.write(asked)
        answering.cancel()
        for end in (to_client, to_server):
            end.transport.abort()

    def dsn_at(self, port: int) -> str:
        """The DSN of the same database by way of the wire, which listens on ``port``."""
        user = self._dsn.netloc.partition("@")[0]
        return f"postgresql://{user}@{LOOPBACK}:{port}{self._dsn.path}?sslmode=disable"


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the database, and the DSN by way of it."""
    wire = Wire(dsn)
    server = await asyncio.start_server(wire.serve, LOOPBACK, 0)
    try:
        yield wire, wire.dsn_at(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while answer := await reader.read(_CHUNK):
            writer.write(answer)
    writer.transport.abort()
