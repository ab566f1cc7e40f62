"""What a launch would find now: the very checks of the launch, all at once and without side effects."""

from __future__ import annotations

from uuid import UUID

from domain.campaign.state import Campaign
from domain.lead.events import SkippedLead
from domain.readiness import Report, with_left_out
from service.campaigns.repository import Campaigns
from service.database.pool import Pool
from service.launch.launching import Launching
from service.launch.selection import counted, left_out
from service.launch.verification import Verification


class Preflight:
    """Examines campaigns."""

    def __init__(
        self, pool: Pool, campaigns: Campaigns, launching: Launching, verification: Verification
    ) -> None:
        self._pool = pool
        self._campaigns = campaigns
        self._launching = launching
        self._verification = verification

    async def examine(self, workspace_id: UUID, campaign_id: UUID) -> Report:
        """Everything that would forbid a launch, and what is worth a second look. Raises ``Refused`` ``not-found``."""
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        report = await self._launching.examine(workspace_id, campaign)
        if report.ready:
            report = await self._verification.preview(workspace_id, campaign, report)
        if not report.ready:
            return report
        skipped = await self.left_out(workspace_id, campaign)
        return with_left_out(report, counted(skipped), campaign.lead_count)

    async def left_out(self, workspace_id: UUID, campaign: Campaign) -> list[SkippedLead]:
        """The leads that a launch would leave out now."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await left_out(connection, workspace_id, campaign)
