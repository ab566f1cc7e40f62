"""Returns: mails that come back after a server had taken them over. The lead bounces, and a dead address is suppressed.

It is the same as if the server had refused the recipient at once, only later.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from domain.event import Event
from domain.lead.returning import Return, returned
from domain.suppression import is_dead_address, is_hard_bounce
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch import bounces
from service.dispatch import due as due_table
from service.dispatch.leads import lead_append, read_leads
from service.dispatch.sent import SentMail
from service.dispatch.suppressions import Suppressions
from service.ids import new_id
from service.store.appends import Conflict
from service.store.log import EventStore
from service.texts import Words, pack
from service.vault import Document, Vault

_queries: Any = statements(Path(__file__).with_name("returns.sql"))


class Verdict(Struct, frozen=True):
    """Why a mail could not be delivered: the last server's SMTP status (0: not told), that of RFC 3463, its words."""

    code: int
    status: str
    words: str

    @property
    def is_of_the_address(self) -> bool:
        """Whether nobody will ever get mail there."""
        return is_hard_bounce(self.code) if self.code else is_dead_address(self.status)


class Returns:
    """Records what came back."""

    def __init__(self, store: EventStore, vault: Vault, suppressions: Suppressions, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._suppressions = suppressions
        self._clock = clock

    async def record(self, connection: Connection, caller: Caller, mail: SentMail, verdict: Verdict) -> None:
        """The mail came back; in the caller's transaction. The second time changes nothing."""
        place = {"workspace_id": mail.workspace_id, "lead_id": mail.lead_id}
        in_flight: bool | None = await _queries.hold_lead(connection, **place)
        evidence = new_id() if verdict.words else None
        events = await self._tell(connection, caller, mail, Return(mail.send_id, verdict.code, evidence))
        if events and evidence is not None:
            document = Document(mail.person_id, evidence, pack(Words(verdict.words)))
            await self._vault.seal_many(connection, mail.workspace_id, [document])
        if events and in_flight is False:
            await due_table.drop(connection, [mail.lead])
        if verdict.is_of_the_address:
            person = mail.workspace_id, mail.person_id
            await self._suppressions.suppress(
                connection, [person], "hard-bounce", caller.actor, caller.correlation_id
            )
        await bounces.count(connection, [(mail.campaign, events)], self._clock.now())

    async def _tell(
        self, connection: Connection, caller: Caller, mail: SentMail, return_: Return
    ) -> Sequence[Event]:
        """Append what the lead decides."""
        while True:
            lead, version = (await read_leads(self._store, connection, [mail.lead]))[mail.lead]
            events = returned(lead, return_)
            if not events:
                return ()
            append = lead_append(mail.lead, version, events, caller.context(self._clock))
            [outcome] = await self._store.append_in(connection, [append])
            if not isinstance(outcome, Conflict):
                return events
