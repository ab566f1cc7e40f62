"""What a launch would find now: the very checks of the launch, all at once and without side effects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from domain.campaign.state import Campaign
from domain.lead.events import SkippedLead
from domain.readiness import Blocker, Caution, Report
from domain.sequence import prompt_nodes
from service.campaigns.repository import Campaigns
from service.database.pool import Connection, Pool
from service.launch.launching import Launching
from service.launch.selection import left_out
from service.messages.table import Roll, count_lacking


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
        async with self._pool.acquire() as connection, connection.transaction():
            report = _with_lacking(report, await _lacking(connection, workspace_id, campaign), campaign)
            if not report.ready:
                return report
            skipped = await left_out(connection, workspace_id, campaign)
        return _with_skipped(report, skipped, campaign.lead_count)


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


def _with_skipped(report: Report, skipped: Sequence[SkippedLead], lead_count: int) -> Report:
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
