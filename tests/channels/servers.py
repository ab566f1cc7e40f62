"""Real mail servers on loopback that misbehave exactly where they are told to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict, deque
from typing import Literal, NamedTuple, TypeAlias

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOOPBACK = "127.0.0.1"
PASSWORD = "correct horse"

Stage: TypeAlias = Literal["greeting", "mail", "rcpt", "data", "body", "dot", "rset", "login"]


class Say(NamedTuple):
    """Answer with these words instead of doing what was asked; 421 also closes the connection."""

    words: str


class Cut(NamedTuple):
    """Cut the connection without a word."""


class Hang(NamedTuple):
    """Do nothing until ``released``."""

    released: asyncio.Event


Reaction: TypeAlias = Say | Cut | Hang


class Delivered(NamedTuple):
    """A mail the server took: at the dot, whatever it answered then."""

    sender: str
    recipients: list[str]
    content: bytes


class ScriptedServer:
    """An SMTP server that behaves, but for the reactions queued per stage; it remembers what it saw.

    ``body`` is after the 354, before the message is read; ``dot`` is after the message was read and kept.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        utf8: bool = True,
        pipelining: bool = False,
        offers_login: bool = True,
        password: str = PASSWORD,
    ) -> None:
        self.delivered: list[Delivered] = []
        self.commands: list[str] = []
        self.connections = 0
        self.open_connections: set[_Session] = set()
        self.all_gone = asyncio.Event()
        self._reactions: dict[Stage, deque[Reaction | None]] = defaultdict(deque)
        self._tls, self.starttls, self.utf8, self.offers_login = tls, starttls, utf8, offers_login
        self.password, self.pipelining = password, pipelining

    def on(self, stage: Stage, *reactions: Reaction | None) -> None:
        """React so the next times this stage is reached; None is good behaviour."""
        self._reactions[stage].extend(reactions)

    def next_reaction(self, stage: Stage) -> Reaction | None:
        """What to do at this stage now."""
        return self._reactions[stage].popleft() if self._reactions[stage] else None

    async def start(self, listener: socket.socket | None = None) -> None:
        """Listen: on a free port, unless there is a socket for it."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Session(self), sock=listener or socket.create_server((LOOPBACK, 0)), ssl=self._tls
        )
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        self._server.close()
        self.cut_all()
        await self._server.wait_closed()

    async def has_unread_message(self) -> None:
        """Wait until a client has sent some of a message that is not being read."""
        while "DATA" not in self.commands or not any(session.unread for session in self.open_connections):
            await asyncio.sleep(0.001)

    def cut_all(self) -> None:
        """Cut every connection, as a restart does."""
        for session in tuple(self.open_connections):
            session.cut()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offer = ["250-PIPELINING"] if self.pipelining else []
        return responses[:-1] + offer + responses[-1:]

    async def handle_DATA(self, server: _Session, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        self.delivered.append(Delivered(envelope.mail_from or "", list(envelope.rcpt_tos), content))
        reaction = self.next_reaction("dot")
        if isinstance(reaction, Say):
            return reaction.words
        await server.obey(reaction)
        return "250 2.0.0 OK"


class _Session(SMTP):
    def __init__(self, server: ScriptedServer) -> None:
        self._script = server
        super().__init__(
            server,
            hostname="localhost",
            enable_SMTPUTF8=server.utf8,
            tls_context=server.starttls,
            auth_require_tls=False,
            authenticator=self._check_login,
            auth_exclude_mechanism=() if server.offers_login else ("LOGIN", "PLAIN"),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._script.connections += self not in self._script.open_connections  # once, STARTTLS makes a second
        self._script.open_connections.add(self)
        self._script.all_gone.clear()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._script.open_connections.discard(self)
        if not self._script.open_connections:
            self._script.all_gone.set()
        super().connection_lost(error)

    @property
    def unread(self) -> int:
        return len(self._reader._buffer)  # type: ignore[attr-defined]  # there is no public way to look

    def cut(self) -> None:
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.abort()

    async def obey(self, reaction: Cut | Hang | None) -> None:
        """Cut the connection and stay with it till its end, or hang and come back."""
        if isinstance(reaction, Cut):
            self.cut()
            await asyncio.Event().wait()
        elif isinstance(reaction, Hang):
            await reaction.released.wait()

    async def reacts(self, stage: Stage) -> bool:
        """Whether words other than the usual ones were said."""
        reaction = self._script.next_reaction(stage)
        if not isinstance(reaction, Say):
            await self.obey(reaction)
            return False
        await super().push(reaction.words)
        if reaction.words.startswith("421") and self.transport is not None:
            self.transport.close()
        return True

    async def push(self, status: str | bytes) -> None:
        words = status if isinstance(status, str) else status.decode()
        if words.startswith("220 localhost") and await self.reacts("greeting"):
            return
        await super().push(words)
        if words.startswith("354"):
            await self.reacts("body")

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        self._script.commands.append("MAIL")
        if not await self.reacts("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        self._script.commands.append("RCPT")
        if not await self.reacts("rcpt"):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        self._script.commands.append("RSET")
        if not await self.reacts("rset"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802
        self._script.commands.append("QUIT")
        await super().smtp_QUIT(arg)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        self._script.commands.append("DATA")
        if not await self.reacts("data"):
            await super().smtp_DATA(arg)

    def _check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
    ) -> AuthResult:
        reaction = self._script.next_reaction("login")
        if isinstance(reaction, Say):
            return AuthResult(success=False, handled=False, message=reaction.words)
        return AuthResult(success=login.password == self._script.password.encode(), handled=False)
