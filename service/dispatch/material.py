"""What sends are made from: campaigns, senders, workspaces, and the documents of these and of the leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from domain.campaign.state import Campaign
from domain.sender.state import Sender
from domain.sequence import position_of
from domain.workspace import Workspace
from service.campaigns.repository import Campaigns
from service.database.pool import Connection, Pool, one_moment
from service.dispatch.due import Due, Key
from service.messages.promoted import Promoted, Recipient, promoted, words_for
from service.senders.repository import Senders
from service.texts import LeadProfile, NodeWords, Opened, SenderProfile
from service.vault import Vault
from service.workspaces.settings import WorkspaceSettings


class Material(Struct, frozen=True):
    """What there is for some due rows; senders that were removed and documents that were erased are absent."""

    campaigns: Mapping[Key, Campaign]
    senders: Mapping[Key, Sender]
    workspaces: Mapping[UUID, Workspace]
    drafts: Promoted
    documents: Opened
    erased: frozenset[UUID]
    """The documents that would be needed, too."""

    def campaign(self, due: Due) -> Campaign:
        """The lead's campaign."""
        return self.campaigns[due.workspace_id, due.campaign_id]

    def sender(self, due: Due) -> Sender | None:
        """The lead's sender, if it is still there."""
        return self.senders.get((due.workspace_id, due.sender_id))

    def is_whole(self, due: Due, sender: Sender) -> bool:
        """Whether no text that the send may need was erased."""
        if not self.erased:
            return True
        drafts = (self.drafts.get((due.lead_id, node.id)) for node in self.campaign(due).nodes)
        needed = {due.document_id, *_campaign_texts(self.campaign(due)), *_sender_texts(sender)}
        needed.update(_workspace_texts(self.workspaces[due.workspace_id]))
        return self.erased.isdisjoint(needed.union(draft for draft in drafts if draft is not None))

    def lead(self, due: Due) -> LeadProfile:
        """Who the lead is."""
        return self.documents.document(due.document_id, LeadProfile)

    def profile(self, sender: Sender) -> SenderProfile:
        """Who the sender is."""
        return self.documents.document(sender.profile_id, SenderProfile)

    def postal_address(self, due: Due) -> str:
        """What stands under the mails of the lead's workspace; empty if it set nothing."""
        ref = self.workspaces[due.workspace_id].postal_address
        return "" if ref is None else self.documents.words(ref)

    def words(self, due: Due, node_id: UUID) -> NodeWords:
        """What the lead is sent for a node. Raises ``MissingDraft``, and ``templating.Unresolved``."""
        nodes = self.campaign(due).nodes
        node = nodes[position_of(nodes, node_id)]
        return words_for(due.lead_id, node, self.drafts, self.lead(due).values(), self.documents)


class Materials:
    """Gathers what sends are made from."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        campaigns: Campaigns,
        senders: Senders,
        workspaces: WorkspaceSettings,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._campaigns = campaigns
        self._senders = senders
        self._workspaces = workspaces

    async def gather(self, rows: Sequence[Due]) -> Material:
        """What the sends of these rows are made from."""
        # One moment, for an inbox that is replaced takes the credentials of the one before with it.
        async with one_moment(self._pool) as connection:
            campaigns = await self._load_campaigns(connection, rows)
            senders = await self._load_senders(connection, rows)
            workspaces = await self._load_workspaces(connection, rows)
            recipients = [Recipient(due.workspace_id, due.campaign_id, due.lead_id) for due in rows]
            drafts = await promoted(connection, recipients)
            wanted = _wanted(rows, campaigns, senders, drafts)
            for workspace_id, workspace in workspaces.items():
                wanted[workspace_id].update(_workspace_texts(workspace))
            documents = await self._open(connection, wanted)
        erased = frozenset[UUID]().union(*wanted.values()) - documents.keys()
        return Material(campaigns, senders, workspaces, drafts, Opened(documents), erased)

    async def _load_campaigns(self, connection: Connection, rows: Sequence[Due]) -> dict[Key, Campaign]:
        keys = {(due.workspace_id, due.campaign_id) for due in rows}
        return {key: await self._campaigns.load(*key, connection=connection) for key in keys}

    async def _load_senders(self, connection: Connection, rows: Sequence[Due]) -> dict[Key, Sender]:
        found: dict[Key, Sender] = {}
        for workspace_id in {due.workspace_id for due in rows}:
            ids = {due.sender_id for due in rows if due.workspace_id == workspace_id}
            senders = await self._senders.load_many(workspace_id, ids, connection)
            found.update({(workspace_id, sender_id): sender for sender_id, sender in senders.items()})
        return found

    async def _load_workspaces(self, connection: Connection, rows: Sequence[Due]) -> dict[UUID, Workspace]:
        ids = {due.workspace_id for due in rows}
        return {id_: await self._workspaces.load(id_, connection) for id_ in ids}

    async def _open(self, connection: Connection, wanted: Mapping[UUID, set[UUID]]) -> dict[UUID, bytes]:
        opened: dict[UUID, bytes] = {}
        for workspace_id, document_ids in wanted.items():
            opened |= await self._vault.open_many(connection, workspace_id, document_ids)
        return opened


def _wanted(
    rows: Sequence[Due],
    campaigns: Mapping[Key, Campaign],
    senders: Mapping[Key, Sender],
    drafts: Promoted,
) -> dict[UUID, set[UUID]]:
    """The documents that the sends of ``rows`` are made of, by workspace."""
    wanted: dict[UUID, set[UUID]] = {}
    for due in rows:
        wanted.setdefault(due.workspace_id, set()).add(due.document_id)
    workspace_of = {due.lead_id: due.workspace_id for due in rows}
    for (lead_id, _), document_id in drafts.items():
        wanted[workspace_of[lead_id]].add(document_id)
    for (workspace_id, _), campaign in campaigns.items():
        wanted[workspace_id].update(_campaign_texts(campaign))
    for (workspace_id, _), sender in senders.items():
        wanted[workspace_id].update(_sender_texts(sender))
    return wanted


def _campaign_texts(campaign: Campaign) -> list[UUID]:
    signature = campaign.settings.signature
    texts = [node.text.document_id for node in campaign.nodes if node.text is not None]
    return [*texts, signature.document_id] if signature else texts


def _sender_texts(sender: Sender) -> list[UUID]:
    return [sender.profile_id] if sender.inbox_id is None else [sender.profile_id, sender.inbox_id]


def _workspace_texts(workspace: Workspace) -> list[UUID]:
    return [] if workspace.postal_address is None else [workspace.postal_address.document_id]
