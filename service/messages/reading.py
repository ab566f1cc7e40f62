"""Reading drafts: which there are from their table, what they say from the vault."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from service.campaigns.repository import Campaigns
from service.database.pool import Pool
from service.messages import table
from service.messages.editing import DraftText
from service.messages.table import Roll
from service.texts import NodeWords, unpack
from service.vault import Vault

START = (UUID(int=0), 0)
"""The place before all drafts."""


class DraftPage(Struct, frozen=True):
    """Some drafts, lead by lead in the order of the sequence; ``last`` is the place of the last one, if more follow."""

    drafts: Sequence[DraftText]
    last: tuple[UUID, int] | None


class DraftReading:
    """Reads drafts."""

    def __init__(self, pool: Pool, campaigns: Campaigns, vault: Vault) -> None:
        self._pool = pool
        self._campaigns = campaigns
        self._vault = vault

    async def page(
        self,
        workspace_id: UUID,
        campaign_id: UUID,
        lead_id: UUID | None,
        after: tuple[UUID, int],
        at_most: int,
    ) -> DraftPage:
        """The drafts behind the place ``after``, of one lead or of all. Raises ``Refused`` ``not-found``."""
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        node_ids = [node.id for node in campaign.nodes]
        async with self._pool.acquire() as connection:
            found = await table.page(
                connection, Roll(workspace_id, campaign_id), node_ids, lead_id, after, at_most + 1
            )
            shown = found[:at_most]
            opened = await self._vault.open_many(
                connection, workspace_id, [draft.document_id for draft in shown]
            )
        drafts = [
            DraftText(
                lead_id=draft.lead_id,
                node_id=draft.node_id,
                origin=draft.origin,
                words=(unpack(opened[draft.document_id], NodeWords) if draft.document_id in opened else None),
            )
            for draft in shown
        ]
        last = (shown[-1].lead_id, shown[-1].position) if len(found) > at_most else None
        return DraftPage(drafts, last)
