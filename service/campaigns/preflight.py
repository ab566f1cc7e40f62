"""What a launch would find now: the very checks of the launch, all at once and without side effects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from domain.campaign.state import Campaign
from domain.lead.events import SkippedLead
from domain.readiness import Blocker, Caution, Report
from service.campaigns.repository import Campaigns
from service.database.pool import Pool
from service.launch.launching import Launching
from service.launch.selection import left_out


class Preflight:
    """Examines campaigns."""

    def __init__(self, pool: Pool, campaigns: Campaigns, launching: Launching) -> None:
        self._pool = pool
        self._campaigns = campaigns
        self._launching = launching

    async def examine(self, workspace_id: UUID, campaign_id: UUID) -> Report:
        """Everything that would forbid a launch, and what is worth a second look. Raises ``Refused`` ``not-found``."""
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        report = await self._launching.examine(workspace_id, campaign)
        if not report.ready:
            return report
        return with_skipped(report, await self.left_out(workspace_id, campaign), campaign.lead_count)

    async def left_out(self, workspace_id: UUID, campaign: Campaign) -> list[SkippedLead]:
        """The leads that a launch would leave out now."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await left_out(connection, workspace_id, campaign)


def with_skipped(report: Report, skipped: Sequence[SkippedLead], lead_count: int) -> Report:
    """The report of a launch that would leave these leads out, of ``lead_count``."""
    if not skipped:
        return report
    evidence: dict[str, object] = {
        "count": len(skipped),
        "reasons": dict(Counter(lead.reason for lead in skipped)),
    }
    if len(skipped) == lead_count:
        blocker = Blocker("all-leads-skipped", "Every lead would be left out; see the reasons.", evidence)
        return replace(report, blockers=(*report.blockers, blocker))
    message = f"{len(skipped)} of {lead_count} leads would be left out; see the reasons."
    return replace(report, warnings=(*report.warnings, Caution("leads-left-out", message, evidence)))
