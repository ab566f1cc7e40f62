"""One SMTP connection, and the line that must not be blurred: before the final dot, or after it.

Until the dot is written the server can't have the mail (RFC 5321, 4.1.1.4), so a lost connection is harmless. From
then on only its reply tells. ``sendmail`` of the library reports both alike, so the steps are driven here.
"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from typing import NamedTuple, Protocol, cast

import aiosmtplib
from aiosmtplib.protocol import normalize_message_line_endings
from msgspec import Struct

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

_DOT_AT_LINE_START = re.compile(rb"(?m)^\.")
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


class _Transport(Protocol):
    def abort(self) -> None: ...


class Session:
    """A greeted, secured, logged-in connection that carries one mail after another."""

    def __init__(self, client: aiosmtplib.SMTP, timeouts: Timeouts) -> None:
        self._client = client
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
        return cls(client, timeouts)

    @property
    def reusable(self) -> bool:
        """Whether another mail may be sent on it."""
        return self._between_mails and self._client.is_connected

    async def deliver(self, envelope: Envelope, message: bytes) -> Outcome:
        """Hand one mail over. Raises ``Lost`` when the connection ended before the server could have it."""
        self._between_mails = False
        refusal = await self._announce(envelope)
        return refusal if refusal is not None else await self._hand_over(message)

    def dismiss(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self._client.protocol is not None and self._client.is_connected:
            self._client.protocol.write(b"QUIT\r\n")
        self._client.close()

    def abort(self) -> None:
        """Cut the connection, throwing away what was written but has not left yet: it must not go out later."""
        if self._client.transport is not None:
            cast(_Transport, self._client.transport).abort()
        self._client.close()

    async def _announce(self, envelope: Envelope) -> Outcome | None:
        """MAIL, RCPT, DATA; answers only when the server declines one of them."""
        unicode_needed = not (envelope.sender + envelope.recipient).isascii()
        if unicode_needed and not self._client.supports_extension("smtputf8"):
            return await self._start_over(_SCRIPT_NOT_TAKEN)
        options = b" SMTPUTF8" if unicode_needed else b""
        commands: tuple[tuple[CommandStage, tuple[bytes, ...]], ...] = (
            ("sender", (b"MAIL", b"FROM:<" + envelope.sender.encode() + b">" + options)),
            ("recipient", (b"RCPT", b"TO:<" + envelope.recipient.encode() + b">")),
            ("data", (b"DATA",)),
        )
        for stage, words in commands:
            reply = await self._command(*words)
            if (declined := judge_command(stage, reply.code, reply.message)) is not None:
                return await self._start_over(declined)
        return None

    async def _hand_over(self, message: bytes) -> Outcome:
        """The message and the final dot. Nothing after the write may end in anything but the reply or ``Unknown``."""
        protocol = self._client.protocol
        if protocol is None:
            raise _lost("it was closed")
        payload = _DOT_AT_LINE_START.sub(b"..", normalize_message_line_endings(message)) + b".\r\n"
        try:
            protocol.write(payload)
        except aiosmtplib.SMTPServerDisconnected as error:  # raised before a single byte was taken
            raise _lost(error.message) from None
        try:
            reply = await protocol.read_response(timeout=self._timeouts.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            self.abort()
            return Unknown(f"The connection ended before the server answered the message: {reason_of(error)}")
        self._between_mails = reply.code != _CLOSING
        return judge_message(reply.code, reply.message)

    async def _start_over(self, outcome: Outcome) -> Outcome:
        """Clear the envelope for the next mail. If even that fails the outcome stands and the session is spent."""
        with suppress(Lost):
            self._between_mails = (await self._command(b"RSET")).code // 100 == 2
        return outcome

    async def _command(self, *words: bytes) -> aiosmtplib.SMTPResponse:
        try:
            reply = await self._client.execute_command(*words, timeout=self._timeouts.command)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _lost(reason_of(error)) from None
        if reply.code == _CLOSING:
            raise Lost(Deferred(reply.code, reply.message, enhanced_status(reply.message)))
        return reply


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
