"""Where a sender's mail server is and how to log in, read from one URL.

Errors name what is wrong and never repeat what was typed.
"""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

Security: TypeAlias = Literal["plain", "tls", "starttls"]

_SMTP_SECURITY: dict[str, Security] = {"smtp": "plain", "smtps": "tls", "smtp+starttls": "starttls"}
_SMTP_PORT: dict[Security, int] = {"plain": 25, "tls": 465, "starttls": 587}
_IMAPS_PORT = 993


class InboxUrlError(ValueError):
    """The text is not the URL of a mail server; the message says why and is safe to show."""


class Login(Struct, frozen=True):
    """A user name and its password, which is never shown."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login(username={self.username!r})"


class SmtpUrl(Struct, frozen=True):
    """A server to hand mail to. ``plain`` is without TLS, ``tls`` from the first byte, ``starttls`` insists on it."""

    security: Security
    host: str
    port: int
    login: Login | None = None


class ImapUrl(Struct, frozen=True):
    """A server to read mail from, always over TLS."""

    host: str
    port: int
    login: Login


@lru_cache(maxsize=256)
def parse_smtp_url(text: str) -> SmtpUrl:
    """Read ``smtp://``, ``smtps://`` or ``smtp+starttls://`` with an optional ``user:password@``; ports 25, 465, 587.

    Raises ``InboxUrlError``.
    """
    parts = _split(
        text, _SMTP_SECURITY, "The SMTP URL must begin with smtp://, smtps:// or smtp+starttls://."
    )
    security = _SMTP_SECURITY[parts.scheme]
    return SmtpUrl(security, _host(parts), _port(parts, default=_SMTP_PORT[security]), _login(parts))


def parse_imap_url(text: str) -> ImapUrl:
    """Read ``imaps://user:password@host``, port 993 if none is given. Raises ``InboxUrlError``."""
    parts = _split(text, {"imaps"}, "The IMAP URL must begin with imaps://.")
    login = _login(parts)
    if login is None:
        raise InboxUrlError("The IMAP URL has no user name and password: imaps://user:password@host.")
    return ImapUrl(_host(parts), _port(parts, default=_IMAPS_PORT), login)


def _split(text: str, schemes: Container[str], otherwise: str) -> SplitResult:
    if not text.isprintable() or " " in text:
        raise InboxUrlError(
            "The URL of the mail server must not contain spaces, line breaks or control characters."
        )
    try:
        parts = urlsplit(text)
    except ValueError:  # its words may repeat the password
        raise InboxUrlError(
            "The URL of the mail server can't be read; see the host between the brackets."
        ) from None
    if parts.scheme not in schemes:
        raise InboxUrlError(otherwise)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise InboxUrlError(
            "The URL of the mail server must end after host and port. In a user name or password write "
            "/ as %2F, ? as %3F, # as %23, @ as %40, : as %3A and % as %25."
        )
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname
    if not host:
        raise InboxUrlError("The URL of the mail server names no host.")
    try:
        host.encode("idna")
    except UnicodeError:
        raise InboxUrlError("The host in the URL of the mail server is not a valid host name.") from None
    return host


def _port(parts: SplitResult, *, default: int) -> int:
    try:
        port = parts.port
    except ValueError:  # its words repeat what stands there, which may be half a password
        port = 0
    if port == 0:
        raise InboxUrlError("The port in the URL of the mail server must be a number from 1 to 65535.")
    return port or default


def _login(parts: SplitResult) -> Login | None:
    if parts.username is None and parts.password is None:
        return None
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not username or not password:
        raise InboxUrlError(
            "The URL of the mail server must give both a user name and a password, or neither."
        )
    if not (username + password).isprintable():
        raise InboxUrlError(
            "The user name and password of the mail server must not contain control characters."
        )
    return Login(username, password)
