"""The local mail sink, in this process and as a program of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from service.channels.inbox_url import parse_smtp_url
from service.channels.outcome import Accepted
from service.channels.sink import MailSink, count_mails, read_index
from service.channels.smtp import SmtpChannel

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return NOON


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[MailSink]:
    async with MailSink(tmp_path, clock=StoppedClock()) as sink:
        yield sink


def mail(number: int) -> bytes:
    return b"Subject: x\r\nMessage-ID: <%d@example.com>\r\n\r\nMessage-ID: <no@example.com>\r\n" % number


async def send(channel: SmtpChannel, url: str, number: int) -> None:
    outcome = await channel.send(parse_smtp_url(url), "a@example.com", f"b{number}@example.com", mail(number))
    assert isinstance(outcome, Accepted)


async def test_a_mail_is_kept_as_it_came_with_a_line_in_the_index(
    sink: MailSink, channel: SmtpChannel, tmp_path: Path
) -> None:
    await send(channel, sink.url, 1)

    (received,) = read_index(tmp_path)
    assert (received.received_at, received.message_id, received.rcpt) == (
        NOON,
        "<1@example.com>",
        ["b1@example.com"],
    )
    assert (tmp_path / received.file).read_bytes() == mail(1)
    assert received.sha256 == sha256(mail(1)).hexdigest()


async def test_every_accepted_mail_is_counted(sink: MailSink, channel: SmtpChannel, tmp_path: Path) -> None:
    await asyncio.gather(*(send(channel, sink.url, number) for number in range(100)))

    assert count_mails(tmp_path) == 100
    assert {received.message_id for received in read_index(tmp_path)} == {
        f"<{number}@example.com>" for number in range(100)
    }
    assert len(list((tmp_path / "mails").glob("*.eml"))) == len(list((tmp_path / "mails").iterdir())) == 100


async def test_any_log_in_is_welcome(sink: MailSink, channel: SmtpChannel, tmp_path: Path) -> None:
    await send(channel, sink.url.replace("//", "//any:thing@"), 1)

    assert count_mails(tmp_path) == 1


async def test_a_sink_that_never_ran_has_no_mails(tmp_path: Path) -> None:
    assert count_mails(tmp_path / "nowhere") == 0
    assert list(read_index(tmp_path / "nowhere")) == []


async def test_a_line_being_written_is_left_out(sink: MailSink, channel: SmtpChannel, tmp_path: Path) -> None:
    await send(channel, sink.url, 1)
    with (tmp_path / "index.ndjson").open("ab") as index:
        index.write(b'{"received_at": "20')

    assert count_mails(tmp_path) == len(list(read_index(tmp_path))) == 1


async def test_no_address_is_logged(
    sink: MailSink, channel: SmtpChannel, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        await send(channel, sink.url, 1)

    assert "@example.com" not in caplog.text


async def test_a_sink_that_is_started_again_goes_on_with_its_index(
    channel: SmtpChannel, tmp_path: Path
) -> None:
    for number in range(2):
        async with MailSink(tmp_path) as sink:
            await send(channel, sink.url, number)

    assert count_mails(tmp_path) == 2


async def test_as_a_program_it_says_its_url_and_keeps_what_it_accepted_when_killed(
    channel: SmtpChannel, tmp_path: Path
) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "service.channels.sink", "--directory", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    url = (await program.stdout.readline()).decode().strip()
    for number in range(20):
        await send(channel, url, number)
    program.kill()
    await program.wait()

    assert count_mails(tmp_path) == 20
    assert [received.message_id for received in read_index(tmp_path)] == [
        f"<{number}@example.com>" for number in range(20)
    ]
