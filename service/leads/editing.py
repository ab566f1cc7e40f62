"""Editing and removing the leads of a draft."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from domain import streams
from domain.campaign.decide import ReviseLeads, decide
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.division import LEADS_AN_EVENT
from domain.lead.events import CorrectedLead, LeadsCorrected, LeadsRemoved
from domain.refusal import Refused
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, Expect, StreamMoved, any_version
from service.database.pool import Connection
from service.database.statements import statements
from service.ids import new_id
from service.leads.importing import ATTEMPTS, Importing
from service.leads.reading import no_such_lead
from service.leads.rows import LeadUpdates, new_lead, updated
from service.messages.table import Roll
from service.messages.table import drop as drop_drafts
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite
from service.store.log import EventStore
from service.texts import LeadProfile, pack, unpack
from service.vault import Document, Vault

_queries: Any = statements(Path(__file__).with_name("roster.sql"))


class LeadEditing:
    """Changes the lead list of drafts."""

    def __init__(self, store: EventStore, vault: Vault, campaigns: Campaigns, importing: Importing) -> None:
        self._store = store
        self._vault = vault
        self._campaigns = campaigns
        self._importing = importing

    async def correct(
        self,
        caller: Caller,
        campaign_id: UUID,
        lead_id: UUID,
        updates: LeadUpdates,
        expect: Expect = any_version,
    ) -> None:
        """Edit one lead. Raises ``Invalid``, ``Refused`` ``lead-exists`` when it becomes another, ``lead-erased``."""
        for _ in range(ATTEMPTS):
            draft = await self._importing.draft(caller.workspace_id, campaign_id, expect)
            try:
                async with self._store.transaction() as connection:
                    return await self._correct(connection, caller, draft, lead_id, updates)
            except asyncpg.UniqueViolationError:
                raise Refused("lead-exists", "Another lead of this campaign has this identity.") from None
            except StreamMoved:
                continue
        raise _changing()

    async def remove(
        self, caller: Caller, campaign_id: UUID, lead_ids: Sequence[UUID], expect: Expect = any_version
    ) -> int:
        """Take leads off the draft; answers how many were on it."""
        for _ in range(ATTEMPTS):
            draft = await self._importing.draft(caller.workspace_id, campaign_id, expect)
            try:
                async with self._store.transaction() as connection:
                    rows = _queries.leads_of(
                        connection,
                        workspace_id=caller.workspace_id,
                        campaign_id=campaign_id,
                        lead_ids=list(lead_ids),
                    )
                    return await self._remove(
                        connection, caller, draft, [row["lead_id"] async for row in rows]
                    )
            except StreamMoved:
                continue
        raise _changing()

    async def remove_all(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> int:
        """Take every lead off the draft, a thousand at a time; answers how many there were."""
        expect((await self._importing.draft(caller.workspace_id, campaign_id)).version)
        removed = 0
        while part := await self._remove_part(caller, campaign_id):
            removed += part
        return removed

    async def _remove_part(self, caller: Caller, campaign_id: UUID) -> int:
        for _ in range(ATTEMPTS):
            draft = await self._importing.draft(caller.workspace_id, campaign_id)
            try:
                async with self._store.transaction() as connection:
                    rows = _queries.first_leads(
                        connection,
                        workspace_id=caller.workspace_id,
                        campaign_id=campaign_id,
                        at_most=LEADS_AN_EVENT,
                    )
                    return await self._remove(
                        connection, caller, draft, [row["lead_id"] async for row in rows]
                    )
            except StreamMoved:
                continue
        raise _changing()

    async def _remove(
        self, connection: Connection, caller: Caller, draft: Campaign, lead_ids: Sequence[UUID]
    ) -> int:
        if not lead_ids:
            return 0
        await _queries.remove(connection, workspace_id=caller.workspace_id, lead_ids=list(lead_ids))
        dropped = await drop_drafts(connection, Roll(caller.workspace_id, draft.id), lead_ids)
        removed = LeadsRemoved(lead_ids=tuple(lead_ids))
        await self._revise(connection, caller, draft, ReviseLeads(removed=len(lead_ids)), removed, *dropped)
        return len(lead_ids)

    async def _correct(
        self, connection: Connection, caller: Caller, draft: Campaign, lead_id: UUID, updates: LeadUpdates
    ) -> None:
        workspace_id = caller.workspace_id
        rows = _queries.leads_of(
            connection, workspace_id=workspace_id, campaign_id=draft.id, lead_ids=[lead_id]
        )
        found = [row async for row in rows]
        if not found:
            raise no_such_lead()
        before = await self._profile(connection, workspace_id, found[0]["document_id"])
        after = new_lead(draft.channel, updated(before, updates))
        if after.profile == before:
            return
        person_id = self._vault.identity_digest(workspace_id, draft.channel, after.canonical)
        document_id = new_id()
        # Before the roster, as an import does, which else could wait for this change while it is waited for.
        document = Document(person_id, document_id, pack(after.profile))
        await self._vault.seal_many(connection, workspace_id, [document])
        await _queries.correct(
            connection,
            workspace_id=workspace_id,
            lead_id=lead_id,
            person_id=person_id,
            document_id=document_id,
            fields=after.fields,
        )
        # What was written for one person is not sent to another.
        others = [lead_id] if person_id != found[0]["person_id"] else []
        dropped = await drop_drafts(connection, Roll(workspace_id, draft.id), others)
        corrected = LeadsCorrected(leads=(CorrectedLead(lead_id, person_id, document_id),))
        await self._revise(connection, caller, draft, ReviseLeads(corrected=1), corrected, *dropped)

    async def _profile(self, connection: Connection, workspace_id: UUID, document_id: UUID) -> LeadProfile:
        opened = await self._vault.open_many(connection, workspace_id, [document_id])
        if document_id not in opened:
            raise Refused(
                "lead-erased", "The person behind this lead was erased. Remove the lead, or leave it."
            )
        return unpack(opened[document_id], LeadProfile)

    async def _revise(
        self,
        connection: Connection,
        caller: Caller,
        draft: Campaign,
        command: ReviseLeads,
        fact: Event,
        *also: StreamWrite,
    ) -> None:
        roster = StreamWrite(stream=streams.roster(draft.id), expected=AnyVersion(), events=(fact,))
        await self._campaigns.swap(
            caller, draft, Change(events=decide(draft, command), also=(roster, *also)), connection
        )


def _changing() -> Refused:
    return Refused("campaign-changed", "Others keep changing this campaign. Read it again, then repeat.")
