"""Writing message drafts: rows, sealed texts and events together, and only while the campaign is a draft.

Every write appends to the campaign's stream as it was read. So a launch, or a change of leads or sequence, that comes
between reading and writing makes the write begin anew, and no draft is written to a campaign that was launched.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct

from domain import message_draft, streams
from domain.campaign.decide import ReviseDrafts, decide, require_draft
from domain.campaign.state import Campaign
from domain.lead.events import ImportedLead
from domain.message_draft import Drafts, Origin, WrittenDraft
from domain.refusal import Refused
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, Expect, StreamMoved, any_version
from service.database.pool import Connection
from service.ids import new_id
from service.messages import table
from service.messages.table import Roll
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite
from service.store.log import EventStore
from service.texts import NodeWords, pack
from service.vault import Document, Vault

ATTEMPTS: Final = 20
"""How often a write begins anew when others change the campaign at the same moment."""

T = TypeVar("T")
Write: TypeAlias = Callable[[Connection, Campaign], Awaitable[T]]


class NewDraft(Struct, frozen=True, kw_only=True):
    """Words for a lead and a node."""

    lead: ImportedLead
    node_id: UUID
    words: NodeWords
    origin: Origin


class Manuscript(Struct, frozen=True):
    """Drafts that change something, and the documents that hold them; not written yet."""

    drafts: Sequence[WrittenDraft]
    documents: Sequence[Document]


class DraftWriting:
    """Writes drafts."""

    def __init__(self, store: EventStore, campaigns: Campaigns, vault: Vault) -> None:
        self._store = store
        self._campaigns = campaigns
        self._vault = vault

    async def draft(self, workspace_id: UUID, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """The campaign, if drafts may be written. Raises ``Refused`` ``campaign-not-draft``, ``not-found``."""
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        expect(campaign.version)
        require_draft(campaign)
        return campaign

    async def transact(
        self, workspace_id: UUID, campaign_id: UUID, write: Write[T], expect: Expect = any_version
    ) -> T:
        """What ``write`` answers, given a transaction and the campaign; begun anew while others change the campaign.

        Raises as ``draft`` does, what ``write`` raises, and ``Refused`` ``campaign-changed``.
        """
        for _ in range(ATTEMPTS):
            campaign = await self.draft(workspace_id, campaign_id, expect)
            try:
                async with self._store.transaction() as connection:
                    return await write(connection, campaign)
            except StreamMoved:
                continue
        raise Refused("campaign-changed", "Others keep changing this campaign. Read it again, then repeat.")

    def prepare(self, workspace_id: UUID, present: Drafts, drafts: Sequence[NewDraft]) -> Manuscript:
        """Those of the drafts that take the place of what is ``present`` there."""
        documents: dict[UUID, Document] = {}
        drawn: list[WrittenDraft] = []
        for new in drafts:
            data = pack(new.words)
            document = Document(new.lead.person_id, new_id(), data)
            documents[document.document_id] = document
            drawn.append(
                WrittenDraft(
                    lead_id=new.lead.lead_id,
                    node_id=new.node_id,
                    document_id=document.document_id,
                    digest=self._vault.content_digest(workspace_id, data),
                    origin=new.origin,
                )
            )
        changed = message_draft.write(present, drawn)
        return Manuscript(changed, [documents[draft.document_id] for draft in changed])

    async def store(
        self,
        connection: Connection,
        caller: Caller,
        campaign: Campaign,
        manuscript: Manuscript,
        *also: StreamWrite,
    ) -> None:
        """Write them to the campaign as it was read, together with events of other streams. Raises ``StreamMoved``."""
        drafts = manuscript.drafts
        if not drafts and not also:
            return
        # Rows before keys before heads, as for leads: nobody waits in a circle.
        await table.put(connection, Roll(caller.workspace_id, campaign.id), drafts)
        await self._vault.seal_many(connection, caller.workspace_id, manuscript.documents)
        told = StreamWrite(
            stream=streams.drafts(campaign.id),
            expected=AnyVersion(),
            events=tuple(message_draft.written(drafts)),
        )
        change = Change(
            events=decide(campaign, ReviseDrafts(written=len(drafts))),
            also=(*((told,) if drafts else ()), *also),
        )
        await self._campaigns.swap(caller, campaign, change, connection)
