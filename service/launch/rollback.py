"""Undoing a launch: compensating events that name what they compensate, in one transaction with the rows they undo."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain import streams
from domain.campaign.decide import RollBack, decide
from domain.campaign.events import RollbackReason
from domain.campaign.state import Campaign
from domain.event import Recorded
from domain.lead.events import LeadsEnrolled, LeadsSkipped, LeadsWithdrawn
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change
from service.database.pool import Connection
from service.dispatch.gates import Gates
from service.store.appends import At, New, StreamWrite
from service.store.log import EventStore

LEADS_AN_EVENT = 1000


class Rollback:
    """Takes launches back."""

    def __init__(self, store: EventStore, campaigns: Campaigns, gates: Gates) -> None:
        self._store = store
        self._campaigns = campaigns
        self._gates = gates

    async def undo(
        self,
        caller: Caller,
        campaign: Campaign,
        reason: RollbackReason,
        connection: Connection | None = None,
    ) -> Campaign:
        """Roll the launch in progress back, as ``campaign`` was read; its run's later writes are refused.

        Answers the draft. Raises ``Refused`` when there is no launch in progress, and ``StreamMoved`` when somebody,
        perhaps the run itself, wrote meanwhile: read again, then decide again.
        """
        epoch = campaign.epoch
        roster = await self._store.read_stream(
            caller.workspace_id, streams.roster(campaign.id), connection=connection
        )
        command = RollBack(epoch=epoch, reason=reason, compensates=(campaign.attempts[-1].accepted_event,))
        change = Change(
            events=decide(campaign, command),
            also=(_withdrawal(campaign.id, epoch, roster),),
            beside=lambda rows, draft: self._gates.withdraw(rows, caller.workspace_id, draft.id),
            raise_fence=epoch + 1,
        )
        return await self._campaigns.swap(caller, campaign, change, connection)


def _withdrawal(campaign_id: UUID, epoch: int, roster: Sequence[Recorded]) -> StreamWrite:
    """What the roster says of the undoing. It expects the roster as it was read: a run may be writing to it still."""
    undone = [
        (recorded.event_id, recorded.event.leads)
        for recorded in roster
        if isinstance(recorded.event, LeadsEnrolled | LeadsSkipped) and recorded.event.epoch == epoch
    ]
    lead_ids = [lead.lead_id for _, leads in undone for lead in leads]
    parts = [lead_ids[start : start + LEADS_AN_EVENT] for start in range(0, len(lead_ids), LEADS_AN_EVENT)]
    compensates = tuple(event_id for event_id, _ in undone)
    return StreamWrite(
        stream=streams.roster(campaign_id),
        expected=At(roster[-1].version) if roster else New(),
        events=[LeadsWithdrawn(epoch=epoch, lead_ids=tuple(part), compensates=compensates) for part in parts],
    )
