"""Erasing a person: nothing that is known of them stays, nothing more is sent to them, nothing is kept of them again.

What stays are facts about somebody whom nobody can name: the keyed digest of the identity, in events and in the
suppression list, which is what keeps the person from being imported and written to again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.identity import identity_bytes
from domain.suppression import PersonErased
from projections.leads import LEADS
from projections.suppressions import SUPPRESSIONS
from service.caller import Caller
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch.suppressions import Suppressions
from service.dispatch.unsubscribing import Unsubscribing
from service.projector.freshness import Freshness
from service.store.log import EventStore
from service.suppressions.entering import Identity
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("erasing.sql"))


class Erased(Struct, frozen=True, kw_only=True):
    """How many texts are gone: the data of ``leads``, ``drafts`` of messages, and ``documents`` of any kind in all.

    ``lead_ids`` are the leads of the person, also those that were erased before.
    """

    leads: int
    drafts: int
    documents: int
    lead_ids: tuple[UUID, ...]


class Erasing:
    """Erases people."""

    def __init__(
        self,
        store: EventStore,
        vault: Vault,
        suppressions: Suppressions,
        unsubscribing: Unsubscribing,
        freshness: Freshness,
    ) -> None:
        self._store = store
        self._vault = vault
        self._suppressions = suppressions
        self._unsubscribing = unsubscribing
        self._freshness = freshness

    async def erase(self, caller: Caller, identity: Identity) -> Erased:
        """Erase who has this identity, known or not; the second time there is nothing left to do.

        It is seen by every read model when this returns.
        """
        canonical = identity_bytes(identity.channel, identity.text)
        person_id = self._vault.identity_digest(caller.workspace_id, identity.channel, canonical)
        told = PersonErased(person_id=person_id, channel=identity.channel)
        async with self._store.transaction() as connection:
            erased = await self._erase(connection, caller, told)
        stream = streams.suppressions(caller.workspace_id)
        head = (await self._store.head(caller.workspace_id, [stream]))[stream]
        await self._freshness.reached(head.last_position, LEADS, SUPPRESSIONS)
        return erased

    async def _erase(self, connection: Connection, caller: Caller, told: PersonErased) -> Erased:
        """In the order of everybody's locks: suppression, due rows, leads, keys, heads.

        The key comes last because it waits for those who are keeping something of the person at this moment, and takes
        that along.
        """
        workspace_id, person_id = caller.workspace_id, told.person_id
        new = await self._suppressions.added(connection, [(workspace_id, person_id)], "erased")
        await self._unsubscribing.end_all(connection, caller, [person_id], "erased")
        place = {"workspace_id": workspace_id, "person_id": person_id}
        lead_ids = tuple([row["lead_id"] async for row in _queries.hold_leads(connection, **place)])
        documents = await self._vault.erase_owner(connection, workspace_id, person_id)
        tally = await _queries.tally(connection, **place, document_ids=documents)
        if new:
            await self._suppressions.tell(connection, caller, [told])
        return Erased(
            leads=tally["leads"], drafts=tally["drafts"], documents=len(documents), lead_ids=lead_ids
        )
