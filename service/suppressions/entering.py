"""Entering people into the suppression list by hand, and lifting what may be lifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.identity import identity_bytes
from domain.sequence import Channel
from domain.suppression import PersonSuppressed
from projections.leads import LEADS
from service.caller import Caller
from service.database.pool import Connection
from service.dispatch.suppressions import Suppressions
from service.dispatch.unsubscribing import Unsubscribing
from service.ids import new_id
from service.projector.freshness import Freshness
from service.store.log import EventStore
from service.texts import LeadProfile, pack
from service.vault import Document, Vault


class Identity(Struct, frozen=True):
    """Who somebody is on a channel: a normalised address, or a profile."""

    channel: Channel
    text: str

    @property
    def profile(self) -> LeadProfile:
        """The identity, as the vault keeps those of leads."""
        if self.channel == "email":
            return LeadProfile(email=self.text)
        return LeadProfile(linkedin_url=self.text)


class Entered(Struct, frozen=True):
    """How many were entered, and how many were in the list by hand already, or twice in the call."""

    added: int
    known: int


class SuppressionList:
    """The people whom a workspace wants to leave alone."""

    def __init__(
        self,
        store: EventStore,
        vault: Vault,
        suppressions: Suppressions,
        unsubscribing: Unsubscribing,
        freshness: Freshness,
    ) -> None:
        self._freshness = freshness
        self._store = store
        self._vault = vault
        self._suppressions = suppressions
        self._unsubscribing = unsubscribing

    async def enter(self, caller: Caller, identities: Sequence[Identity]) -> Entered:
        """Suppress these people, and end at once what is still to be sent to them, in every campaign.

        It is seen by the list of leads, too, when this returns.
        """
        workspace_id = caller.workspace_id
        people = {self._person(workspace_id, identity): identity for identity in identities}
        added = await self._enter(caller, people)
        stream = streams.suppressions(workspace_id)
        head = (await self._store.head(workspace_id, [stream]))[stream]
        await self._freshness.reached(head.last_position, LEADS)
        return Entered(added, len(identities) - added)

    async def _enter(self, caller: Caller, people: Mapping[UUID, Identity]) -> int:
        """Enter those who are not yet, in one transaction; answers how many."""
        workspace_id = caller.workspace_id
        async with self._store.transaction() as connection:
            added = await self._suppressions.added(
                connection, [(workspace_id, person_id) for person_id in people], "manual"
            )
            if added:
                new = {person_id: people[person_id] for _, person_id in added}
                await self._unsubscribing.end_all(connection, caller, list(new), "manual")
                events = await self._seal(connection, workspace_id, new)
                await self._suppressions.tell(connection, caller, events)
        return len(added)

    async def _seal(
        self, connection: Connection, workspace_id: UUID, people: Mapping[UUID, Identity]
    ) -> list[PersonSuppressed]:
        """Keep who the people are, each under their own key; answers the events that name the documents."""
        documents = [
            Document(person_id, new_id(), pack(identity.profile)) for person_id, identity in people.items()
        ]
        await self._vault.seal_many(connection, workspace_id, documents)
        return [
            PersonSuppressed(
                person_id=document.owner_id,
                reason="manual",
                channel=people[document.owner_id].channel,
                document_id=document.document_id,
            )
            for document in documents
        ]

    async def lift(self, caller: Caller, person_id: UUID) -> None:
        """Let later launches take the person again. Raises ``Refused`` as the domain's ``lift`` does."""
        async with self._store.transaction() as connection:
            await self._suppressions.lift(connection, caller, person_id)

    def _person(self, workspace_id: UUID, identity: Identity) -> UUID:
        canonical = identity_bytes(identity.channel, identity.text)
        return self._vault.identity_digest(workspace_id, identity.channel, canonical)
