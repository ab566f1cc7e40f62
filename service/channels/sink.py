"""A mail server for trying things out: on loopback, it accepts every mail for everybody and sends none of them on.

It STORES the mails it is given, readable, in a directory of this machine: each as ``mails/<id>.eml``, with a line in
``index.ndjson``. Both are written (handed to the operating system, not forced to the disk) before the 250.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from msgspec import Struct

from service.clock import Clock, SystemClock
from service.ids import new_id

LOOPBACK = "127.0.0.1"
_INDEX = "index.ndjson"
_MAILS = "mails"
_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(\S+)")
_CHUNK = 1 << 20

# aiosmtpd logs every command at INFO, with the addresses in it.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Received(Struct, frozen=True):
    """One mail the sink has accepted; ``file`` is relative to its directory, ``sha256`` of the bytes as they came."""

    received_at: datetime
    message_id: str | None
    rcpt: Sequence[str]
    sha256: str
    file: str


class MailSink:
    """The server, in the running event loop. Port 0 takes a free one; ``url`` says which."""

    def __init__(self, directory: Path, *, port: int = 0, clock: Clock | None = None) -> None:
        self._directory = directory
        self._port = port
        self._clock = clock or SystemClock()
        self._sessions: set[SinkSession] = set()

    @property
    def url(self) -> str:
        """The URL a sender's inbox is configured with, once the sink is started."""
        return f"smtp://{LOOPBACK}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises ``OSError`` when the port is taken or the directory can't be written."""
        (self._directory / _MAILS).mkdir(parents=True, exist_ok=True)
        self._index = FileIO(self._directory / _INDEX, "ab")
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._new_session, LOOPBACK, self._port
            )
        except OSError:
            self._index.close()
            raise
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut the connections."""
        self._server.close()
        for session in tuple(self._sessions):
            session.cut()
        await self._server.wait_closed()
        self._index.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd with a whole mail; without a pause in it, so that a mail is kept whole or not at all."""
        content = envelope.original_content or b""
        self._keep(content, envelope.rcpt_tos)
        return "250 2.0.0 Kept, and sent to nobody"

    def _new_session(self) -> SinkSession:
        return SinkSession(self, self._sessions)

    def _keep(self, content: bytes, recipients: Sequence[str]) -> None:
        name = f"{new_id()}.eml"
        file, unfinished = self._directory / _MAILS / name, self._directory / _MAILS / f".{name}"
        unfinished.write_bytes(content)
        unfinished.rename(file)
        found = _MESSAGE_ID.search(content.partition(b"\r\n\r\n")[0])
        received = Received(
            received_at=self._clock.now(),
            message_id=found[1].decode(errors="replace") if found else None,
            rcpt=recipients,
            sha256=sha256(content).hexdigest(),
            file=f"{_MAILS}/{name}",
        )
        self._index.write(msgspec.json.encode(received) + b"\n")


class SinkSession(SMTP):
    """One connection to the sink; any name and password log in."""

    def __init__(self, sink: MailSink, sessions: set[SinkSession]) -> None:
        super().__init__(
            sink,
            hostname="localhost",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_welcome,
        )
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection, to cut it when the sink stops."""
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._sessions.discard(self)
        super().connection_lost(error)

    def cut(self) -> None:
        """Close the connection at once."""
        if self.transport is not None:
            self.transport.close()


def count_mails(directory: Path) -> int:
    """How many mails the sink has accepted: the lines of its index, not looked into (100,000 in some 10 ms)."""
    count = 0
    with suppress(FileNotFoundError), (directory / _INDEX).open("rb") as index:
        while chunk := index.read(_CHUNK):
            count += chunk.count(b"\n")
    return count


def read_index(directory: Path) -> Iterator[Received]:
    """What the sink has accepted, oldest first; nothing when it has not run yet. A line being written is left out."""
    with suppress(FileNotFoundError), (directory / _INDEX).open("rb") as index:
        for line in index:
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line, type=Received)


def _welcome(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    return AuthResult(success=True)


async def _serve(directory: Path, port: int) -> None:
    async with MailSink(directory, port=port) as sink:
        sys.stdout.write(f"{sink.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """``python -m service.channels.sink --directory DIR [--port N]``: prints the URL, runs until it is stopped."""
    parser = argparse.ArgumentParser(
        prog="sink", description="Accepts every mail on loopback, keeps it, sends none."
    )
    parser.add_argument("--directory", type=Path, required=True, help="where the mails are kept")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.directory, options.port))


if __name__ == "__main__":
    main()
