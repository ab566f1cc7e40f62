"""Whether a sender's inbox works: connect, TLS and log in, for sending and for reading."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from contextlib import suppress
from email.utils import quote
from typing import TypeAlias

from msgspec import Struct

from service import trust
from service.channels.inbox_url import ImapUrl, Login, SmtpUrl
from service.channels.session import Session, Timeouts, reason_of


class Inbox(Struct, frozen=True):
    """A sender's access to mail; without ``imap`` it can send but not read."""

    smtp: SmtpUrl
    imap: ImapUrl | None = None


class Verified(Struct, frozen=True):
    """Every server let the sender in."""


class Failed(Struct, frozen=True):
    """A server did not: ``detail`` says which and why, for the person who set it up; it holds no password."""

    detail: str


Verification: TypeAlias = Verified | Failed


async def verify(
    inbox: Inbox, *, timeouts: Timeouts | None = None, tls: ssl.SSLContext | None = None
) -> Verification:
    """Log in to the inbox as a send would, and leave again."""
    timeouts, tls = timeouts or Timeouts(), tls or trust.for_mail()
    session = await Session.open(inbox.smtp, tls, timeouts)
    if not isinstance(session, Session):
        code = "" if session.code is None else f"The SMTP server answered {session.code}: "
        return Failed(f"{code}{session.reply}")
    session.dismiss()
    if inbox.imap is None:
        return Verified()
    return await asyncio.to_thread(_verify_imap, inbox.imap, tls, timeouts.connect)


def _verify_imap(url: ImapUrl, tls: ssl.SSLContext, seconds: float) -> Verification:
    """In a thread, for imaplib blocks; each of its steps ends after ``seconds``."""
    place = f"the IMAP server {url.host}:{url.port}"
    try:
        client = imaplib.IMAP4_SSL(url.host, url.port, ssl_context=tls, timeout=seconds)
    except (OSError, imaplib.IMAP4.error) as error:
        return Failed(f"Can't reach {place}: {_words(error)}")
    try:
        _log_in(client, url.login)
    except (OSError, imaplib.IMAP4.abort) as error:
        return Failed(f"Lost {place} while logging in: {_words(error)}")
    except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
        return Failed(f"Can't log in to {place}: {_words(error).replace(url.login.password, '***')}")
    finally:
        with suppress(OSError):  # it may have gone already
            client.shutdown()
    return Verified()


def _log_in(client: imaplib.IMAP4, login: Login) -> None:
    if "AUTH=PLAIN" in client.capabilities:
        client.authenticate("PLAIN", lambda _: f"\0{login.username}\0{login.password}".encode())
    else:
        client.login(f'"{quote(login.username)}"', login.password)


def _words(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):  # which would repeat the password
        return "it takes only ASCII in a password"
    said = error.args[0] if isinstance(error, imaplib.IMAP4.error) and error.args else None
    return said.decode(errors="replace") if isinstance(said, bytes) else reason_of(error)
