"""Reading the leads of a campaign: their standing from the read model, who they are from the vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict

from domain import streams
from domain.lead.events import LeadStatus, SkipReason, Source
from domain.refusal import Refused
from projections.leads import LEADS, lay_out
from service.campaigns.repository import Campaigns
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.past.campaigns import PastCampaigns
from service.past.leads import PastLeads
from service.past.moments import Moment
from service.projector.freshness import Freshness
from service.store.log import EventStore
from service.texts import LeadProfile, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("reading.sql"))


class LeadStanding(Struct, frozen=True, kw_only=True):
    """A lead: how it stands, and who it is. An erased person's texts are all missing."""

    id: UUID
    campaign_id: UUID
    status: LeadStatus
    source: Source
    created_at: datetime
    updated_at: datetime
    bounced_at: datetime | None
    replied_at: datetime | None
    current_node_id: UUID | None
    next_action_at: datetime | None
    skip_reason: SkipReason | None
    profile: LeadProfile


class LeadPage(Struct, frozen=True):
    """Some leads in the order in which they joined, and how many there are in all."""

    leads: Sequence[LeadStanding]
    total: int


class LeadReading:
    """Reads leads; what a client has written itself is always there."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        vault: Vault,
        campaigns: Campaigns,
        freshness: Freshness,
        past_campaigns: PastCampaigns,
        past_leads: PastLeads,
    ) -> None:
        self._pool = pool
        self._store = store
        self._vault = vault
        self._campaigns = campaigns
        self._freshness = freshness
        self._past_campaigns = past_campaigns
        self._past_leads = past_leads

    async def page(
        self, workspace_id: UUID, campaign_id: UUID, status: LeadStatus | None, skip: int, at_most: int
    ) -> LeadPage:
        """Some leads, of one status or of all. Raises ``Refused`` ``not-found``."""
        await self._catch_up(workspace_id, campaign_id)
        place = {"workspace_id": workspace_id, "campaign_id": campaign_id}
        async with self._pool.acquire() as connection:
            if status is None:
                found = _queries.page(connection, **place, skip=skip, at_most=at_most)
            else:
                found = _queries.page_by_status(
                    connection, **place, status=status, skip=skip, at_most=at_most
                )
            rows = [row async for row in found]
            total: int = await _queries.total(connection, **place, status=status)
            return LeadPage(await self._standings(connection, workspace_id, rows), total)

    async def one(self, workspace_id: UUID, campaign_id: UUID, lead_id: UUID) -> LeadStanding:
        """One lead. Raises ``Refused`` ``not-found``."""
        await self._catch_up(workspace_id, campaign_id)
        async with self._pool.acquire() as connection:
            row = await _queries.one(
                connection, workspace_id=workspace_id, campaign_id=campaign_id, lead_id=lead_id
            )
            if row is None:
                raise no_such_lead()
            [standing] = await self._standings(connection, workspace_id, [row])
            return standing

    async def past(
        self,
        workspace_id: UUID,
        campaign_id: UUID,
        moment: Moment,
        status: LeadStatus | None,
        skip: int,
        at_most: int,
    ) -> LeadPage:
        """Some leads as they stood at a moment; who they are is told as the vault has it today.

        Raises ``Refused`` ``not-found`` if the campaign was not there then.
        """
        _, cut = await self._past_campaigns.at(workspace_id, campaign_id, moment)
        rows: list[Mapping[str, Any]] = []
        total = 0
        async with aclosing(self._past_leads.at(workspace_id, campaign_id, cut)) as leads:
            async for lead in leads:
                [standing] = lead.standings
                if standing is None or status not in (None, standing.lead.status):
                    continue
                if skip <= total < skip + at_most:
                    rows.append(asdict(lay_out((workspace_id, lead.lead_id), standing)))
                total += 1
        async with self._pool.acquire() as connection:
            return LeadPage(await self._standings(connection, workspace_id, rows), total)

    async def _catch_up(self, workspace_id: UUID, campaign_id: UUID) -> None:
        await self._campaigns.load(workspace_id, campaign_id)
        names = [streams.campaign(campaign_id), streams.roster(campaign_id)]
        heads = await self._store.head(workspace_id, names)
        await self._freshness.reached(max(head.last_position for head in heads.values()), LEADS)

    async def _standings(
        self, connection: Connection, workspace_id: UUID, rows: Sequence[Mapping[str, Any]]
    ) -> list[LeadStanding]:
        opened = await self._vault.open_many(connection, workspace_id, [row["document_id"] for row in rows])
        return [_standing(row, opened.get(row["document_id"])) for row in rows]


def no_such_lead() -> Refused:
    """The one answer for a lead that isn't there, or is another workspace's."""
    return Refused("not-found", "There is no such lead in this campaign.")


def _standing(row: Mapping[str, Any], document: bytes | None) -> LeadStanding:
    return LeadStanding(
        id=row["lead_id"],
        campaign_id=row["campaign_id"],
        status=row["status"],
        source=row["source"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        bounced_at=row["bounced_at"],
        replied_at=row["replied_at"],
        current_node_id=row["current_node_id"],
        next_action_at=row["next_action_at"],
        skip_reason=row["skip_reason"],
        profile=LeadProfile() if document is None else unpack(document, LeadProfile),
    )
