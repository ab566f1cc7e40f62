"""Housekeeping: what nobody else comes back to.

Sends whose worker died, launches whose run died, campaigns whose last lead is done, leads of campaigns that have
ended. The chores of others are done in the same rounds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

import structlog
from msgspec import Struct

from domain import streams
from domain.campaign.decide import Complete, decide
from domain.event import Event
from domain.lead.decide import RecordLost
from domain.lead.decide import decide as decide_lead
from domain.lead.events import LeadsCancelled
from domain.lead.state import Lead
from domain.refusal import Refused
from domain.sequence import Action
from service.caller import Caller
from service.campaigns.repository import Campaigns, StreamMoved
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.dispatch import due as due_table
from service.dispatch import quotas
from service.dispatch.due import Due
from service.dispatch.gates import Gates
from service.dispatch.leads import lead_append, read_leads
from service.ids import new_id
from service.launch.launching import Launching
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, Appended, StreamWrite
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("housekeeping.sql"))
_log = structlog.get_logger(__name__)

Chore: TypeAlias = Callable[[], Awaitable[None]]
"""Looks once at what it looks after; safe to be done by many workers at once."""
LEADS_AT_ONCE: Final = 500


class _Lost(Struct, frozen=True):
    """A send that was in flight with a worker that died."""

    due: Due
    send_id: UUID
    epoch: int


class Housekeeping:
    """Looks after the whole database; safe to run in many workers at once."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        campaigns: Campaigns,
        gates: Gates,
        launching: Launching,
        chores: Sequence[Chore],
        clock: Clock,
        worker_dead_after: timedelta,
    ) -> None:
        """``chores`` are done before campaigns are completed.

        A worker without a sign of life for ``worker_dead_after`` is taken for dead.
        """
        self._pool = pool
        self._store = store
        self._campaigns = campaigns
        self._gates = gates
        self._launching = launching
        self._chores = chores
        self._clock = clock
        self._worker_dead_after = worker_dead_after
        self._beat_at: datetime | None = None
        self._listening_since: datetime | None = None

    async def round(self) -> None:
        """Look once at everything."""
        await self.settle_lost_sends()
        for chore in self._chores:
            await chore()
        await self.complete_campaigns()
        await self.cancel_leftovers()
        await self.expire_launches()

    async def beat(self, worker_id: UUID) -> None:
        """The sign of life of this process's worker."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            await _queries.beat(connection, worker_id=worker_id, now=now)
        if self._beat_at is None or now - self._beat_at > self._worker_dead_after:
            self._listening_since = now
        self._beat_at = now

    async def leave(self, worker_id: UUID) -> None:
        """A worker goes; what it may have left in flight is found as lost."""
        async with self._pool.acquire() as connection:
            await _queries.leave(connection, worker_id=worker_id)

    async def last_beat(self) -> datetime | None:
        """When any worker last gave a sign of life."""
        async with self._pool.acquire() as connection:
            beat_at: datetime | None = await _queries.last_beat(connection)
        return beat_at

    async def settle_lost_sends(self) -> None:
        """Sends of dead workers may have happened or not: their outcome is unknown, and they are not sent again.

        After an outage of the database all workers seem to have been silent. So who could give no sign of life itself
        judges nobody until it has listened for long enough.
        """
        now = self._clock.now()
        if self._listening_since is None or now - self._listening_since < self._worker_dead_after:
            return
        dead = now - self._worker_dead_after
        while await self._settle_part(dead):
            continue
        async with self._pool.acquire() as connection:
            await _queries.forget_workers(connection, beat_before=dead)
            await quotas.forget(connection, now)

    async def complete_campaigns(self) -> None:
        """Active campaigns without anything left to do are completed."""
        for caller, campaign_id in await self._found(_queries.done_campaigns):
            try:
                await self._complete(caller, campaign_id)
            except Refused as refused:
                _log.info("not_completed", campaign_id=str(campaign_id), code=refused.code)

    async def _complete(self, caller: Caller, campaign_id: UUID) -> None:
        async with self._pool.acquire() as connection:
            left = await self._gates.something_left(connection, caller.workspace_id, campaign_id)
        campaign = await self._campaigns.execute(
            caller, campaign_id, lambda active: decide(active, Complete(something_left=left))
        )
        _log.info("campaign_completed", campaign_id=str(campaign_id), status=campaign.status)

    async def cancel_leftovers(self) -> None:
        """Leads that an ended campaign leaves undone are cancelled; those in flight when their outcome is known."""
        for caller, campaign_id in await self._found(_queries.ended_campaigns):
            while await self._cancel_part(caller, campaign_id):
                continue

    async def expire_launches(self) -> None:
        """Launches older than the stale window whose run is not alive are rolled back."""
        for caller, campaign_id in await self._found(_queries.launching_campaigns):
            try:
                campaign = await self._campaigns.load(caller.workspace_id, campaign_id)
                await self._launching.expire(caller, campaign)
            except (StreamMoved, Refused) as moved:
                _log.info("launch_not_expired", campaign_id=str(campaign_id), reason=type(moved).__name__)

    async def _found(self, query: Any) -> list[tuple[Caller, UUID]]:
        """The campaigns that a query of this module names, each with a caller of its workspace."""
        async with self._pool.acquire() as connection:
            rows = [(row["workspace_id"], row["campaign_id"]) async for row in query(connection)]
        return [
            (Caller(workspace_id, "sweeper", new_id()), campaign_id) for workspace_id, campaign_id in rows
        ]

    async def _settle_part(self, dead: datetime) -> int:
        """Settle some of the lost sends; answers how many were settled."""
        async with self._store.transaction() as connection:
            rows = _queries.lost_sends(connection, beat_before=dead, at_most=LEADS_AT_ONCE)
            lost = [_Lost(Due(*list(row.values())[:-2]), row["send_id"], row["epoch"]) async for row in rows]
            leads = await read_leads(self._store, connection, (each.due.key for each in lost))
            told = [(each, self._loss(each, leads[each.due.key][0])) for each in lost]
            appends = [
                self._as_append(each, leads[each.due.key][1], events) for each, events in told if events
            ]
            stored = iter(await self._store.append_in(connection, appends))
            # A lead that somebody wrote to at this very moment is looked at again in the next round.
            settled = [
                (each, events) for each, events in told if not events or isinstance(next(stored), Appended)
            ]
            await self._follow(connection, settled)
        if lost:
            _log.warning("sends_lost_with_their_worker", count=len(settled))
        return len(settled)

    def _loss(self, lost: _Lost, lead: Lead) -> Sequence[Event]:
        """What is appended for a lost send; nothing when its outcome is known after all."""
        try:
            return decide_lead(
                lead, RecordLost(send_id=lost.send_id, reason="worker-lost", now=self._clock.now())
            )
        except Refused as refused:
            _log.error("lost_send_refused", lead_id=str(lost.due.lead_id), code=refused.code)
            return ()

    def _as_append(self, lost: _Lost, version: int, events: Sequence[Event]) -> Append:
        caller = Caller(lost.due.workspace_id, "sweeper", lost.send_id)
        return lead_append(lost.due.key, version, events, caller.context(self._clock, lost.epoch))

    async def _follow(self, connection: Connection, settled: Sequence[tuple[_Lost, Sequence[Event]]]) -> None:
        """Let the due table say what is to be done about the lost sends."""
        following = {
            lost.due.key: due_table.followed(lost.due, events, cast(Action, lost.due.task))
            for lost, events in settled
        }
        await due_table.plan(connection, [due for due in following.values() if due is not None])
        await due_table.drop(connection, [key for key, due in following.items() if due is None])

    async def _cancel_part(self, caller: Caller, campaign_id: UUID) -> bool:
        async with self._store.transaction() as connection:
            rows = _queries.leftovers(
                connection,
                workspace_id=caller.workspace_id,
                campaign_id=campaign_id,
                at_most=LEADS_AT_ONCE,
            )
            lead_ids = [row["lead_id"] async for row in rows]
            if not lead_ids:
                return False
            append = Append(
                workspace_id=caller.workspace_id,
                writes=(
                    StreamWrite(
                        stream=streams.roster(campaign_id),
                        expected=AnyVersion(),
                        events=(LeadsCancelled(lead_ids=tuple(lead_ids)),),
                    ),
                ),
                context=caller.context(self._clock),
            )
            await self._store.append_in(connection, [append])
            await due_table.drop(connection, ((caller.workspace_id, lead_id) for lead_id in lead_ids))
        return True
