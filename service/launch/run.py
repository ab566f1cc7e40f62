"""The background run of a launch: enrols the leads in order, then makes the campaign active.

It can be killed anywhere and taken up again: what it has enrolled is kept with how far it came. Every write carries its
epoch, so a run that wakes up after its launch was given up writes nothing more; that refusal is recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final
from uuid import UUID

import structlog

from domain import streams
from domain.campaign.decide import Activate, RecordRefusal, StartRun, decide
from domain.campaign.enrolment import first_actions, first_step
from domain.campaign.events import RefusedWrite
from domain.campaign.state import Campaign
from domain.lead.events import EnrolledLead, ImportedLead, LeadsEnrolled
from domain.pacing import Gaps
from domain.refusal import Refused
from domain.schedule import Planned
from domain.sequence import action_of
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, StreamMoved, Superseded
from service.clock import Clock
from service.database.pool import OUTAGES, Connection, Pool
from service.engine import LaunchJob
from service.launch.rollback import Rollback
from service.launch.runs import Progress, Runs, run_id
from service.launch.selection import LEADS_AN_EVENT, to_enrol
from service.senders.repository import Senders
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, Appended, Fenced, Guard, StreamWrite
from service.store.log import EventStore

LEADS_A_TRANSACTION: Final = 5 * LEADS_AN_EVENT
MAX_STARTS: Final = 5
"""A run that died so often is given up: the launch is rolled back."""
BEAT_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)

_DUE_COLUMNS = (
    "workspace_id",
    "lead_id",
    "campaign_id",
    "sender_id",
    "person_id",
    "document_id",
    "node_id",
    "due_at",
    "task",
)


class LaunchRun:
    """Performs the runs of launches."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        campaigns: Campaigns,
        senders: Senders,
        runs: Runs,
        rollback: Rollback,
        clock: Clock,
        gaps: Gaps,
    ) -> None:
        """``gaps`` are the least times between two sends of one sender."""
        self._pool = pool
        self._store = store
        self._campaigns = campaigns
        self._senders = senders
        self._runs = runs
        self._rollback = rollback
        self._clock = clock
        self._gaps = gaps

    async def perform(self, job: LaunchJob) -> None:
        """Bring the launch to its end: active, or rolled back, or found to be superseded."""
        caller = _caller(job)
        structlog.contextvars.bind_contextvars(
            workspace_id=str(job.workspace_id), campaign_id=str(job.campaign_id), epoch=job.epoch
        )
        step: RefusedWrite = "start"
        try:
            campaign = await self._start(caller, job)
            async with self._signs_of_life(job):
                step = "enrol"
                count = await self._enrol(caller, campaign)
                step = "activate"
                await self._activate(caller, campaign, job, count)
        except Superseded:
            await self._record_refusal(caller, job, step)
        except Refused as refused:
            if refused.code != "epoch-superseded":
                raise
            await self._record_refusal(caller, job, step)
        else:
            _log.info("campaign_active", prepared=count)

    async def is_exhausted(self, job: LaunchJob) -> bool:
        """Whether the run was started as often as a run may be, crashes included."""
        campaign = await self._campaigns.load(job.workspace_id, job.campaign_id)
        attempt = campaign.attempt(job.epoch)
        return attempt is not None and attempt.starts >= MAX_STARTS

    async def give_up(self, job: LaunchJob) -> None:
        """Roll the launch back, if it is still this job's. Raises ``StreamMoved`` when somebody wrote meanwhile."""
        campaign = await self._campaigns.load(job.workspace_id, job.campaign_id)
        if campaign.status == "launching" and campaign.epoch == job.epoch:
            async with self._store.transaction() as connection:
                await self._rollback.undo(connection, _caller(job), campaign, "run-failed")
            _log.error("launch_given_up", campaign_id=str(job.campaign_id), epoch=job.epoch)

    async def _record_refusal(self, caller: Caller, job: LaunchJob, step: RefusedWrite) -> None:
        _log.warning("run_superseded", step=step)
        await self._campaigns.execute(
            caller, job.campaign_id, lambda now: decide(now, RecordRefusal(epoch=job.epoch, write=step))
        )

    async def _start(self, caller: Caller, job: LaunchJob) -> Campaign:
        while True:
            campaign = await self._campaigns.load(job.workspace_id, job.campaign_id)
            change = Change(events=decide(campaign, StartRun(epoch=job.epoch)), epoch=job.epoch)
            try:
                return await self._campaigns.swap(caller, campaign, change)
            except StreamMoved:
                continue

    async def _enrol(self, caller: Caller, campaign: Campaign) -> int:
        """Enrol what is not enrolled yet; answers how many are."""
        schedule = await self._plan(caller.workspace_id, campaign)
        enrolled, before = 0, -1
        while enrolled > before:
            before, enrolled = enrolled, await self._enrol_part(caller, campaign, schedule, enrolled)
        return enrolled

    async def _enrol_part(
        self, caller: Caller, campaign: Campaign, schedule: Iterator[Planned], passed: int
    ) -> int:
        """Enrol the next leads, in one transaction; answers how many are enrolled now.

        ``schedule`` stands behind the first ``passed`` leads. More may be enrolled already: by an earlier worker, or by
        another one while this one was taken for dead.
        """
        workspace_id, epoch = caller.workspace_id, campaign.epoch
        async with self._store.transaction() as connection:
            progress = await self._runs.hold_progress(connection, workspace_id, campaign.id, epoch)
            if progress is None:
                raise Superseded(epoch, epoch + 1)
            leads = await to_enrol(
                connection, workspace_id, campaign.id, progress.through, LEADS_A_TRANSACTION
            )
            if not leads:
                return progress.count
            ahead = progress.count - passed
            planned = list(islice(schedule, ahead, ahead + len(leads)))
            await self._enrol_leads(connection, caller, campaign, leads, planned)
            now = Progress(progress.count + len(leads), leads[-1].ordinal)
            await self._runs.advance(connection, workspace_id, campaign.id, epoch, now)
        return now.count

    async def _plan(self, workspace_id: UUID, campaign: Campaign) -> Iterator[Planned]:
        """The first actions of all leads. Counted from the launch, so a run taken up again plans the same."""
        senders = await self._senders.load_many(workspace_id, campaign.settings.sender_account_ids)
        return first_actions(
            campaign,
            {id_: sender.daily_limit for id_, sender in senders.items()},
            self._gaps,
            campaign.attempts[-1].accepted_at,
            campaign.total or 0,
        )

    async def _enrol_leads(
        self,
        connection: Connection,
        caller: Caller,
        campaign: Campaign,
        leads: Sequence[ImportedLead],
        schedule: Sequence[Planned],
    ) -> None:
        first = first_step(campaign.nodes).node
        action = action_of(campaign.channel, first)
        enrolled = [
            EnrolledLead(lead.lead_id, planned.sender_id, first.id, planned.due_at)
            for lead, planned in zip(leads, schedule, strict=True)
        ]
        await self._append_enrolments(connection, caller, campaign, enrolled)
        await connection.copy_records_to_table(
            "dispatch_due",
            columns=_DUE_COLUMNS,
            records=[
                (
                    caller.workspace_id,
                    lead.lead_id,
                    campaign.id,
                    planned.sender_id,
                    lead.person_id,
                    lead.document_id,
                    first.id,
                    planned.due_at,
                    action,
                )
                for lead, planned in zip(leads, enrolled, strict=True)
            ],
        )

    async def _append_enrolments(
        self, connection: Connection, caller: Caller, campaign: Campaign, enrolled: Sequence[EnrolledLead]
    ) -> None:
        events = [
            LeadsEnrolled(epoch=campaign.epoch, leads=tuple(enrolled[start : start + LEADS_AN_EVENT]))
            for start in range(0, len(enrolled), LEADS_AN_EVENT)
        ]
        append = Append(
            workspace_id=caller.workspace_id,
            writes=(StreamWrite(stream=streams.roster(campaign.id), expected=AnyVersion(), events=events),),
            context=caller.context(self._clock, campaign.epoch),
            guard=Guard(streams.campaign(campaign.id), campaign.epoch),
        )
        [outcome] = await self._store.append_in(connection, [append])
        match outcome:
            case Appended():
                return
            case Fenced(epoch=epoch, fence=fence):
                raise Superseded(epoch, fence)
            case _:
                raise StreamMoved

    async def _activate(self, caller: Caller, campaign: Campaign, job: LaunchJob, prepared: int) -> None:
        """Let the campaign be active: as it was started, or if somebody has written since, as it is now."""
        while True:
            events = decide(campaign, Activate(epoch=job.epoch, prepared=prepared))
            try:
                await self._campaigns.swap(caller, campaign, Change(events=events, epoch=job.epoch))
            except StreamMoved:
                campaign = await self._campaigns.load(job.workspace_id, job.campaign_id)
                continue
            return

    @asynccontextmanager
    async def _signs_of_life(self, job: LaunchJob) -> AsyncIterator[None]:
        """Beats while the run works. Not before its start is written: a run that can't start is not alive."""
        await self._beat(job)
        beating = asyncio.create_task(self._keep_beating(job))
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _keep_beating(self, job: LaunchJob) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat(job)
            except OUTAGES as error:
                _log.error("no_sign_of_life", error=type(error).__name__)

    async def _beat(self, job: LaunchJob) -> None:
        async with self._pool.acquire() as connection:
            await self._runs.beat(connection, job.workspace_id, job.campaign_id, job.epoch, self._clock.now())


def _caller(job: LaunchJob) -> Caller:
    return Caller(job.workspace_id, run_id(job.campaign_id, job.epoch), job.correlation_id)
