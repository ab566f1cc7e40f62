"""Verifying a sender's inbox against SMTP and IMAP servers that let in, refuse, hang and vanish."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest

from service.channels.inbox import Failed, Inbox, Verified, verify
from service.channels.inbox_url import ImapUrl, Login, SmtpUrl
from tests.channels.certificates import TlsEnds
from tests.channels.conftest import IMPATIENT
from tests.channels.servers import LOOPBACK, PASSWORD, Cut, ScriptedServer

Conversation: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ADA = Login("ada", PASSWORD)


@asynccontextmanager
async def imap_server(tls: ssl.SSLContext, converse: Conversation) -> AsyncIterator[int]:
    """A server on loopback; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await converse(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


def imap(*capabilities: str, log_in: str = "OK welcome") -> Conversation:
    """A server that speaks as much of RFC 3501 as a log-in takes, and knows Ada's password."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode():
            tag, command, *words = line.rstrip().split(" ", 2)
            if command == "CAPABILITY":
                writer.write(
                    f"* CAPABILITY {' '.join(['IMAP4rev1', *capabilities])}\r\n{tag} OK done\r\n".encode()
                )
                continue
            if command == "AUTHENTICATE":
                writer.write(b"+ \r\n")
                given = base64.b64decode(await reader.readline()).decode().split("\0")[1:]
            else:
                given = [word.strip('"') for word in words[0].split(" ", 1)]
            known = given == [ADA.username, ADA.password]
            writer.write(f"{tag} {log_in if known else f'NO {given[1]} is wrong'}\r\n".encode())

    return converse


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def vanish_at_log_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"* OK ready\r\n")
    tag = (await reader.readline()).split()[0]
    writer.write(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
    await reader.readline()


async def test_an_inbox_that_lets_in_is_verified_and_left_politely(
    server: ScriptedServer, inbox: SmtpUrl
) -> None:
    assert await verify(Inbox(inbox)) == Verified()
    await server.all_gone.wait()

    assert server.commands == ["QUIT"]


async def test_a_refused_log_in_is_told_without_the_password(server: ScriptedServer) -> None:
    verification = await verify(Inbox(SmtpUrl("plain", LOOPBACK, server.port, Login("ada", "battery"))))

    assert isinstance(verification, Failed)
    assert verification.detail.startswith("The SMTP server answered 535")
    assert "battery" not in repr(verification)


async def test_a_server_that_drops_the_connection_is_told(server: ScriptedServer, inbox: SmtpUrl) -> None:
    server.on("greeting", Cut())

    verification = await verify(Inbox(inbox))

    assert isinstance(verification, Failed)
    assert f"Can't reach 127.0.0.1:{server.port}" in verification.detail


@pytest.mark.parametrize("capability", ["AUTH=PLAIN", "IDLE"])
async def test_the_imap_server_is_asked_too(inbox: SmtpUrl, tls_ends: TlsEnds, capability: str) -> None:
    async with imap_server(tls_ends.server, imap(capability)) as port:
        verification = await verify(Inbox(inbox, ImapUrl(LOOPBACK, port, ADA)), tls=tls_ends.client)

    assert verification == Verified()


@pytest.mark.parametrize("capability", ["AUTH=PLAIN", "IDLE"])
async def test_a_log_in_refused_by_imap_is_told_without_the_password(
    inbox: SmtpUrl, tls_ends: TlsEnds, capability: str
) -> None:
    async with imap_server(tls_ends.server, imap(capability)) as port:
        verification = await verify(
            Inbox(inbox, ImapUrl(LOOPBACK, port, Login("ada", "battery"))), tls=tls_ends.client
        )

    assert verification == Failed(f"Can't log in to the IMAP server 127.0.0.1:{port}: *** is wrong")


async def test_a_password_an_old_imap_server_can_not_take_is_told_without_it(
    inbox: SmtpUrl, tls_ends: TlsEnds
) -> None:
    async with imap_server(tls_ends.server, imap("IDLE")) as port:
        verification = await verify(
            Inbox(inbox, ImapUrl(LOOPBACK, port, Login("ada", "bättery"))), tls=tls_ends.client
        )

    assert isinstance(verification, Failed)
    assert "ASCII" in verification.detail
    assert "ttery" not in verification.detail


@pytest.mark.parametrize(
    ("conversation", "says"), [(hang, "Can't reach"), (vanish_at_log_in, "Lost the IMAP server")]
)
async def test_an_imap_server_that_hangs_or_vanishes_is_told(
    inbox: SmtpUrl, tls_ends: TlsEnds, conversation: Conversation, says: str
) -> None:
    async with imap_server(tls_ends.server, conversation) as port:
        verification = await verify(
            Inbox(inbox, ImapUrl(LOOPBACK, port, ADA)), tls=tls_ends.client, timeouts=IMPATIENT
        )

    assert isinstance(verification, Failed)
    assert says in verification.detail


async def test_an_imap_certificate_nobody_vouches_for_is_told(inbox: SmtpUrl, tls_ends: TlsEnds) -> None:
    async with imap_server(tls_ends.server, imap()) as port:
        verification = await verify(Inbox(inbox, ImapUrl(LOOPBACK, port, ADA)))

    assert isinstance(verification, Failed)
    assert "certificate is not trusted" in verification.detail
