"""Who gets the mails of the trial: they look into their Maildirs, and answer through the same Postfix."""

from __future__ import annotations

import asyncio
import smtplib
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final

from tests.channels.servers import LOOPBACK

PATIENCE_SECONDS: Final = 60.0


class Person:
    """Somebody with a mailbox."""

    def __init__(self, address: str, mail: Path, smtp_port: int) -> None:
        self.address = address
        local, _, domain = address.partition("@")
        self._new = mail / domain / local / "new"
        self._smtp_port = smtp_port

    async def received(self) -> EmailMessage:
        """The first mail they got, once it has arrived."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (files := sorted(self._new.glob("*"))):
                await asyncio.sleep(0.05)
        message = message_from_bytes(files[0].read_bytes(), policy=SMTP)
        assert isinstance(message, EmailMessage)
        return message

    async def answer(self, words: str) -> None:
        """Write back, as a mail program does."""
        got = await self.received()
        await self._send(str(got["From"]), words, {"In-Reply-To": got["Message-ID"]})

    async def write_anew(self, words: str) -> None:
        """Write to who wrote to them, without answering."""
        await self._send(str((await self.received())["From"]), words, {})

    async def be_away(self) -> None:
        """Let a program answer, as it should (RFC 3834): with nobody to answer to in its turn."""
        got = await self.received()
        headers = {"In-Reply-To": got["Message-ID"], "Auto-Submitted": "auto-replied"}
        await self._send(str(got["From"]), "I am away until Monday.", headers, envelope_from="")

    async def _send(
        self, to: str, words: str, headers: dict[str, str], envelope_from: str | None = None
    ) -> None:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self.address, to, "Re: A question"
        message["Message-ID"] = f"<{words.lower().replace(' ', '-')}-{self.address}>"
        for name, value in headers.items():
            message[name] = value
        message.set_content(words)
        sender = self.address if envelope_from is None else envelope_from
        await asyncio.to_thread(self._hand_over, sender, message)

    def _hand_over(self, sender: str, message: EmailMessage) -> None:
        with smtplib.SMTP(LOOPBACK, self._smtp_port) as server:
            server.send_message(message, from_addr=sender)
