"""What lies ahead of a campaign and of those that share its senders, read at one moment for a simulation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from domain.campaign.state import Campaign
from domain.forecast import Standing
from domain.pacing import Allowance, Gaps
from domain.quota import Quota
from domain.sequence import Action
from domain.simulation import CampaignAhead, LeadAhead, SenderAhead
from service.campaigns.repository import Campaigns
from service.database.pool import Connection, Pool, one_moment
from service.database.statements import statements
from service.dispatch import quotas
from service.dispatch.allowances import allowance_of, hours_of

MAX_LEADS: Final = 200_000
"""So many leads are looked at, of all campaigns together: about 50 MB."""

_queries: Any = statements(Path(__file__).with_name("ahead.sql"))


class Ahead(Struct, frozen=True, kw_only=True):
    """What lies ahead of the campaign asked about, unless it is a draft or launching, and of all that compete with it.

    ``standing``: where its leads are. What is due after ``known_until`` is not known (None: everything is).
    """

    senders: Mapping[UUID, SenderAhead]
    campaigns: tuple[CampaignAhead, ...]
    standing: tuple[Standing, ...]
    known_until: datetime | None


class _Tables(Struct, frozen=True):
    """The rows of one moment."""

    senders: dict[UUID, SenderAhead]
    gates: list[Mapping[str, Any]]
    lanes: dict[UUID, dict[UUID, Allowance]]
    leads: dict[UUID, list[LeadAhead]]
    standing: tuple[Standing, ...]
    known_until: datetime | None


class LooksAhead:
    """Reads what a plan is simulated from."""

    def __init__(self, pool: Pool, campaigns: Campaigns, gaps: Gaps) -> None:
        """``gaps`` are the least times between two sends of one sender."""
        self._pool = pool
        self._campaigns = campaigns
        self._gaps = gaps

    async def of(self, workspace_id: UUID, campaign: Campaign, now: datetime) -> Ahead:
        """What lies ahead of ``campaign`` and its senders ``now``."""
        async with one_moment(self._pool) as connection:
            tables = await self._read(connection, workspace_id, campaign, now)
        return Ahead(
            senders=tables.senders,
            campaigns=tuple([await self._campaign(workspace_id, gate, tables) for gate in tables.gates]),
            standing=tables.standing,
            known_until=tables.known_until,
        )

    async def _read(
        self, connection: Connection, workspace_id: UUID, campaign: Campaign, now: datetime
    ) -> _Tables:
        scope = {"workspace_id": workspace_id}
        own_senders = list(campaign.settings.sender_account_ids)
        found = [row async for row in _queries.senders_ahead(connection, **scope, sender_ids=own_senders)]
        weekly = quotas.by_sender(
            await quotas.read(connection, ((workspace_id, row["sender_id"]) for row in found))
        )
        senders = {row["sender_id"]: self._sender(row, weekly.get(row["sender_id"], {})) for row in found}
        rows = _queries.campaigns_ahead(
            connection, **scope, sender_ids=list(senders), campaign_id=campaign.id
        )
        gates = [row async for row in rows]
        campaign_ids = [gate["campaign_id"] for gate in gates]
        lanes: dict[UUID, dict[UUID, Allowance]] = {id_: {} for id_ in campaign_ids}
        async for row in _queries.lanes_ahead(connection, **scope, campaign_ids=campaign_ids):
            lanes[row["campaign_id"]][row["sender_id"]] = allowance_of(row)
        leads, known_until = await self._leads(connection, workspace_id, campaign_ids, now)
        rows = _queries.standing(connection, **scope, campaign_id=campaign.id)
        standing = tuple([Standing(row["node_id"], row["n"], row["in_flight"]) async for row in rows])
        return _Tables(senders, gates, lanes, leads, standing, known_until)

    def _sender(self, row: Mapping[str, Any], weekly: Mapping[Action, Quota]) -> SenderAhead:
        gap = self._gaps.linkedin if weekly else self._gaps.email
        return SenderAhead(
            daily_limit=row["daily_limit"],
            allowance=allowance_of(row),
            gap=gap,
            weekly=weekly,
            jitter=self._gaps.jitter,
        )

    async def _leads(
        self, connection: Connection, workspace_id: UUID, campaign_ids: Iterable[UUID], now: datetime
    ) -> tuple[dict[UUID, list[LeadAhead]], datetime | None]:
        """The leads by campaign, the longest due first, and until when all are known (None: all are)."""
        leads: dict[UUID, list[LeadAhead]] = {id_: [] for id_ in campaign_ids}
        same: dict[UUID, UUID] = {}  # a few ids, each in very many rows
        rows = _queries.leads_ahead(
            connection, workspace_id=workspace_id, campaign_ids=list(leads), now=now, at_most=MAX_LEADS + 1
        )
        count = 0
        async for row in rows:
            count += 1
            if count > MAX_LEADS:
                return leads, row["due_at"]
            sender_id, node_id = (same.setdefault(row[name], row[name]) for name in ("sender_id", "node_id"))
            lead = LeadAhead(row["lead_id"].int, sender_id, node_id, row["due_at"], row["in_flight"])
            leads[row["campaign_id"]].append(lead)
        return leads, None

    async def _campaign(self, workspace_id: UUID, gate: Mapping[str, Any], tables: _Tables) -> CampaignAhead:
        campaign_id = gate["campaign_id"]
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        return CampaignAhead(
            id=campaign_id,
            channel=campaign.channel,
            nodes=campaign.nodes,
            hours=hours_of(gate),
            allowance=allowance_of(gate),
            lanes=tables.lanes[campaign_id],
            leads=tables.leads[campaign_id],
        )
