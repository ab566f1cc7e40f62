"""Hearing what came back by mail, and bringing it to the leads: each message once, whichever way it comes.

The effect of a message and the note that it was heard are one transaction, with what its bearer writes of its own (how
far an inbox was read): so nothing is lost, and what comes twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog
from msgspec import Struct

from domain.identity import identity_bytes, normalise_email
from domain.refusal import Invalid
from service.caller import Caller
from service.channels.received import (
    AutomaticAnswer,
    Complaint,
    DeliveryDelayed,
    DeliveryFailed,
    Recognised,
    Reply,
    Unrelated,
)
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch.answers import Answers
from service.dispatch.returns import Returns, Verdict
from service.dispatch.sent import SentMail, first_of, latest_to
from service.dispatch.suppressions import Suppressions
from service.dispatch.unsubscribing import Unsubscribing
from service.senders.repository import Beside
from service.store.log import EventStore
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("hearing.sql"))
_log = structlog.get_logger(__name__)

REMEMBERED: Final = timedelta(days=90)
"""How long a message that was heard is known."""
SKEW: Final = timedelta(minutes=5)
"""How far the clock of a mail server may be behind ours."""
ACTOR: Final = "mail"


class Mailbox(Struct, frozen=True):
    """The mailbox of a sender account, by its normalised address."""

    workspace_id: UUID
    sender_id: UUID
    address: str


def message_key(message_id: str) -> bytes:
    """What tells a message from others wherever it is met, by its Message-ID."""
    return b"message:" + message_id.strip().encode(errors="replace")


class MailHearing:
    """Hears messages."""

    def __init__(
        self,
        store: EventStore,
        vault: Vault,
        answers: Answers,
        returns: Returns,
        suppressions: Suppressions,
        unsubscribing: Unsubscribing,
        clock: Clock,
    ) -> None:
        self._store = store
        self._vault = vault
        self._answers = answers
        self._returns = returns
        self._suppressions = suppressions
        self._unsubscribing = unsubscribing
        self._clock = clock

    async def hear(
        self,
        mailbox: Mailbox,
        message: Recognised,
        at: datetime,
        keys: Sequence[bytes],
        correlation_id: UUID,
        beside: Beside | None = None,
    ) -> None:
        """Let a message that arrived ``at`` the mailbox have its effect, unless it was heard before.

        ``keys`` tell it from others. ``beside`` is written in the same transaction, in any case.
        """
        caller = Caller(mailbox.workspace_id, ACTOR, correlation_id)
        async with self._store.transaction() as connection:
            mail = await self._mail_behind(connection, mailbox, message, at)
            if mail is not None and await self._note(connection, mailbox, keys):
                await self._apply(connection, caller, mail, message)
                _log.info("mail_heard", kind=type(message).__name__, lead_id=str(mail.lead_id))
            if beside is not None:
                await beside(connection)

    async def _mail_behind(
        self, connection: Connection, mailbox: Mailbox, message: Recognised, at: datetime
    ) -> SentMail | None:
        """The mail of ours that the message is about: by the Message-ID it names, else by the person's address."""
        if isinstance(message, AutomaticAnswer | DeliveryDelayed | Unrelated):
            return None
        address = message.sender if isinstance(message, Reply) else message.recipient
        if isinstance(message, Reply) and address.lower() == mailbox.address:
            return None  # a copy of what was written from here
        about = message.about
        named = await first_of(connection, mailbox.workspace_id, about) if about else None
        person_id = self._person(mailbox.workspace_id, address)
        if named is not None or person_id is None:
            return named
        return await latest_to(connection, mailbox.workspace_id, mailbox.sender_id, person_id, at + SKEW)

    def _person(self, workspace_id: UUID, address: str) -> UUID | None:
        """Who has this address; None for one that no lead can have."""
        try:
            canonical = identity_bytes("email", normalise_email(address))
        except Invalid:
            return None
        return self._vault.identity_digest(workspace_id, "email", canonical)

    async def _note(self, connection: Connection, mailbox: Mailbox, keys: Sequence[bytes]) -> bool:
        """Whether nothing that tells the message from others was noted before."""
        now = self._clock.now()
        digests = {self._vault.identity_digest(mailbox.workspace_id, "mail-message", key) for key in keys}
        rows = _queries.note(
            connection,
            workspace_id=mailbox.workspace_id,
            sender_id=mailbox.sender_id,
            digests=list(digests),
            now=now,
            forgotten_before=now - REMEMBERED,
        )
        return {row["digest"] async for row in rows} == digests

    async def _apply(
        self, connection: Connection, caller: Caller, mail: SentMail, message: Recognised
    ) -> None:
        match message:
            case Reply(words=words):
                await self._answers.replied(
                    connection,
                    mail.workspace_id,
                    mail.sender_id,
                    mail.person_id,
                    caller.correlation_id,
                    words,
                )
            case DeliveryFailed(code=code, status=status, words=words):
                await self._returns.record(connection, caller, mail, Verdict(code, status, words))
            case Complaint():
                await self._unsubscribing.end_all(connection, caller, [mail.person_id], "complaint")
                await self._suppressions.suppress(
                    connection,
                    [(mail.workspace_id, mail.person_id)],
                    "complaint",
                    caller.actor,
                    caller.correlation_id,
                )
            case _:
                raise ValueError(f"{type(message).__name__} says nothing about a mail")
