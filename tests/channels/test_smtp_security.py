"""Logging in and TLS: who is let in, over what, and who is to blame when not."""

from __future__ import annotations

import pytest

from service.channels.inbox_url import Login, Security, SmtpUrl
from service.channels.outcome import Accepted, Deferred, SenderRefused
from service.channels.smtp import SmtpChannel
from tests.channels.certificates import TlsEnds
from tests.channels.sending import send
from tests.channels.servers import LOOPBACK, PASSWORD, Say, ScriptedServer


async def test_the_right_password_logs_in(channel: SmtpChannel, server: ScriptedServer) -> None:
    inbox = SmtpUrl("plain", LOOPBACK, server.port, Login("ada", PASSWORD))

    assert isinstance(await send(channel, inbox), Accepted)


async def test_a_refused_log_in_blames_the_sender_and_never_shows_the_password(
    channel: SmtpChannel, server: ScriptedServer
) -> None:
    server.on("login", *[Say("535 5.7.8 battery staple is wrong")] * 2)
    inbox = SmtpUrl("plain", LOOPBACK, server.port, Login("ada", "battery staple"))

    outcome = await send(channel, inbox)

    assert outcome == SenderRefused(535, "5.7.8 *** is wrong", "5.7.8")
    assert "battery" not in repr(inbox)


async def test_a_log_in_the_server_can_not_check_now_defers_the_mail(
    channel: SmtpChannel, server: ScriptedServer
) -> None:
    server.on("login", *[Say("454 4.7.0 try later")] * 2)
    inbox = SmtpUrl("plain", LOOPBACK, server.port, Login("ada", PASSWORD))

    assert await send(channel, inbox) == Deferred(454, "4.7.0 try later", "4.7.0")


async def test_a_log_in_that_is_not_offered_blames_the_sender(channel: SmtpChannel) -> None:
    server = ScriptedServer(offers_login=False)
    await server.start()

    outcome = await send(channel, SmtpUrl("plain", LOOPBACK, server.port, Login("ada", PASSWORD)))
    await server.stop()

    assert isinstance(outcome, SenderRefused)
    assert outcome.code is None


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_mail_travels_over_tls(tls_ends: TlsEnds, security: Security) -> None:
    server = _tls_server(tls_ends, security)
    await server.start()
    inbox = SmtpUrl(security, LOOPBACK, server.port, Login("ada", PASSWORD))
    async with SmtpChannel(tls=tls_ends.client) as channel:
        outcomes = [await send(channel, inbox) for _ in range(3)]
    await server.stop()

    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert (len(server.delivered), server.connections) == (3, 1)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_certificate_nobody_vouches_for_defers_the_mail(
    channel: SmtpChannel, tls_ends: TlsEnds, security: Security
) -> None:
    server = _tls_server(tls_ends, security)
    await server.start()

    outcome = await send(channel, SmtpUrl(security, LOOPBACK, server.port))
    await server.stop()

    assert isinstance(outcome, Deferred)
    assert "certificate is not trusted (self-signed certificate" in outcome.reply


async def test_starttls_is_insisted_on(channel: SmtpChannel, server: ScriptedServer) -> None:
    outcome = await send(channel, SmtpUrl("starttls", LOOPBACK, server.port))

    assert isinstance(outcome, SenderRefused)
    assert "STARTTLS" in outcome.reply
    assert server.delivered == []


def _tls_server(ends: TlsEnds, security: Security) -> ScriptedServer:
    return ScriptedServer(tls=ends.server) if security == "tls" else ScriptedServer(starttls=ends.server)
