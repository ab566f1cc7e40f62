"""Sending, and what is said about a send when the server or the connection fails at any step."""

from __future__ import annotations

import asyncio
import re

import pytest

from service.channels.inbox_url import SmtpUrl
from service.channels.outcome import Accepted, Deferred, Outcome, Refused, SenderRefused, Unknown
from service.channels.smtp import SmtpChannel
from tests.channels.conftest import IMPATIENT
from tests.channels.sending import MESSAGE, RECIPIENT, SENDER, send
from tests.channels.servers import LOOPBACK, Cut, Hang, Reaction, Say, ScriptedServer, Stage


async def test_a_mail_arrives_as_it_was_written(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    assert await send(channel, inbox) == Accepted(250, "2.0.0 OK")

    assert server.delivered == [(SENDER, [RECIPIENT], MESSAGE)]


@pytest.mark.parametrize(
    ("written", "arrives"),
    [
        (b"a\r\n.\r\nb\r\n", b"a\r\n.\r\nb\r\n"),
        (b".\r\n..\r\n...x\r\n", b".\r\n..\r\n...x\r\n"),
        (b"no line end", b"no line end\r\n"),
        (b"lone\n.\nline\rends", b"lone\r\n.\r\nline\r\nends\r\n"),
        (b"smuggled\n.\r\nMAIL FROM:<x@y>\r\n", b"smuggled\r\n.\r\nMAIL FROM:<x@y>\r\n"),
    ],
)
async def test_no_text_can_end_the_message_early(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, written: bytes, arrives: bytes
) -> None:
    assert isinstance(await send(channel, inbox, written), Accepted)

    assert [mail.content for mail in server.delivered] == [arrives]


async def test_many_mails_share_one_connection(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    outcomes = [await send(channel, inbox) for _ in range(20)]

    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert (len(server.delivered), server.connections) == (20, 1)
    assert "RSET" not in server.commands


async def test_no_more_connections_are_opened_than_allowed(inbox: SmtpUrl, server: ScriptedServer) -> None:
    async with SmtpChannel(connections_per_inbox=3) as channel:
        await asyncio.gather(*(send(channel, inbox) for _ in range(30)))

    assert (len(server.delivered), server.connections) == (30, 3)


REPLIES: list[tuple[Stage, str, Outcome]] = [
    ("mail", "451 4.3.0 later", Deferred(451, "4.3.0 later", "4.3.0")),
    ("mail", "550 5.7.1 not you", SenderRefused(550, "5.7.1 not you", "5.7.1")),
    ("mail", "530 5.7.0 log in", SenderRefused(530, "5.7.0 log in", "5.7.0")),
    ("rcpt", "450 4.2.1 greylisted", Deferred(450, "4.2.1 greylisted", "4.2.1")),
    ("rcpt", "550 5.1.1 nobody", Refused(550, "5.1.1 nobody", "recipient", "5.1.1")),
    ("rcpt", "550 nobody", Refused(550, "nobody", "recipient")),
    ("rcpt", "530 5.7.0 log in", SenderRefused(530, "5.7.0 log in", "5.7.0")),
    ("data", "452 4.3.1 full", Deferred(452, "4.3.1 full", "4.3.1")),
    ("data", "554 5.5.1 no", Refused(554, "5.5.1 no", "data", "5.5.1")),
    ("data", "250 what", Deferred(250, "The server answered out of turn: 250 what")),
    ("dot", "451 4.7.1 later", Deferred(451, "4.7.1 later", "4.7.1")),
    ("dot", "421 4.3.2 shutting down", Deferred(421, "4.3.2 shutting down", "4.3.2")),
    ("dot", "554 5.7.1 spam", Refused(554, "5.7.1 spam", "message", "5.7.1")),
    ("dot", "354 go on", Unknown("The server answered the message out of turn: 354 go on")),
]


@pytest.mark.parametrize(("stage", "words", "outcome"), REPLIES)
async def test_a_reply_is_told_as_what_it_means(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, stage: Stage, words: str, outcome: Outcome
) -> None:
    server.on(stage, Say(words))

    assert await send(channel, inbox) == outcome


@pytest.mark.parametrize(
    ("stage", "words"), [("mail", "550 no"), ("rcpt", "550 no"), ("data", "451 no"), ("dot", "554 no")]
)
async def test_a_connection_serves_on_after_a_refusal(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, stage: Stage, words: str
) -> None:
    server.on(stage, Say(words))
    await send(channel, inbox)

    assert isinstance(await send(channel, inbox), Accepted)
    assert server.connections == 1


async def test_a_connection_that_can_not_start_over_is_given_up_and_the_refusal_stands(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    server.on("rcpt", Say("550 5.1.1 nobody"))
    server.on("rset", Cut())

    assert isinstance(await send(channel, inbox), Refused)
    assert isinstance(await send(channel, inbox), Accepted)
    assert server.connections == 2


@pytest.mark.parametrize("stage", ["greeting", "mail", "rcpt", "data"])
async def test_a_connection_lost_before_the_message_defers_it(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, stage: Stage
) -> None:
    server.on(stage, Cut())

    outcome = await send(channel, inbox)

    assert isinstance(outcome, Deferred)
    assert outcome.code is None
    assert (server.delivered, server.connections) == ([], 1)


@pytest.mark.parametrize("stage", ["greeting", "mail", "rcpt", "data"])
async def test_a_server_that_hangs_before_the_message_defers_it(
    impatient_channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, stage: Stage
) -> None:
    released = asyncio.Event()
    server.on(stage, Hang(released))

    outcome = await send(impatient_channel, inbox)
    released.set()
    await server.all_gone.wait()

    assert isinstance(outcome, Deferred)
    assert "no answer in time" in outcome.reply
    assert server.delivered == []


async def test_a_connection_lost_after_the_message_leaves_open_what_happened_and_nothing_is_sent_again(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    server.on("dot", Cut())

    assert isinstance(await send(channel, inbox), Unknown)
    assert (len(server.delivered), server.connections) == (1, 1)


async def test_a_connection_lost_while_the_message_is_under_way_leaves_open_what_happened(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    """The server never read the final dot, but from here nobody can tell."""
    server.on("body", Hang(asyncio.Event()))
    sending = asyncio.create_task(send(channel, inbox))
    await server.has_unread_message()
    server.cut_all()

    assert isinstance(await sending, Unknown)
    assert (server.delivered, server.connections) == ([], 1)


async def test_a_server_that_hangs_after_the_message_leaves_open_what_happened(
    impatient_channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    released = asyncio.Event()
    server.on("dot", Hang(released))

    outcome = await send(impatient_channel, inbox)

    assert isinstance(outcome, Unknown)
    assert "no answer in time" in outcome.detail
    assert (len(server.delivered), server.connections) == (1, 1)
    assert isinstance(await send(impatient_channel, inbox), Accepted)
    assert server.connections == 2


async def test_what_had_not_left_when_we_gave_up_never_arrives(
    impatient_channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    """A transport that is closed goes on emptying its buffer; it must be cut instead."""
    released = asyncio.Event()
    server.on("body", Hang(released))

    outcome = await send(impatient_channel, inbox, b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 300_000)
    released.set()
    await server.all_gone.wait()

    assert isinstance(outcome, Unknown)
    assert server.delivered == []


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("reaction", [Cut(), Say("421 4.4.2 idle for too long")])
async def test_a_kept_connection_that_proves_dead_before_the_message_is_replaced(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, stage: Stage, reaction: Reaction
) -> None:
    server.on(stage, None, reaction)

    first, second = await send(channel, inbox, b"one\r\n"), await send(channel, inbox, b"two\r\n")

    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert [mail.content for mail in server.delivered] == [b"one\r\n", b"two\r\n"]
    assert server.connections == 2


async def test_a_kept_connection_lost_after_the_message_gets_no_second_try(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    server.on("dot", None, Cut())

    await send(channel, inbox)

    assert isinstance(await send(channel, inbox), Unknown)
    assert (len(server.delivered), server.connections) == (2, 1)


async def test_a_server_that_says_421_to_everyone_is_asked_twice_and_no_more(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    server.on("mail", None, Say("421 4.7.0 enough"), Say("421 4.7.0 enough"))
    await send(channel, inbox)

    assert await send(channel, inbox) == Deferred(421, "4.7.0 enough", "4.7.0")
    assert server.connections == 2


async def test_a_restarted_server_costs_no_mail(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    await asyncio.gather(*(send(channel, inbox) for _ in range(4)))
    server.cut_all()

    outcomes = await asyncio.gather(*(send(channel, inbox) for _ in range(8)))

    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert len(server.delivered) == 12


async def test_an_unused_connection_is_closed_with_a_goodbye(inbox: SmtpUrl, server: ScriptedServer) -> None:
    async with SmtpChannel(idle_seconds=0.01) as channel:
        await send(channel, inbox)
        await server.all_gone.wait()

        assert server.commands[-1] == "QUIT"
        assert isinstance(await send(channel, inbox), Accepted)


async def test_closing_the_channel_closes_idle_connections_now_and_busy_ones_after_their_mail(
    inbox: SmtpUrl, server: ScriptedServer
) -> None:
    released = asyncio.Event()
    server.on("dot", Hang(released))
    async with SmtpChannel() as channel:
        busy = asyncio.create_task(send(channel, inbox))
        while not server.delivered:
            await asyncio.sleep(0.001)
        await send(channel, inbox)

    assert len(server.open_connections) >= 1
    released.set()
    assert isinstance(await busy, Accepted)
    await server.all_gone.wait()


async def test_a_cancelled_send_cuts_its_connection_and_frees_its_turn(
    inbox: SmtpUrl, server: ScriptedServer
) -> None:
    server.on("dot", Hang(asyncio.Event()))
    async with SmtpChannel(connections_per_inbox=1) as channel:
        cancelled = asyncio.create_task(send(channel, inbox))
        while not server.delivered:
            await asyncio.sleep(0.001)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        await server.all_gone.wait()

        assert cancelled.cancelled()
        assert isinstance(await send(channel, inbox), Accepted)


async def test_a_server_that_is_not_there_defers_the_mail_and_is_named(channel: SmtpChannel) -> None:
    closed = await asyncio.start_server(lambda *_: None, LOOPBACK, 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()

    outcome = await send(channel, SmtpUrl("plain", LOOPBACK, port))

    assert isinstance(outcome, Deferred)
    assert re.match(rf"Can't reach 127.0.0.1:{port}: .*refused|.*Connect call failed", outcome.reply)


@pytest.mark.parametrize("words", ["554 5.3.2 not today", "421 4.3.2 busy"])
async def test_a_server_that_takes_no_connections_defers_the_mail(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, words: str
) -> None:
    server.on("greeting", Say(words))

    outcome = await send(channel, inbox)

    assert isinstance(outcome, Deferred)
    assert f"{outcome.code} {outcome.reply}" == words


async def test_an_address_in_another_script_travels_where_the_server_takes_it(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer
) -> None:
    await channel.send(inbox, SENDER, "grace@bücher.example", MESSAGE)
    await channel.send(inbox, SENDER, "grâce@bücher.example", MESSAGE)

    assert [mail.recipients for mail in server.delivered] == [
        ["grace@xn--bcher-kva.example"],
        ["grâce@xn--bcher-kva.example"],
    ]


async def test_an_address_in_another_script_is_refused_for_a_server_that_does_not(
    channel: SmtpChannel,
) -> None:
    server = ScriptedServer(utf8=False)
    await server.start()
    inbox = SmtpUrl("plain", LOOPBACK, server.port)

    refused = await channel.send(inbox, SENDER, "grâce@example.org", MESSAGE)
    accepted = await channel.send(inbox, SENDER, "grace@bücher.example", MESSAGE)
    await server.stop()

    assert isinstance(refused, Refused)
    assert refused.enhanced == "5.6.7"
    assert isinstance(accepted, Accepted)
    assert server.connections == 1


@pytest.mark.parametrize("address", ["a@b>\r\nDATA", "a@b> SIZE=1", "a b@c", "<a@b>", "nobody", "a@b\x00"])
async def test_an_address_can_not_carry_a_command(
    channel: SmtpChannel, inbox: SmtpUrl, server: ScriptedServer, address: str
) -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        await channel.send(inbox, SENDER, address, MESSAGE)

    assert server.connections == 0


async def test_a_slow_inbox_does_not_hold_up_another(inbox: SmtpUrl, server: ScriptedServer) -> None:
    server.on("mail", Hang(asyncio.Event()))
    other = ScriptedServer()
    await other.start()
    async with SmtpChannel(timeouts=IMPATIENT, connections_per_inbox=1) as channel:
        slow = asyncio.create_task(send(channel, inbox))
        outcome = await send(channel, SmtpUrl("plain", LOOPBACK, other.port))
        assert not slow.done()
        await slow
    await other.stop()

    assert isinstance(outcome, Accepted)
