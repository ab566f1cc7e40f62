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
from service import engine
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change
from service.database.pool import Connection
from service.dispatch.gates import Gates
from service.engine import LaunchJob
from service.launch.runs import Runs
from service.store.appends import At, New, StreamWrite
from service.store.log import EventStore


class Rollback:
    """Takes launches back."""

    def __init__(self, store: EventStore, campaigns: Campaigns, gates: Gates, runs: Runs) -> None:
        self._store = store
        self._campaigns = campaigns
        self._gates = gates
        self._runs = runs

    async def undo(
        self, connection: Connection, caller: Caller, campaign: Campaign, reason: RollbackReason
    ) -> Campaign:
        """Roll the launch in progress back, as ``campaign`` was read; its run's later writes are refused.

        Joins the caller's transaction. Answers the draft. Raises ``Refused`` when there is no launch in progress, and
        ``StreamMoved`` when somebody, perhaps the run itself, wrote meanwhile: read again, then decide again.
        """
        workspace_id, epoch = caller.workspace_id, campaign.epoch
        # The run first: if it is just enrolling leads, that is waited for, and then they are in the roster as read.
        await self._runs.withdraw(connection, workspace_id, campaign.id, epoch)
        roster = await self._store.read_stream(
            workspace_id, streams.roster(campaign.id), connection=connection
        )
        command = RollBack(epoch=epoch, reason=reason, compensates=(campaign.attempts[-1].accepted_event,))
        change = Change(
            events=decide(campaign, command),
            also=(withdrawal(campaign.id, epoch, roster),),
            raise_fence=epoch + 1,
        )
        draft = await self._campaigns.swap(caller, campaign, change, connection)
        await self._gates.withdraw(connection, workspace_id, campaign.id)
        await engine.withdraw(connection, LaunchJob(workspace_id, campaign.id, epoch, caller.correlation_id))
        return draft


def withdrawal(campaign_id: UUID, epoch: int, roster: Sequence[Recorded]) -> StreamWrite:
    """What the roster says of the undoing: for each event that is undone, one of the same leads that names it."""
    return StreamWrite(
        stream=streams.roster(campaign_id),
        expected=At(roster[-1].version) if roster else New(),
        events=[
            LeadsWithdrawn(
                epoch=epoch,
                lead_ids=tuple(lead.lead_id for lead in recorded.event.leads),
                compensates=(recorded.event_id,),
            )
            for recorded in roster
            if isinstance(recorded.event, LeadsEnrolled | LeadsSkipped) and recorded.event.epoch == epoch
        ],
    )
