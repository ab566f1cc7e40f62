"""A session at an IMAP server, for reading a mailbox (RFC 3501; 2177 IDLE; 6154 special folders).

IMAPClient does the talking: it is kept, parses what servers answer, and knows IDLE and special folders (the standard
library's client knows neither before Python 3.14; the one for asyncio is under the GPL). It blocks, so a session is
worked in a thread; ``abort`` may be called from another one, and ends what is being waited for.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from contextlib import suppress
from datetime import UTC, date, datetime
from email.utils import quote
from types import TracebackType
from typing import Any, Final, Self

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import SENT
from msgspec import Struct

from service.channels.inbox_url import ImapUrl, Login

LONGEST_MESSAGE: Final = 2 * 1024 * 1024
"""So much of a message is read; what tells of answers and reports comes first in it."""
_FAILURES: Final = (OSError, EOFError, ValueError, imaplib.IMAP4.error, IMAPClientError)
"""A server that can't be reached, refuses, or says what can't be read; and a socket closed by ``abort`` meanwhile."""
_WHOLE: Final = f"BODY.PEEK[]<0.{LONGEST_MESSAGE}>"


class ImapFailed(Exception):
    """The server can't be used now: which step failed, and by what kind of error. It names nobody."""

    def __init__(self, step: str, error: Exception) -> None:
        super().__init__(f"{step}: {type(error).__name__}")


class Arrived(Struct, frozen=True):
    """A message in a mailbox: its number there, its bytes, and when it arrived."""

    uid: int
    raw: bytes
    at: datetime


class Opened(Struct, frozen=True):
    """A folder as it was opened. Numbers of messages hold as long as ``uid_validity`` is the same."""

    uid_validity: int
    next_uid: int


class ImapSession:
    """One connection, logged in. Every method raises ``ImapFailed``."""

    def __init__(self, url: ImapUrl, tls: ssl.SSLContext, seconds: float) -> None:
        """Connect and log in; each step of a session ends after ``seconds``."""
        with _Step("connect"):
            self._client: Any = IMAPClient(url.host, url.port, ssl_context=tls, timeout=seconds, use_uid=True)
        try:
            with _Step("log in"):
                _log_in(self._client, url.login)
                self.can_idle: bool = self._client.has_capability("IDLE")
        except ImapFailed:
            self.abort()
            raise

    def open_inbox(self) -> Opened:
        """Look into the inbox; nothing is marked as read."""
        with _Step("open the inbox"):
            told = self._client.select_folder("INBOX", readonly=True)
            return Opened(told[b"UIDVALIDITY"], told.get(b"UIDNEXT", 1))

    def numbers_after(self, uid: int) -> list[int]:
        """The messages behind this one, oldest first."""
        with _Step("look for messages"):
            # The range is turned around if there are none: the last message is in it, whatever its number.
            found: list[int] = self._client.search(["UID", f"{uid + 1}:*"])
            return sorted(number for number in found if number > uid)

    def numbers_since(self, day: date) -> list[int]:
        """The messages that arrived on this day or later."""
        with _Step("look for messages"):
            found: list[int] = self._client.search(["SINCE", day])
            return sorted(found)

    def fetch(self, uid: int) -> Arrived | None:
        """A message; None if it is there no longer."""
        with _Step("fetch a message"):
            told = self._client.fetch([uid], [_WHOLE, "INTERNALDATE"]).get(uid)
            if told is None or b"BODY[]<0>" not in told:
                return None
            return Arrived(uid, told[b"BODY[]<0>"], told[b"INTERNALDATE"].astimezone(UTC))

    def wait(self, seconds: float) -> None:
        """Until the server tells of something new, or for so long; only where it can (``can_idle``)."""
        with _Step("wait for messages"):
            self._client.idle()
            self._client.idle_check(timeout=seconds)
            self._client.idle_done()

    def folder_with(self, message_id: str) -> str | None:
        """The folder of sent mails, if the message is in it; it is found by its special use or its name."""
        with _Step("look for a sent mail"):
            folder: str | None = self._client.find_special_folder(SENT)
            if folder is None:
                return None
            self._client.select_folder(folder, readonly=True)
            return folder if self._client.search(["HEADER", "Message-ID", message_id]) else None

    def close(self) -> None:
        """Leave politely."""
        with suppress(*_FAILURES):
            self._client.logout()
        self.abort()

    def abort(self) -> None:
        """Cut the connection, from any thread."""
        with suppress(*_FAILURES, AttributeError):  # it may be gone already
            # The plain socket's own: that of TLS would forget its state under the feet of a thread that reads.
            socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)
        with suppress(*_FAILURES, AttributeError):
            self._client.shutdown()


def _log_in(client: Any, login: Login) -> None:
    if client.has_capability("AUTH=PLAIN"):
        client.plain_login(login.username, login.password)
    else:
        client.login(f'"{quote(login.username)}"', login.password)


class _Step:
    """A step of a session: whatever of the network's failures happens inside is raised as ``ImapFailed``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, _FAILURES):
            raise ImapFailed(self._name, error) from error
