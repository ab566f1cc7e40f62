"""One SMTP connection, and the line that must not be blurred: before the final dot, or after it.

Until the dot is written the server can't have the mail (RFC 5321, 4.1.1.4), so a lost connection is harmless. From
then on only its reply tells. ``sendmail`` of the library reports both alike, so the steps are driven here, those before
the message all at once where the server offers that (RFC 2920). The message itself waits until each of them was agreed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple, cast

import aiosmtplib
from aiosmtplib.protocol import normalize_message_line_endings
from msgspec import Struct

from service.channels.dialogue import Dialogue, Reply
from service.channels.inbox_url import SmtpUrl
from service.channels.outcome import (
    CommandStage,
    Deferred,
    Outcome,
    Refused,
    SenderRefused,
    Unknown,
    enhanced_status,
    judge_command,
    judge_message,
)

_GO_ON = 354
_CLOSING = 421  # RFC 5321, 3.8: the server ends the connection with this reply to whatever was asked
_SCRIPT_NOT_TAKEN = Refused(None, "The server takes no addresses in this script.", "recipient", "5.6.7")


class Timeouts(Struct, frozen=True):
    """Seconds to wait: for a connection, for the reply to a command, for the reply to a message.

    The last is long, for giving up then leaves a send in the open (RFC 5321, 4.5.3.2.6 asks for 10 minutes).
    """

    connect: float = 15.0
    command: float = 60.0
    message: float = 300.0


class Envelope(NamedTuple):
    """Whom the server is told the mail is from and for (addresses as ``wire_address`` makes them)."""

    sender: str
    recipient: str


class Lost(Exception):
    """The connection ended while the server could not have the mail yet. Carries what a ``Deferred`` would say."""

    def __init__(self, deferred: Deferred) -> None:
        super().__init__(deferred.reply)
        self.deferred = deferred


class Session:
    """A greeted, secured, logged-in connection that carries one mail after another."""

    def __init__(self, dialogue: Dialogue, extensions: Collection[str], timeouts: Timeouts) -> None:
        """``extensions`` are what the server offers (RFC 5321, 2.2), in lower case."""
        self._dialogue = dialogue
        self._extensions = extensions
        self._timeouts = timeouts
        self._between_mails = True

    @classmethod
    async def open(
        cls, url: SmtpUrl, tls: ssl.SSLContext, timeouts: Timeouts
    ) -> Session | Deferred | SenderRefused:
        """Connect, start TLS and log in as the URL asks; or say why that is not to be had."""
        client = aiosmtplib.SMTP(
            hostname=url.host,
            port=url.port,
            username=url.login.username if url.login else None,
            password=url.login.password if url.login else None,
            use_tls=url.security == "tls",
            start_tls=url.security == "starttls",
            tls_context=tls,
            timeout=timeouts.command,
        )
        try:
            await client.connect(timeout=timeouts.connect)
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            return _not_opened(url, error)
        if client.transport is None:
            return _not_opened(url, ConnectionError("Connection lost"))
        dialogue = Dialogue.taken_over(cast(asyncio.Transport, client.transport))
        return cls(dialogue, client.esmtp_extensions, timeouts)

    @property
    def reusable(self) -> bool:
        """Whether another mail may be sent on it."""
        return self._between_mails and self._dialogue.is_quiet

    async def deliver(self, envelope: Envelope, message: bytes) -> Outcome:
        """Hand one mail over. Raises ``Lost`` when the connection ended before the server could have it."""
        self._between_mails = False
        refusal = await self._announce(envelope)
        return refusal if refusal is not None else await self._hand_over(message)

    def dismiss(self) -> None:
        """Say goodbye without waiting for the answer."""
        self._dialogue.leave()

    def abort(self) -> None:
        """Cut the connection, throwing away what was written but has not left yet: it must not go out later."""
        self._dialogue.abort()

    async def _announce(self, envelope: Envelope) -> Outcome | None:
        """MAIL, RCPT, DATA; answers only when the server declines one of them."""
        unicode_needed = not (envelope.sender + envelope.recipient).isascii()
        if unicode_needed and "smtputf8" not in self._extensions:
            return await self._start_over(_SCRIPT_NOT_TAKEN)
        options = " SMTPUTF8" if unicode_needed else ""
        commands: dict[CommandStage, bytes] = {
            "sender": f"MAIL FROM:<{envelope.sender}>{options}\r\n".encode(),
            "recipient": f"RCPT TO:<{envelope.recipient}>\r\n".encode(),
            "data": b"DATA\r\n",
        }
        at_once = "pipelining" in self._extensions
        if at_once:
            self._say(*commands.values())
        for asked, (stage, command) in enumerate(commands.items(), 1):
            if not at_once:
                self._say(command)
            reply = await self._heard()
            if (declined := judge_command(stage, reply.code, reply.words)) is not None:
                return await self._start_over(declined, len(commands) - asked if at_once else 0)
        return None

    async def _hand_over(self, message: bytes) -> Outcome:
        """The message and the final dot. Nothing after the write may end in anything but the reply or ``Unknown``."""
        self._say(_as_sent(message))
        try:
            reply = await self._dialogue.hear(self._timeouts.message)
        except OSError as error:
            self.abort()
            return Unknown(f"The connection ended before the server answered the message: {reason_of(error)}")
        self._between_mails = reply.code != _CLOSING
        return judge_message(reply.code, reply.words)

    async def _start_over(self, outcome: Outcome, unheard: int = 0) -> Outcome:
        """Clear the envelope for the next mail. If even that fails the outcome stands and the session is spent."""
        with suppress(Lost):
            for _ in range(unheard):
                if (await self._heard()).code == _GO_ON:  # it waits for a message, which there won't be
                    return outcome
            self._say(b"RSET\r\n")
            self._between_mails = (await self._heard()).code // 100 == 2
        return outcome

    def _say(self, *commands: bytes) -> None:
        try:
            self._dialogue.say(*commands)
        except OSError as error:  # raised before a single byte was taken
            raise _lost(reason_of(error)) from None

    async def _heard(self) -> Reply:
        try:
            reply = await self._dialogue.hear(self._timeouts.command)
        except OSError as error:
            raise _lost(reason_of(error)) from None
        if reply.code == _CLOSING:
            raise Lost(Deferred(reply.code, reply.words, enhanced_status(reply.words)))
        return reply


def _as_sent(message: bytes) -> bytes:
    """The message with its final dot, which nothing in it can be taken for (RFC 5321, 4.5.2)."""
    whole_lines = message if _has_whole_lines(message) else normalize_message_line_endings(message)
    doubled = whole_lines.replace(b"\r\n.", b"\r\n..")
    return (b"." + doubled if doubled.startswith(b".") else doubled) + b".\r\n"


def _has_whole_lines(message: bytes) -> bool:
    """Whether every line ends as the protocol wants it: to count is a twentieth of the work of making sure."""
    ends = message.count(b"\r\n")
    return message.endswith(b"\r\n") and message.count(b"\n") == ends == message.count(b"\r")


def _lost(reason: str) -> Lost:
    return Lost(Deferred(None, f"The connection ended before the message was handed over: {reason}"))


def _not_opened(url: SmtpUrl, error: aiosmtplib.SMTPException | OSError) -> Deferred | SenderRefused:
    """Why there is no session. What another try may change is deferred; what the sender must change is refused."""
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        reply = _without_password(error.message, url)
        greeting = isinstance(error, aiosmtplib.SMTPConnectResponseError | aiosmtplib.SMTPHeloError)
        kind = SenderRefused if error.code // 100 == 5 and not greeting else Deferred
        return kind(error.code, reply, enhanced_status(reply))
    reason = _without_password(f"{url.host}:{url.port}: {reason_of(error)}", url)
    if isinstance(error, OSError | aiosmtplib.SMTPResponseException):
        return Deferred(None, f"Can't reach {reason}")
    return SenderRefused(None, f"Can't log in to {reason}")  # the server lacks STARTTLS or AUTH


def reason_of(error: Exception) -> str:
    """The network's own words, without the layers around them."""
    while isinstance(error.__cause__, OSError):
        error = error.__cause__
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _without_password(text: str, url: SmtpUrl) -> str:
    return text.replace(url.login.password, "***") if url.login else text
