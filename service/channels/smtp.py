"""The e-mail channel: hands mails to the senders' servers over a few kept connections, and says what became of each."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Self

from service import trust
from service.channels.addresses import wire_address
from service.channels.inbox_url import SmtpUrl
from service.channels.outcome import Outcome
from service.channels.session import Envelope, Lost, Session, Timeouts


class SmtpChannel:
    """Sends mail, over at most ``connections_per_inbox`` at a time, each closed after ``idle_seconds`` without work.

    A context manager, of one event loop: leaving it closes what is idle; what is busy closes when its mail is through.
    """

    def __init__(
        self,
        *,
        timeouts: Timeouts | None = None,
        connections_per_inbox: int = 4,
        idle_seconds: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeouts = timeouts or Timeouts()
        self._connections_per_inbox = connections_per_inbox
        self._idle_seconds = idle_seconds
        self._tls = tls or trust.for_mail()
        self._pools: dict[SmtpUrl, _Pool] = {}

    async def send(self, inbox: SmtpUrl, envelope_from: str, recipient: str, message: bytes) -> Outcome:
        """Hand over one mail, once. Only a kept connection that proves dead before the message gets a second try.

        A cancelled call leaves open what happened, as ``Unknown`` does. Raises ``ValueError`` for an address that must
        not stand in a command.
        """
        envelope = Envelope(wire_address(envelope_from), wire_address(recipient))
        pool = self._pool(inbox)
        async with pool.turn:
            kept = pool.take()
            if kept is not None:
                try:
                    return await pool.deliver(kept, envelope, message)
                except Lost:  # stale, or ended by the server's limit of mails per connection
                    kept = None
            fresh = await Session.open(inbox, self._tls, self._timeouts)
            if not isinstance(fresh, Session):
                return fresh
            try:
                return await pool.deliver(fresh, envelope, message)
            except Lost as lost:
                return lost.deferred

    def close(self) -> None:
        """Close the idle connections, and every busy one as soon as its mail is through."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _pool(self, inbox: SmtpUrl) -> _Pool:
        if inbox not in self._pools:
            self._pools[inbox] = _Pool(self._connections_per_inbox, self._idle_seconds)
        return self._pools[inbox]


class _Pool:
    """The sessions of one inbox: as many as there are turns, the last used first, each with the timer of its end."""

    def __init__(self, size: int, idle_seconds: float) -> None:
        self.turn = asyncio.Semaphore(size)
        self._idle_seconds = idle_seconds
        self._idle: dict[Session, asyncio.TimerHandle] = {}
        self._closed = False

    def take(self) -> Session | None:
        """A kept session that is not known to be dead."""
        while self._idle:
            session, timer = self._idle.popitem()
            timer.cancel()
            if session.reusable:
                return session
            session.dismiss()
        return None

    async def deliver(self, session: Session, envelope: Envelope, message: bytes) -> Outcome:
        """Send one mail on a session, then keep it or cut it, also when the call is cancelled. Raises ``Lost``."""
        try:
            return await session.deliver(envelope, message)
        finally:
            self._keep(session)

    def close(self) -> None:
        """Keep nothing from now on."""
        self._closed = True
        while self._idle:
            session, timer = self._idle.popitem()
            timer.cancel()
            session.dismiss()

    def _keep(self, session: Session) -> None:
        if not session.reusable:
            session.abort()
        elif self._closed:
            session.dismiss()
        else:
            timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._retire, session)
            self._idle[session] = timer

    def _retire(self, session: Session) -> None:
        del self._idle[session]
        session.dismiss()
