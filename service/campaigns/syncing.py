"""A campaign's read models proven: folded anew from its history, compared, and put right where they differ."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.campaign.state import Campaign
from projections.campaigns import CAMPAIGNS
from projections.catalogue import AnyProjection
from projections.leads import LEADS
from service.campaigns.repository import Campaigns
from service.database.pool import Pool
from service.projector.campaign_log import CampaignLog
from service.projector.difference import Difference
from service.projector.replay import repair, trace
from service.projector.tables import Extent
from service.store.codec import Codec

MOST_THINGS: Final = 2_000
"""Held in memory at once, and laid out as rows at once: no longer than others can wait for their turn."""

OF_A_CAMPAIGN: Final[tuple[AnyProjection, ...]] = (
    replace(LEADS, sums=tuple(sums for sums in LEADS.sums if "campaign_id" in sums.table.key)),
    CAMPAIGNS,
)
"""What is shown of one campaign alone. A sender's usage adds up over campaigns, so one of them can't prove it."""


class Synced(Struct, frozen=True):
    """The campaign, the rows that differed (the first of each table), and how many were put right: all that did."""

    campaign: Campaign
    differences: list[Difference]
    repaired: int


class Syncing:
    """Proves and repairs the read models of campaigns: one at a time in a process, whoever asks."""

    def __init__(self, pool: Pool, codec: Codec, campaigns: Campaigns) -> None:
        self._pool = pool
        self._codec = codec
        self._campaigns = campaigns
        self._turn = asyncio.Lock()

    async def sync(self, workspace_id: UUID, campaign_id: UUID) -> Synced:
        """Compare at the position at which the read models stand, and repair. Raises ``Refused`` ``not-found``."""
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        async with self._turn:
            source = CampaignLog(self._pool, self._codec, workspace_id, campaign_id)
            extent = Extent(workspace_id, campaign_id)
            repaired = await repair(self._pool, source, OF_A_CAMPAIGN, extent, most_things=MOST_THINGS)
            differences = await trace(source, repaired, OF_A_CAMPAIGN) if repaired.differing else []
        return Synced(campaign, differences, repaired.differing)
