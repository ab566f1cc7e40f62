"""Who is launched, and who is left out with which reason: suppressed, busy elsewhere, or without a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.campaign.events import IN_OPERATION
from domain.campaign.state import Campaign
from domain.lead.events import ImportedLead, SkippedLead, SkipReason
from domain.sequence import prompt_nodes, template_nodes
from service.database.pool import Connection
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("selection.sql"))


async def left_out(connection: Connection, workspace_id: UUID, campaign: Campaign) -> list[SkippedLead]:
    """The leads that a launch of ``campaign`` leaves out now, in order.

    When it skips leads of other campaigns, other launches that do so wait until the transaction ends.
    """
    skip_other = campaign.settings.skip_other_campaigns
    if skip_other:
        await _queries.lock_selection(connection, workspace_id=workspace_id)
    asking = [
        (node.id, name)
        for node in template_nodes(campaign.nodes)
        if node.text
        for name in node.text.variables
    ]
    rows = _queries.left_out(
        connection,
        workspace_id=workspace_id,
        campaign_id=campaign.id,
        leads=campaign.lead_count,
        asking=[node_id for node_id, _ in asking],
        variables=[name for _, name in asking],
        prompts=[node.id for node in prompt_nodes(campaign.nodes)],
        skip_other=skip_other,
        in_operation=list(IN_OPERATION),
    )
    return [
        SkippedLead(
            row["lead_id"],
            row["reason"],
            variable=row["variable"],
            other_campaign=row["other_campaign"],
            suppression=row["suppression"],
            since=row["since"],
        )
        async for row in rows
    ]


def counted(leads: Iterable[SkippedLead]) -> dict[SkipReason, int]:
    """How many leads are left out for each reason."""
    return dict(Counter(lead.reason for lead in leads))


async def digest_of_the_rest(
    connection: Connection, workspace_id: UUID, campaign_id: UUID, leads: Sequence[SkippedLead]
) -> str:
    """The digest of all leads of the campaign but these, for the receipt."""
    digest: str = await _queries.leads_digest(
        connection,
        workspace_id=workspace_id,
        campaign_id=campaign_id,
        left_out=[lead.lead_id for lead in leads],
    )
    return digest


async def leave_out(
    connection: Connection, workspace_id: UUID, leads: Sequence[SkippedLead], epoch: int
) -> None:
    """Mark the leads that the launch attempt ``epoch`` leaves out."""
    if not leads:
        return
    lead_ids = [lead.lead_id for lead in leads]
    await _queries.leave_out(connection, workspace_id=workspace_id, lead_ids=lead_ids, epoch=epoch)


async def to_enrol(
    connection: Connection, workspace_id: UUID, campaign_id: UUID, after: int, at_most: int
) -> list[ImportedLead]:
    """The next ``at_most`` leads to enrol, with ordinals above ``after``, in order."""
    rows = await connection.fetch(_queries.to_enrol.sql, workspace_id, campaign_id, after, at_most)
    return [ImportedLead(*row) for row in rows]
