"""What a launch would find now: the very checks of the launch, all at once and without side effects."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from domain.campaign.state import Campaign
from domain.lead.events import SkippedLead
from domain.readiness import Caution, Report, with_left_out
from domain.sequence import prompt_nodes
from service.campaigns.repository import Campaigns
from service.database.pool import Connection, Pool
from service.launch.launching import Launching
from service.launch.selection import counted, left_out
from service.launch.verification import Verification
from service.messages.table import Roll, count_lacking


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
        async with self._pool.acquire() as connection:
            lacking = await _lacking(connection, workspace_id, campaign)
        report = _with_lacking(report, lacking, campaign)
        if not report.ready:
            return report
        skipped = await self.left_out(workspace_id, campaign)
        return with_left_out(report, counted(skipped), campaign.lead_count)

    async def left_out(self, workspace_id: UUID, campaign: Campaign) -> list[SkippedLead]:
        """The leads that a launch would leave out now."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await left_out(connection, workspace_id, campaign)


async def _lacking(connection: Connection, workspace_id: UUID, campaign: Campaign) -> int:
    """How many leads lack a draft for a node that can be sent in no other way."""
    nodes = prompt_nodes(campaign.nodes)
    if not nodes:
        return 0
    return await count_lacking(connection, Roll(workspace_id, campaign.id), [node.id for node in nodes])


def _with_lacking(report: Report, count: int, campaign: Campaign) -> Report:
    if not count:
        return report
    message = (
        f"{count} of {campaign.lead_count} leads lack a draft for an AI node, and would be left out: have drafts "
        "generated, or write them."
    )
    caution = Caution("missing-drafts", message, {"count": count})
    return replace(report, warnings=(*report.warnings, caution))
