"""The mail the tests send."""

from __future__ import annotations

from service.channels.inbox_url import SmtpUrl
from service.channels.outcome import Outcome
from service.channels.smtp import SmtpChannel

MESSAGE = b"Subject: Hello\r\n\r\nHow do you do?\r\n"
SENDER, RECIPIENT = "ada@example.com", "grace@example.org"


async def send(channel: SmtpChannel, inbox: SmtpUrl, message: bytes = MESSAGE) -> Outcome:
    return await channel.send(inbox, SENDER, RECIPIENT, message)
