"""The background run of a launch: enrols the leads in order, then makes the campaign active.

It can be killed anywhere and taken up again: what it has enrolled is kept with how far it came. A run of few leads is
one transaction, the first time that it is taken up. Every write carries its epoch, so a run that wakes up after its
launch was given up writes nothing more; that refusal is recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final
from uuid import UUID

import structlog

from domain import streams
from domain.campaign.decide import Activate, RecordRefusal, StartRun, decide
from domain.campaign.enrolment import first_actions
from domain.campaign.events import RefusedWrite
from domain.campaign.state import Campaign
from domain.lead.division import LEADS_AN_EVENT
from domain.pacing import Gaps
from domain.refusal import Refused
from domain.schedule import Planned
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, StreamMoved, Superseded
from service.clock import Clock
from service.database.pool import OUTAGES, Connection, Pool
from service.engine import LaunchJob
from service.launch.parts import Part, part_of
from service.launch.rollback import Rollback
from service.launch.runs import NOT_BEGUN, Progress, Runs, run_id
from service.launch.selection import to_enrol
from service.logging import bound
from service.senders.repository import Senders
from service.store.appends import Append, Appended, Fenced, Guard, StreamWrite
from service.store.log import EventStore

LEADS_A_TRANSACTION: Final = 5 * LEADS_AN_EVENT
MAX_STARTS: Final = 5
"""A run that died so often is given up: the launch is rolled back."""
BEAT_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


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
        """Bring the launch to its end: active, or rolled back, or found to be superseded.

        A run that was started as often as a run may be, crashes included, is given up: its launch is rolled back.
        Raises ``StreamMoved`` when somebody wrote meanwhile.
        """
        with bound(workspace_id=job.workspace_id, campaign_id=job.campaign_id, epoch=job.epoch):
            await self._bring_to_its_end(job)

    async def _bring_to_its_end(self, job: LaunchJob) -> None:
        caller = _caller(job)
        campaign = await self._campaigns.load(job.workspace_id, job.campaign_id)
        attempt = campaign.attempt(job.epoch)
        if attempt is not None and attempt.starts >= MAX_STARTS:
            await self._give_up(caller, campaign, job)
        elif not _is_small(campaign, job):
            await self._step_by_step(caller, campaign, StartRun(epoch=job.epoch))
        elif not await self._take_up(job):
            await self._step_by_step(caller, campaign, StartRun(epoch=job.epoch, unrecorded=1))
        elif not await self._at_once(caller, campaign):
            await self._step_by_step(caller, campaign, StartRun(epoch=job.epoch))

    async def _give_up(self, caller: Caller, campaign: Campaign, job: LaunchJob) -> None:
        """Roll the launch back, if it is still this job's."""
        if campaign.status == "launching" and campaign.epoch == job.epoch:
            async with self._store.transaction() as connection:
                await self._rollback.undo(connection, caller, campaign, "run-failed")
            _log.error("launch_given_up", campaign_id=str(job.campaign_id), epoch=job.epoch)

    async def _take_up(self, job: LaunchJob) -> bool:
        """Whether no worker has had the run in its hands before; keeps that one has."""
        async with self._pool.acquire() as connection:
            return await self._runs.take_up(connection, job.workspace_id, job.campaign_id, job.epoch)

    # --- A run of few leads ------------------------------------------------------------------------------------

    async def _at_once(self, caller: Caller, campaign: Campaign) -> bool:
        """Do the whole run in one transaction. Answers False when somebody came in between, and nothing is written.

        Who is killed in the middle leaves no word of having started. Therefore it is done so only the first time that
        the run is taken up, which is kept before; later each start is written first, so that a run which kills its
        worker every time is given up.
        """
        limits = await self._daily_limits(caller.workspace_id, campaign)
        part = await self._prepare(caller, campaign, self._schedule(campaign, limits, NOT_BEGUN), NOT_BEGUN)
        if part is None:
            return False
        started, activated = (
            StartRun(epoch=campaign.epoch),
            Activate(epoch=campaign.epoch, prepared=part.after.count),
        )
        change = Change(
            ahead=(part.roster,),
            events=(*decide(campaign, started), *decide(campaign, activated)),
            beside=lambda connection, _: part.plan(connection),
            epoch=campaign.epoch,
        )
        try:
            async with self._store.transaction() as connection:
                if not await self._advance(connection, caller, campaign, part):
                    return False
                await self._campaigns.swap(caller, campaign, change, connection)
        except (StreamMoved, Superseded):
            return False
        _log.info("campaign_active", prepared=part.after.count)
        return True

    # --- A run of any number, or one that was begun before -----------------------------------------------------

    async def _step_by_step(self, caller: Caller, campaign: Campaign, start: StartRun) -> None:
        step: RefusedWrite = "start"
        try:
            campaign = await self._start(caller, campaign, start)
            async with self._signs_of_life(caller, campaign):
                step = "enrol"
                count = await self._enrol(caller, campaign)
                step = "activate"
                await self._activate(caller, campaign, Activate(epoch=start.epoch, prepared=count))
        except Superseded:
            await self._record_refusal(caller, campaign, start.epoch, step)
        except Refused as refused:
            if refused.code != "epoch-superseded":
                raise
            await self._record_refusal(caller, campaign, start.epoch, step)
        else:
            _log.info("campaign_active", prepared=count)

    async def _record_refusal(
        self, caller: Caller, campaign: Campaign, epoch: int, step: RefusedWrite
    ) -> None:
        _log.warning("run_superseded", step=step)
        refusal = RecordRefusal(epoch=epoch, write=step)
        await self._campaigns.execute(caller, campaign.id, lambda now: decide(now, refusal))

    async def _start(self, caller: Caller, campaign: Campaign, start: StartRun) -> Campaign:
        """Write that the run is started: of the campaign as it was read, or if somebody has written since, as it is."""
        return await self._write(caller, campaign, start, start.epoch)

    async def _activate(self, caller: Caller, campaign: Campaign, activate: Activate) -> None:
        """Let the campaign be active, as ``_start``."""
        await self._write(caller, campaign, activate, activate.epoch)

    async def _write(
        self, caller: Caller, campaign: Campaign, command: StartRun | Activate, epoch: int
    ) -> Campaign:
        while True:
            change = Change(events=decide(campaign, command), epoch=epoch)
            try:
                return await self._campaigns.swap(caller, campaign, change)
            except StreamMoved:
                campaign = await self._campaigns.load(caller.workspace_id, campaign.id)

    async def _enrol(self, caller: Caller, campaign: Campaign) -> int:
        """Enrol what is not enrolled yet; answers how many are."""
        limits = await self._daily_limits(caller.workspace_id, campaign)
        progress = NOT_BEGUN
        while (now := await self._enrol_from(caller, campaign, limits, progress)) != progress:
            progress = now
        return now.count

    async def _enrol_from(
        self, caller: Caller, campaign: Campaign, limits: Mapping[UUID, int], progress: Progress
    ) -> Progress:
        """Enrol part after part, and prepare each while the one before it is stored.

        Answers where the run has come to: to its end, or to where another worker is found to have brought it, an
        earlier one or one that goes on while this one was taken for dead.
        """
        schedule = self._schedule(campaign, limits, progress)
        coming = asyncio.create_task(self._prepare(caller, campaign, schedule, progress))
        try:
            while part := await coming:
                coming = asyncio.create_task(self._prepare(caller, campaign, schedule, part.after))
                progress = await self._enrol_part(caller, campaign, part)
                if progress != part.after:
                    break
            return progress
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _enrol_part(self, caller: Caller, campaign: Campaign, part: Part) -> Progress:
        """Enrol the part in one transaction, unless the run has come elsewhere; answers where it has come to."""
        async with self._store.transaction() as connection:
            if await self._advance(connection, caller, campaign, part):
                await self._append(connection, caller, campaign, part.roster)
                await part.plan(connection)
                return part.after
            found = await self._runs.progress(connection, caller.workspace_id, campaign.id, campaign.epoch)
        if found is None:
            raise Superseded(campaign.epoch, campaign.epoch + 1)
        return found

    async def _append(
        self, connection: Connection, caller: Caller, campaign: Campaign, roster: StreamWrite
    ) -> None:
        append = Append(
            workspace_id=caller.workspace_id,
            writes=(roster,),
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

    # --- Both --------------------------------------------------------------------------------------------------

    async def _daily_limits(self, workspace_id: UUID, campaign: Campaign) -> dict[UUID, int]:
        """Of the sender accounts that are there."""
        senders = await self._senders.load_many(workspace_id, campaign.settings.sender_account_ids)
        return {id_: sender.daily_limit for id_, sender in senders.items()}

    def _schedule(
        self, campaign: Campaign, limits: Mapping[UUID, int], progress: Progress
    ) -> Iterator[Planned]:
        """The first actions of the leads behind ``progress``.

        Counted from the launch, so a run taken up again plans the same.
        """
        accepted_at, total = campaign.attempts[-1].accepted_at, campaign.total or 0
        every = first_actions(campaign, limits, self._gaps, accepted_at, total)
        return islice(every, progress.count, None)

    async def _prepare(
        self, caller: Caller, campaign: Campaign, schedule: Iterator[Planned], before: Progress
    ) -> Part | None:
        """The part behind ``before``, where ``schedule`` stands; None when all leads are enrolled.

        Nothing is locked: while a launch is in progress its leads stay who they are.
        """
        async with self._pool.acquire() as connection:
            leads = await to_enrol(
                connection, caller.workspace_id, campaign.id, before.through, LEADS_A_TRANSACTION
            )
        planned = list(islice(schedule, len(leads)))
        return part_of(caller.workspace_id, campaign, before, leads, planned) if leads else None

    async def _advance(self, connection: Connection, caller: Caller, campaign: Campaign, part: Part) -> bool:
        """Let the run have come behind the part, if it stands before it."""
        return await self._runs.advance(
            connection, caller.workspace_id, campaign.id, campaign.epoch, part.before, part.after
        )

    @asynccontextmanager
    async def _signs_of_life(self, caller: Caller, campaign: Campaign) -> AsyncIterator[None]:
        """Beats while the run works. Not before its start is written: a run that can't start is not alive."""
        await self._beat(caller, campaign)
        beating = asyncio.create_task(self._keep_beating(caller, campaign))
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _keep_beating(self, caller: Caller, campaign: Campaign) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat(caller, campaign)
            except OUTAGES as error:
                _log.error("no_sign_of_life", error=type(error).__name__)

    async def _beat(self, caller: Caller, campaign: Campaign) -> None:
        async with self._pool.acquire() as connection:
            await self._runs.beat(
                connection, caller.workspace_id, campaign.id, campaign.epoch, self._clock.now()
            )


def _caller(job: LaunchJob) -> Caller:
    return Caller(job.workspace_id, run_id(job.campaign_id, job.epoch), job.correlation_id)


def _is_small(campaign: Campaign, job: LaunchJob) -> bool:
    """Whether the run is still to be started, and one transaction holds all of its leads."""
    attempt = campaign.attempt(job.epoch)
    is_new = campaign.status == "launching" and attempt is not None and attempt.starts == 0
    return is_new and campaign.epoch == job.epoch and (campaign.total or 0) <= LEADS_A_TRANSACTION
