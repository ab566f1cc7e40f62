"""Editing one draft by hand: from then on it is what the lead is sent, as it stands."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from domain import message_draft, templating
from domain.campaign.state import Campaign
from domain.lead.events import ImportedLead
from domain.message_draft import Origin, WrittenDraft
from domain.sequence import Node, position_of
from service.caller import Caller
from service.campaigns.repository import Expect, any_version
from service.database.pool import Connection
from service.leads.reading import no_such_lead
from service.messages import table
from service.messages.table import Roll
from service.messages.templates import profiles_of, words_of
from service.messages.writing import DraftWriting, NewDraft
from service.texts import LeadProfile, NodeWords, filled, unpack
from service.vault import Vault


class DraftText(Struct, frozen=True, kw_only=True):
    """A draft with its words; None for those of an erased person."""

    lead_id: UUID
    node_id: UUID
    origin: Origin
    words: NodeWords | None


class DraftEdit(Struct, frozen=True, kw_only=True):
    """New words for a lead and a node; what is unset stays as the draft, or else the template, has it."""

    lead_id: UUID
    node_id: UUID
    subject: str | UnsetType = UNSET
    body: str | UnsetType = UNSET


class DraftEditing:
    """Edits drafts."""

    def __init__(self, vault: Vault, writing: DraftWriting) -> None:
        self._vault = vault
        self._writing = writing

    async def edit(
        self, caller: Caller, campaign_id: UUID, edit: DraftEdit, expect: Expect = any_version
    ) -> DraftText:
        """Write the draft.

        Raises ``Invalid``, and ``Refused`` ``not-found``, ``node-not-found`` or ``campaign-not-draft``.
        """

        async def write(connection: Connection, campaign: Campaign) -> DraftText:
            roll = Roll(caller.workspace_id, campaign_id)
            node = campaign.nodes[position_of(campaign.nodes, edit.node_id)]
            lead = await _lead(connection, roll, edit.lead_id)
            present = await table.drafts_of(connection, roll, [edit.lead_id])
            before = await self._words(
                connection, caller.workspace_id, lead, node, present.get((edit.lead_id, edit.node_id))
            )
            words = _edited(before, edit)
            message_draft.check(campaign.channel, campaign.nodes, node.id, words.subject, words.body)
            draft = NewDraft(lead=lead, node_id=node.id, words=words, origin="manual")
            manuscript = self._writing.prepare(caller.workspace_id, present, [draft])
            await self._writing.store(connection, caller, campaign, manuscript)
            return DraftText(lead_id=lead.lead_id, node_id=node.id, origin="manual", words=words)

        return await self._writing.transact(caller.workspace_id, campaign_id, write, expect)

    async def _words(
        self,
        connection: Connection,
        workspace_id: UUID,
        lead: ImportedLead,
        node: Node,
        present: WrittenDraft | None,
    ) -> NodeWords:
        """What an edit begins with. Raises ``Refused`` ``not-found`` for an erased person."""
        profiles = await profiles_of(connection, self._vault, workspace_id, [lead])
        if lead.lead_id not in profiles:
            raise no_such_lead()
        if present is not None:
            return unpack(await self._vault.open(connection, workspace_id, present.document_id), NodeWords)
        words = await words_of(connection, self._vault, workspace_id, [node])
        return _said(node, words.get(node.id, NodeWords()), profiles[lead.lead_id])


async def _lead(connection: Connection, roll: Roll, lead_id: UUID) -> ImportedLead:
    found = await table.leads_of(connection, roll, [lead_id])
    if not found:
        raise no_such_lead()
    return found[0]


def _said(node: Node, words: NodeWords, lead: LeadProfile) -> NodeWords:
    """What the node's template says to the lead; nothing where that can't be known, or is a prompt."""
    if node.is_prompt:
        return NodeWords()
    try:
        return filled(words, lead.values())
    except templating.Unresolved:
        return NodeWords()


def _edited(words: NodeWords, edit: DraftEdit) -> NodeWords:
    subject = words.subject if edit.subject is UNSET else templating.one_line(edit.subject)
    return NodeWords(subject, words.body if edit.body is UNSET else edit.body)
