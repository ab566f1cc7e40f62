"""A part of a launch: leads that are enrolled together, in one transaction, and all that is written of them.

The rows of what is due are in the binary form of COPY: the driver would take three times as long to encode them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct as Layout
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.campaign.enrolment import first_step
from domain.campaign.state import Campaign
from domain.lead.division import an_event_each
from domain.lead.events import EnrolledLead, ImportedLead, LeadsEnrolled
from domain.schedule import Planned
from domain.sequence import action_of
from service.database.copying import copy_rows
from service.database.pool import Connection
from service.launch.runs import Progress
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite

_DUE_COLUMNS: Final = (
    *("task", "workspace_id", "campaign_id", "node_id"),
    *("lead_id", "sender_id", "person_id", "document_id", "due_at"),
)
_SAME: Final = Layout("!i16s i16s i16s")
_EACH: Final = Layout("!i16s i16s i16s i16s iq")
"""What is the same for all leads of a part but the task, and what is each one's own; each field after its length."""
_POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Part(Struct, frozen=True):
    """The next leads of a run that has come to ``before``, and has come to ``after`` once they are enrolled.

    ``roster`` is what the roster says of them, ``due`` are the rows of their first actions.
    """

    before: Progress
    after: Progress
    roster: StreamWrite
    due: Sequence[bytes]

    async def plan(self, connection: Connection) -> None:
        """Let the first actions be due, in the caller's transaction."""
        await copy_rows(connection, "dispatch_due", _DUE_COLUMNS, self.due)


def part_of(
    workspace_id: UUID,
    campaign: Campaign,
    before: Progress,
    leads: Sequence[ImportedLead],
    planned: Sequence[Planned],
) -> Part:
    """The part of these leads, of which there is at least one, each with its first action in ``planned``."""
    node = first_step(campaign.nodes).node
    task = action_of(campaign.channel, node).encode()
    pairs = list(zip(leads, planned, strict=True))
    enrolled = [EnrolledLead(lead.lead_id, first.sender_id, node.id, first.due_at) for lead, first in pairs]
    events = [LeadsEnrolled(epoch=campaign.epoch, leads=told) for told in an_event_each(enrolled)]
    same = _SAME.pack(16, workspace_id.bytes, 16, campaign.id.bytes, 16, node.id.bytes)
    begin = len(_DUE_COLUMNS).to_bytes(2) + len(task).to_bytes(4) + task + same
    return Part(
        before=before,
        after=Progress(before.count + len(leads), leads[-1].ordinal),
        roster=StreamWrite(stream=streams.roster(campaign.id), expected=AnyVersion(), events=events),
        due=[begin + _own(lead, first) for lead, first in pairs],
    )


def _own(lead: ImportedLead, first: Planned) -> bytes:
    """The fields of a row that are this lead's own."""
    return _EACH.pack(
        *(16, lead.lead_id.bytes, 16, first.sender_id.bytes),
        *(16, lead.person_id.bytes, 16, lead.document_id.bytes),
        *(8, (first.due_at - _POSTGRES_EPOCH) // _MICROSECOND),
    )
