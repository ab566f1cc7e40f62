"""A part of a launch: leads that are enrolled together, in one transaction, and all that is written of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.campaign.enrolment import first_step
from domain.campaign.state import Campaign
from domain.lead.events import EnrolledLead, ImportedLead, LeadsEnrolled
from domain.schedule import Planned
from domain.sequence import action_of
from service.database.pool import Connection
from service.launch.runs import Progress
from service.launch.selection import LEADS_AN_EVENT
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite

_DUE_COLUMNS: Final = (
    *("workspace_id", "lead_id", "campaign_id", "sender_id", "person_id", "document_id"),
    *("node_id", "due_at", "task"),
)
DueRow: TypeAlias = tuple[Any, ...]


class Part(Struct, frozen=True):
    """The next leads of a run that has come to ``before``, and has come to ``after`` once they are enrolled.

    ``roster`` is what the roster says of them, ``due`` are the rows of their first actions.
    """

    before: Progress
    after: Progress
    roster: StreamWrite
    due: Sequence[DueRow]

    async def plan(self, connection: Connection) -> None:
        """Let the first actions be due, in the caller's transaction."""
        await connection.copy_records_to_table("dispatch_due", columns=_DUE_COLUMNS, records=self.due)


def part_of(
    workspace_id: UUID,
    campaign: Campaign,
    before: Progress,
    leads: Sequence[ImportedLead],
    planned: Sequence[Planned],
) -> Part:
    """The part of these leads, of which there is at least one, each with its first action in ``planned``."""
    node = first_step(campaign.nodes).node
    task = action_of(campaign.channel, node)
    pairs = list(zip(leads, planned, strict=True))
    enrolled = [EnrolledLead(lead.lead_id, first.sender_id, node.id, first.due_at) for lead, first in pairs]
    events = [
        LeadsEnrolled(epoch=campaign.epoch, leads=tuple(enrolled[start : start + LEADS_AN_EVENT]))
        for start in range(0, len(enrolled), LEADS_AN_EVENT)
    ]
    return Part(
        before=before,
        after=Progress(before.count + len(leads), leads[-1].ordinal),
        roster=StreamWrite(stream=streams.roster(campaign.id), expected=AnyVersion(), events=events),
        due=[
            (
                *(workspace_id, lead.lead_id, campaign.id, first.sender_id, lead.person_id, lead.document_id),
                *(node.id, first.due_at, task),
            )
            for lead, first in pairs
        ],
    )
