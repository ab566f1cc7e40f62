"""A small IMAP server on loopback: as much of RFC 3501, 2177 and 6154 as reading a mailbox takes, spoken properly.

``python -m tests.mail_trial`` tries the same against Dovecot. This one can also be told to misbehave.
"""

from __future__ import annotations

import asyncio
import base64
import shlex
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Final

from tests.channels.servers import LOOPBACK

USER: Final = "robin"
PASSWORD: Final = "correct horse"
_DAY: Final = "%d-%b-%Y"


@dataclass
class Stored:
    """A message in a folder."""

    uid: int
    raw: bytes
    at: datetime


@dataclass
class Folder:
    """A folder; ``marks`` is what LIST says of it."""

    uid_validity: int = 1
    next_uid: int = 1
    messages: list[Stored] = field(default_factory=list)
    marks: str = "\\HasNoChildren"


class ImapServer:
    """One mailbox. It remembers the commands it was given."""

    def __init__(self, tls: ssl.SSLContext, *, idles: bool = True) -> None:
        self._tls = tls
        self.idles = idles
        self.folders: dict[str, Folder] = {"INBOX": Folder()}
        self.commands: list[str] = []
        self.idlers: set[asyncio.StreamWriter] = set()
        self.connections: set[asyncio.StreamWriter] = set()
        self.lets_in = True

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._converse, LOOPBACK, 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and cut every connection."""
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """What a sender's inbox is configured with."""
        return f"imaps://{USER}:{PASSWORD.replace(' ', '%20')}@{LOOPBACK}:{self.port}"

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        """A message arrives; who idles is told."""
        into = self.folders[folder]
        into.messages.append(Stored(into.next_uid, raw, at))
        into.next_uid += 1
        for writer in self.idlers:
            writer.write(f"* {len(into.messages)} EXISTS\r\n".encode())

    def renumber(self) -> None:
        """The inbox was restored from somewhere: its messages have other numbers."""
        inbox = self.folders["INBOX"]
        inbox.uid_validity += 1
        for number, message in enumerate(inbox.messages, 100):
            message.uid = number
        inbox.next_uid = 100 + len(inbox.messages)

    def cut(self) -> None:
        """Cut every connection."""
        for writer in tuple(self.connections):
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            await _Conversation(self, reader, writer).hold()
        except ConnectionError:
            pass
        finally:
            self.connections.discard(writer)
            self.idlers.discard(writer)
            writer.close()


class _Conversation:
    def __init__(
        self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._selected = Folder()

    async def hold(self) -> None:
        self._say("* OK ready")
        while line := (await self._reader.readline()).decode():
            tag, name, *rest = line.rstrip("\r\n").split(" ", 2)
            arguments = rest[0] if rest else ""
            if name == "UID":
                name, _, arguments = arguments.partition(" ")
            self._server.commands.append(name)
            self._say(f"{tag} {await self._obey(name, arguments)}")
            if name == "LOGOUT":
                return

    async def _obey(self, name: str, arguments: str) -> str:
        match name:
            case "CAPABILITY":
                idle = " IDLE" if self._server.idles else ""
                self._say(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN SPECIAL-USE{idle}")
            case "AUTHENTICATE":
                return await self._authenticate()
            case "SELECT" | "EXAMINE":
                return self._select(shlex.split(arguments)[0])
            case "LIST":
                for folder, content in self._server.folders.items():
                    if shlex.split(arguments)[1] in ("*", folder):
                        self._say(f'* LIST ({content.marks}) "/" "{folder}"')
            case "SEARCH":
                found = " ".join(str(message.uid) for message in self._found(arguments))
                self._say(f"* SEARCH {found}".rstrip())
            case "FETCH":
                self._fetch(int(arguments.split(maxsplit=1)[0]))
            case "IDLE":
                await self._idle()
            case "LOGOUT":
                self._say("* BYE see you")
            case _:
                return "BAD unknown"
        return "OK done"

    async def _authenticate(self) -> str:
        self._say("+ ")
        given = base64.b64decode(await self._reader.readline()).decode().split("\0")[1:]
        return "OK welcome" if self._server.lets_in and given == [USER, PASSWORD] else "NO not you"

    def _select(self, name: str) -> str:
        if name not in self._server.folders:
            return "NO no such folder"
        self._selected = self._server.folders[name]
        self._say(f"* {len(self._selected.messages)} EXISTS")
        self._say("* 0 RECENT")
        self._say("* FLAGS (\\Seen)")
        self._say(f"* OK [UIDVALIDITY {self._selected.uid_validity}] valid")
        self._say(f"* OK [UIDNEXT {self._selected.next_uid}] next")
        return "OK [READ-ONLY] done"

    def _found(self, arguments: str) -> list[Stored]:
        words = shlex.split(arguments)
        messages = self._selected.messages
        match words:
            case ["UID", numbers]:
                first = int(numbers.partition(":")[0])
                # The last message is in the range first:*, whatever its number (RFC 3501, 6.4.8).
                return [each for each in messages if each.uid >= first or each is messages[-1]]
            case ["SINCE", day]:
                since = datetime.strptime(day, _DAY).replace(tzinfo=UTC)
                return [each for each in messages if each.at >= since]
            case ["HEADER", name, value]:
                return [each for each in messages if value in message_from_bytes(each.raw).get(name, "")]
            case _:
                raise ValueError(f"this server can't search for {words}")

    def _fetch(self, uid: int) -> None:
        for number, message in enumerate(self._selected.messages, 1):
            if message.uid == uid:
                at = message.at.strftime("%d-%b-%Y %H:%M:%S %z")
                self._say(f'* {number} FETCH (UID {uid} INTERNALDATE "{at}" BODY[]<0> {{{len(message.raw)}}}')
                self._writer.write(message.raw + b")\r\n")

    async def _idle(self) -> None:
        self._say("+ idling")
        self._server.idlers.add(self._writer)
        await self._reader.readline()
        self._server.idlers.discard(self._writer)

    def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())


@asynccontextmanager
async def imap_server(tls: ssl.SSLContext, *, idles: bool = True) -> AsyncIterator[ImapServer]:
    """A server, until the end of the block."""
    server = ImapServer(tls, idles=idles)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
