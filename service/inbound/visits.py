"""A visit to a sender's inbox by IMAP: read what is new, look for mails of unknown outcome, stay while it pays.

The session blocks, so it is worked in threads. A visit ends when the server or the database is lost, or when others
wait for its place; the next one goes on behind the last message that had its effect.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from typing import Final, ParamSpec, TypeAlias, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from service.channels.imap import Arrived, ImapSession, Opened
from service.channels.inbox_url import ImapUrl, parse_imap_url
from service.channels.received import recognise
from service.database.pool import OUTAGES, Pool, one_moment
from service.ids import new_id
from service.inbound.hearing import Mailbox, MailHearing, message_key
from service.inbound.places import LeaseLost, Place, Places
from service.inbound.reconciling import Reconciling
from service.senders.repository import Senders
from service.texts import Inbox, SenderProfile, unpack
from service.vault import Vault

STEP_SECONDS: Final = 15.0
"""How long a server may take for one step of a session."""
STAY_SECONDS: Final = 25.0
"""How long to wait for news before looking anyway: servers forget to tell, and the lease is to be renewed."""
BACK_TO: Final = timedelta(days=1)
"""How far before the last look messages are read again when their numbers have changed; those heard are known."""

P = ParamSpec("P")
T = TypeVar("T")
Asked: TypeAlias = Callable[[], Awaitable[bool]]

_log = structlog.get_logger(__name__)


class Unreadable(Exception):
    """There is nothing to read by IMAP: the sender is gone, or its inbox has no IMAP."""


class _Inbox(Struct, frozen=True):
    """Whose inbox it is, how to get there, and the first day of interest if it was never read."""

    mailbox: Mailbox
    url: ImapUrl
    first_day: date


class Visits:
    """Visits inboxes."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        senders: Senders,
        places: Places,
        hearing: MailHearing,
        reconciling: Reconciling,
        tls: ssl.SSLContext,
        threads: ThreadPoolExecutor,
        stay_seconds: float = STAY_SECONDS,
    ) -> None:
        """``threads``: enough for every visit to have one."""
        self._pool = pool
        self._vault = vault
        self._senders = senders
        self._places = places
        self._hearing = hearing
        self._reconciling = reconciling
        self._tls = tls
        self._threads = threads
        self._stay_seconds = stay_seconds
        self._sessions: set[ImapSession] = set()

    async def visit(self, place: Place, may_stay: Asked) -> None:
        """Read the inbox, and go on where the server tells of news, as long as ``may_stay`` says so.

        Raises ``ImapFailed``, ``LeaseLost``, ``Unreadable``, and what the database raises.
        """
        inbox = await self._inbox(place)
        session = await self._in_thread(ImapSession, inbox.url, self._tls, STEP_SECONDS)
        self._sessions.add(session)
        try:
            place = await self._read(session, place, inbox)
            while session.can_idle and await may_stay():
                await self._in_thread(session.wait, self._stay_seconds)
                place = await self._read(session, place, inbox)
            await self._in_thread(session.close)
        finally:
            self._sessions.discard(session)
            session.abort()

    def abort(self) -> None:
        """End the visits under way at once; each raises ``ImapFailed``."""
        for session in self._sessions:
            session.abort()

    async def _inbox(self, place: Place) -> _Inbox:
        """Raises ``Unreadable``, ``LeaseLost``."""
        async with one_moment(self._pool) as connection:
            found = await self._senders.load_many(place.workspace_id, [place.sender_id], connection)
            sender = found.get(place.sender_id)
            if sender is None:
                raise Unreadable
            if sender.inbox_id != place.inbox_id:
                raise LeaseLost
            documents = [place.inbox_id, sender.profile_id]
            opened = await self._vault.open_many(connection, place.workspace_id, documents)
        url = unpack(opened[place.inbox_id], Inbox).imap_url
        if url is None:
            raise Unreadable
        address = unpack(opened[sender.profile_id], SenderProfile).email_address
        mailbox = Mailbox(place.workspace_id, place.sender_id, address)
        return _Inbox(mailbox, parse_imap_url(url), (sender.created_at - BACK_TO).date())

    async def _read(self, session: ImapSession, place: Place, inbox: _Inbox) -> Place:
        """Read all there is; answers where the reading stands then."""
        await self._reconciling.look(
            inbox.mailbox, lambda message_id: self._in_thread(session.folder_with, message_id)
        )
        opened = await self._in_thread(session.open_inbox)
        if opened.uid_validity != place.uid_validity:
            place = await self._begin(session, place, inbox, opened)
        for uid in await self._in_thread(session.numbers_after, place.last_uid):
            place = replace(place, last_uid=uid)
            await self._hear(session, place, inbox.mailbox)
        await self._places.renew(place)
        return place

    async def _begin(self, session: ImapSession, place: Place, inbox: _Inbox, opened: Opened) -> Place:
        """Numbers of before say nothing here: begin with the first message of the first day of interest."""
        day = inbox.first_day if place.read_at is None else (place.read_at - BACK_TO).date()
        numbers = await self._in_thread(session.numbers_since, day)
        before = (numbers[0] if numbers else opened.next_uid) - 1
        begun = replace(place, uid_validity=opened.uid_validity, last_uid=before)
        await self._advance(begun)
        return begun

    async def _hear(self, session: ImapSession, place: Place, mailbox: Mailbox) -> None:
        """Let the message have its effect at which the place stands."""
        arrived = await self._in_thread(session.fetch, place.last_uid)
        if arrived is None:
            await self._advance(place)
            return
        try:
            await self._tell(arrived, place, mailbox)
        except (LeaseLost, *OUTAGES):
            raise
        except Exception as error:
            # An error of ours; what others answer behind this message must be heard all the same.
            _log.error(
                "message_not_heard", sender_id=str(place.sender_id), uid=place.last_uid, exc_info=error
            )
            await self._advance(place)

    async def _tell(self, arrived: Arrived, place: Place, mailbox: Mailbox) -> None:
        message = await self._in_thread(recognise, arrived.raw)
        key = message_key(message.message_id or sha256(arrived.raw).hexdigest())
        advance = partial(self._places.advance, place=place)
        await self._hearing.hear(mailbox, message, arrived.at, [key], new_id(), advance)

    async def _advance(self, place: Place) -> None:
        async with self._pool.acquire() as connection:
            await self._places.advance(connection, place)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(work, *args, **kwargs))
