"""Commands said together and replies read in order, whatever a server makes of that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.channels.inbox_url import SmtpUrl
from service.channels.outcome import Accepted, Deferred, Refused, SenderRefused, Unknown
from service.channels.smtp import SmtpChannel
from tests.channels.sending import send
from tests.channels.servers import LOOPBACK, Hang, Say, ScriptedServer, Stage


@pytest.fixture
async def patient() -> AsyncIterator[ScriptedServer]:
    """A server that takes commands together."""
    server = ScriptedServer(pipelining=True)
    await server.start()
    yield server
    await server.stop()


async def test_all_is_said_before_the_first_answer_where_the_server_offers_that(
    channel: SmtpChannel, patient: ScriptedServer
) -> None:
    released = asyncio.Event()
    patient.on("mail", Hang(released))
    sending = asyncio.create_task(send(channel, _inbox(patient)))
    async with asyncio.timeout(10):
        while not any(session.unread for session in patient.open_connections):
            await asyncio.sleep(0.001)
    assert patient.commands == ["MAIL"]

    released.set()

    assert isinstance(await sending, Accepted)
    assert patient.commands == ["MAIL", "RCPT", "DATA"]


async def test_the_message_waits_until_its_recipient_was_agreed(
    channel: SmtpChannel, patient: ScriptedServer
) -> None:
    """A server may ask for a message although it takes it for nobody: then the connection is cut."""
    patient.on("rcpt", Say("550 5.1.1 nobody"))
    patient.on("data", Say("354 go on"))

    refused = await send(channel, _inbox(patient))
    accepted = await send(channel, _inbox(patient))

    assert refused == Refused(550, "5.1.1 nobody", "recipient", "5.1.1")
    assert isinstance(accepted, Accepted)
    assert (len(patient.delivered), patient.connections) == (1, 2)
    assert "RSET" not in patient.commands


async def test_the_first_refusal_is_the_one_that_counts(
    channel: SmtpChannel, patient: ScriptedServer
) -> None:
    patient.on("mail", Say("550 5.7.1 not you"))
    patient.on("rcpt", Say("503 5.5.1 MAIL first"))
    patient.on("data", Say("503 5.5.1 RCPT first"))

    assert await send(channel, _inbox(patient)) == SenderRefused(550, "5.7.1 not you", "5.7.1")
    assert isinstance(await send(channel, _inbox(patient)), Accepted)
    assert patient.connections == 1


async def test_an_answer_nobody_asked_for_is_taken_for_no_other_mails(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    server.on("dot", Say("250 2.0.0 OK\r\n550 5.1.1 nobody"))

    first, second = await send(channel, inbox), await send(channel, inbox)

    assert first == Accepted(250, "2.0.0 OK")
    assert second == Accepted(250, "2.0.0 OK")
    assert server.connections == 2


async def test_an_answer_of_several_lines_is_one(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    server.on("rcpt", Say("550-5.1.1 nobody\r\n550 of that name"))

    assert await send(channel, inbox) == Refused(550, "5.1.1 nobody\nof that name", "recipient", "5.1.1")
    assert isinstance(await send(channel, inbox), Accepted)


@pytest.mark.parametrize(
    ("stage", "kind"), [("mail", Deferred), ("rcpt", Deferred), ("data", Deferred), ("dot", Unknown)]
)
@pytest.mark.parametrize("words", ["what?", "250-" + "\r\n250-".join("x" * 200), "250 " + "x" * 10_000])
async def test_what_is_no_reply_ends_the_connection(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, stage: Stage, words: str, kind: type
) -> None:
    server.on(stage, Say(words))

    assert isinstance(await send(channel, inbox), kind)
    await server.all_gone.wait()
    assert isinstance(await send(channel, inbox), Accepted)
    assert server.connections == 2


def _inbox(server: ScriptedServer) -> SmtpUrl:
    return SmtpUrl("plain", LOOPBACK, server.port)
