"""What is said on an SMTP connection, and what is answered: every command has its reply, in order (RFC 5321, 4.2).

The library opens the connection and logs in, one command at a time; from then on it is taken over here, where several
commands may be sent at once (RFC 2920): what costs most about a small mail is waking up for each reply.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple, Self

_LONGEST_LINE: Final = 8192
_MOST_LINES: Final = 100
"""Of one reply. RFC 5321 allows 512 bytes a line; the bounds are only there for a server that never ends."""

_ENDLESS: Final = "The server's reply does not end"


class Reply(NamedTuple):
    """What the server answered; the words of several lines are joined by line feeds."""

    code: int
    words: str


class Dialogue(asyncio.Protocol):
    """The commands and replies of one connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._owed = 0
        self._heard: deque[Reply] = deque()
        self._words: list[bytes] = []
        self._unread = b""
        self._news: asyncio.Future[None] | None = None
        self._end: OSError | None = None

    @classmethod
    def taken_over(cls, transport: asyncio.Transport) -> Self:
        """The dialogue on a connection whose last reply was read."""
        dialogue = cls(transport)
        transport.set_protocol(dialogue)
        return dialogue

    @property
    def is_quiet(self) -> bool:
        """Whether it is open, and every command has its answer: something new may be said."""
        return self._end is None and self._owed == 0 and not self._transport.is_closing()

    def say(self, *commands: bytes) -> None:
        """Send commands, or a message with its final dot, at once. Raises ``OSError``, and has then sent nothing."""
        if self._transport.is_closing():
            raise self._end or ConnectionError("Connection lost")
        self._owed += len(commands)
        self._transport.write(b"".join(commands))

    async def hear(self, seconds: float) -> Reply:
        """The reply to the earliest command that has none. Raises ``OSError`` (``TimeoutError`` after ``seconds``)."""
        if not self._heard:
            await self._hear_more(seconds)
        self._owed -= 1
        return self._heard.popleft()

    def leave(self) -> None:
        """Say goodbye without waiting for the answer."""
        if not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection, throwing away what was written but has not left yet."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read replies; one that nothing was said for ends the dialogue, for it would be taken for another's."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            if self._end is None:
                self._read(line)
        if len(self._unread) > _LONGEST_LINE:
            self._break_off(_ENDLESS)
        elif len(self._heard) > self._owed:
            self._break_off("The server spoke without being asked")
        self._tell()

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more will be heard."""
        lost = error if isinstance(error, OSError) else ConnectionError("Connection lost")
        self._end = self._end or lost
        self._tell()

    async def _hear_more(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not self._heard:
            if self._end is not None:
                raise self._end
            self._news = loop.create_future()
            timer = loop.call_at(deadline, _expire, self._news)
            try:
                await self._news
            finally:
                timer.cancel()

    def _read(self, line: bytes) -> None:
        self._words.append(line[4:].strip())
        if not line[:3].isdigit():
            self._break_off(f"What the server said is no reply: {line.decode(errors='replace').strip()}")
        elif len(line) > _LONGEST_LINE or len(self._words) > _MOST_LINES:
            self._break_off(_ENDLESS)
        elif line[3:4] != b"-":
            words = b"\n".join(self._words).decode(errors="surrogateescape")
            self._heard.append(Reply(int(line[:3]), words))
            self._words.clear()

    def _break_off(self, reason: str) -> None:
        self._end = self._end or ConnectionError(reason)
        self._transport.abort()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


def _expire(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_exception(TimeoutError())
