"""The texts that drafts are made from: what the nodes of a campaign say, and who its leads are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from domain.lead.events import ImportedLead
from domain.sequence import Node
from service.database.pool import Connection
from service.texts import LeadProfile, NodeWords, unpack
from service.vault import Vault


async def words_of(
    connection: Connection, vault: Vault, workspace_id: UUID, nodes: Iterable[Node]
) -> dict[UUID, NodeWords]:
    """What the nodes say, by their ids; nodes without a text are absent."""
    documents = {node.id: node.text.document_id for node in nodes if node.text is not None}
    opened = await vault.open_many(connection, workspace_id, documents.values())
    return {node_id: unpack(opened[document_id], NodeWords) for node_id, document_id in documents.items()}


async def profiles_of(
    connection: Connection, vault: Vault, workspace_id: UUID, leads: Sequence[ImportedLead]
) -> Mapping[UUID, LeadProfile]:
    """Who the leads are, by their ids; erased ones are absent."""
    opened = await vault.open_many(connection, workspace_id, [lead.document_id for lead in leads])
    return {
        lead.lead_id: unpack(opened[lead.document_id], LeadProfile)
        for lead in leads
        if lead.document_id in opened
    }
