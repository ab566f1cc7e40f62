"""The outcome of a launch in words for the person who asked: leads and senders by name, which the log never has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.readiness import Finding
from service.database.pool import Pool
from service.database.statements import statements
from service.senders.repository import Senders
from service.texts import LeadProfile, SenderProfile, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("selection.sql"))


class Wording:
    """Opens the few texts that an answer names."""

    def __init__(self, pool: Pool, vault: Vault, senders: Senders) -> None:
        self._pool = pool
        self._vault = vault
        self._senders = senders

    async def leads(self, workspace_id: UUID, lead_ids: Sequence[UUID]) -> dict[UUID, LeadProfile]:
        """Who the leads are; erased ones are absent."""
        async with self._pool.acquire() as connection:
            rows = _queries.documents_of(connection, workspace_id=workspace_id, lead_ids=list(lead_ids))
            documents = {row["lead_id"]: row["document_id"] async for row in rows}
            opened = await self._vault.open_many(connection, workspace_id, documents.values())
        return {
            lead_id: unpack(opened[document_id], LeadProfile)
            for lead_id, document_id in documents.items()
            if document_id in opened
        }

    async def findings(self, workspace_id: UUID, findings: Sequence[Finding]) -> list[dict[str, object]]:
        """Blockers or warnings as the API shows them: code, message and evidence, senders by their names."""
        ids = {UUID(str(found.evidence["sender_id"])) for found in findings if "sender_id" in found.evidence}
        profiles = await self._profiles(workspace_id, ids)
        return [_shown(found, profiles) for found in findings]

    async def names(self, workspace_id: UUID, sender_ids: set[UUID]) -> dict[str, str]:
        """What people know the senders by, by id; those that are gone are absent."""
        profiles = await self._profiles(workspace_id, sender_ids)
        return {id_: profile.called for id_, profile in profiles.items()}

    async def _profiles(self, workspace_id: UUID, sender_ids: set[UUID]) -> dict[str, SenderProfile]:
        senders = await self._senders.load_many(workspace_id, sender_ids)
        async with self._pool.acquire() as connection:
            opened = await self._vault.open_many(
                connection, workspace_id, [sender.profile_id for sender in senders.values()]
            )
        return {
            str(id_): unpack(opened[sender.profile_id], SenderProfile)
            for id_, sender in senders.items()
            if sender.profile_id in opened
        }


def _shown(found: Finding, profiles: dict[str, SenderProfile]) -> dict[str, object]:
    sender_id = str(found.evidence.get("sender_id", ""))
    profile = profiles.get(sender_id)
    if profile is None:
        return {"code": found.code, "message": found.message, **found.evidence}
    message = found.message.replace(sender_id, profile.called)
    shown = {"code": found.code, "message": message, **found.evidence}
    return shown | {"email_address": profile.email_address} if profile.email_address else shown
