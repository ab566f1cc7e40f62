"""The launch call: every check in its order, then one transaction that accepts the launch and dispatches its run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from msgspec import Struct

from domain import readiness, streams
from domain.campaign.decide import Launch, decide, is_stale, require_launchable
from domain.campaign.events import RollbackReason
from domain.campaign.receipt import receipt
from domain.campaign.state import Campaign
from domain.lead.division import an_event_each
from domain.lead.events import LeadsSkipped, SkippedLead
from domain.refusal import Refused
from domain.sender.state import fold as fold_sender
from domain.workspace import fold as fold_workspace
from projections.suppressions import SUPPRESSIONS
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, Expect, StreamMoved, any_version
from service.clock import Clock
from service.database.pool import OUTAGES, Connection, Pool
from service.engine import LaunchJob, enqueue
from service.launch.rollback import Rollback
from service.launch.runs import Runs, run_id
from service.launch.selection import counted, digest_of_the_rest, leave_out, left_out
from service.launch.verification import Verification
from service.projector.freshness import Freshness
from service.senders.repository import present
from service.setbacks.marks import Setbacks
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite
from service.store.log import EventStore

RETRY_AFTER: Final = 5
"""Seconds after which a launch in progress is worth another look; most are over sooner."""

_log = structlog.get_logger(__name__)


class NotReady(Refused):
    """The launch is blocked; ``report`` holds all blockers, the first one gives the code."""

    def __init__(self, report: readiness.Report) -> None:
        first = report.blockers[0]
        super().__init__(first.code, first.message)
        self.report = report


class Launched(Struct, frozen=True):
    """The launch was accepted: ``campaign`` as it is now, and the leads left out, in order."""

    campaign: Campaign
    run_id: str
    skipped: Sequence[SkippedLead]


class Launching:
    """Launches campaigns."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        campaigns: Campaigns,
        runs: Runs,
        rollback: Rollback,
        freshness: Freshness,
        clock: Clock,
        stale_after: timedelta,
        verification: Verification,
        setbacks: Setbacks,
    ) -> None:
        self._pool = pool
        self._store = store
        self._campaigns = campaigns
        self._runs = runs
        self._rollback = rollback
        self._freshness = freshness
        self._clock = clock
        self._stale_after = stale_after
        self._verification = verification
        self._setbacks = setbacks

    async def launch(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Launched:
        """Check everything, then accept the launch and dispatch its run, together or not at all.

        Raises what ``expect`` raises, then ``Refused`` with the codes of the launch's error table; ``NotReady`` holds
        all blockers.
        """
        campaign = await self.launchable(caller, campaign_id, expect)
        report = await self.require_ready(caller.workspace_id, campaign)
        report = await self._verification.confirm(caller, campaign, report)
        if not report.ready:
            raise NotReady(report)
        try:
            return await self._accept(caller, campaign, report)
        except StreamMoved:
            raise overtaken() from None

    async def launchable(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """The campaign, of which a launch is legal now. Raises what ``expect`` raises, and ``Refused``."""
        campaign = await self._campaigns.load(caller.workspace_id, campaign_id)
        expect(campaign.version)
        campaign = await self._without_dead_launch(caller, campaign)
        try:
            require_launchable(campaign)
        except Refused as refused:
            if refused.code == "launch-in-progress":
                refused.evidence |= {"runId": run_id(campaign.id, campaign.epoch), "retry_after": RETRY_AFTER}
            raise
        await self._setbacks.require_accepted()
        return campaign

    async def require_ready(self, workspace_id: UUID, campaign: Campaign) -> readiness.Report:
        """What the readiness checks found. Raises ``NotReady``."""
        report = await self.examine(workspace_id, campaign)
        if not report.ready:
            raise NotReady(report)
        return report

    async def examine(self, workspace_id: UUID, campaign: Campaign) -> readiness.Report:
        """What the launch would find, without side effects."""
        own = streams.workspace(workspace_id)
        names = {id_: streams.sender(id_) for id_ in campaign.settings.sender_account_ids}
        histories = await self._store.read_streams(workspace_id, [own, *names.values()])
        senders = present({id_: fold_sender(histories[name]) for id_, name in names.items()})
        facts = tuple(
            readiness.SenderFacts(
                id_, sender.channel, sender.status, sender.inbox_id is not None, sender.version
            )
            for id_, sender in senders.items()
        )
        return readiness.check(
            readiness.Snapshot(
                campaign.status,
                campaign.channel,
                campaign.nodes,
                facts,
                campaign.lead_count,
                fold_workspace(histories[own]).lacks_postal_address,
            )
        )

    async def expire(self, caller: Caller, campaign: Campaign) -> Campaign:
        """Roll a launch back that is older than the stale window and whose run is not alive; else change nothing.

        Raises ``StreamMoved`` when somebody wrote meanwhile.
        """
        now = self._clock.now()
        if not is_stale(campaign, now, self._stale_after, run_is_alive=False):  # whatever its run does
            return campaign
        if await self._run_is_alive(caller.workspace_id, campaign):
            return campaign
        async with self._store.transaction() as connection:
            draft = await self._rollback.undo(connection, caller, campaign, "stale")
        _log.warning("launch_expired", campaign_id=str(campaign.id), epoch=campaign.epoch)
        return draft

    async def _without_dead_launch(self, caller: Caller, campaign: Campaign) -> Campaign:
        try:
            return await self.expire(caller, campaign)
        except StreamMoved:
            return await self._campaigns.load(caller.workspace_id, campaign.id)

    async def _run_is_alive(self, workspace_id: UUID, campaign: Campaign) -> bool:
        async with self._pool.acquire() as connection:
            return await self._runs.is_alive(
                connection, workspace_id, campaign.id, campaign.epoch, self._clock.now()
            )

    async def _accept(self, caller: Caller, campaign: Campaign, report: readiness.Report) -> Launched:
        attempt = Launch(total=campaign.lead_count, skipped=0)
        reason: RollbackReason = "resolution-failed"
        launched: Launched | None = None
        try:
            await self._know_suppressions(caller.workspace_id)
            async with self._store.transaction() as connection:
                skipped = await left_out(connection, caller.workspace_id, campaign)
                attempt = await _resolved(connection, caller.workspace_id, campaign, report, skipped)
                reason = "dispatch-failed"
                launched = await self._dispatch(connection, caller, campaign, attempt, skipped)
        except OUTAGES as error:
            _log.error(
                "launch_failed", campaign_id=str(campaign.id), reason=reason, error=type(error).__name__
            )
        else:
            return launched
        try:
            await self._record_failure(caller, campaign, attempt, reason)
        except StreamMoved:
            if launched is None or not await self._is_stored(caller, launched):
                raise
            return launched  # only the answer to its commit got lost
        raise Refused(
            "launch-rolled-back",
            "The launch could not be prepared and was undone; the campaign is a draft again and nothing was sent. "
            "It is safe to launch again.",
        )

    async def _know_suppressions(self, workspace_id: UUID) -> None:
        """Who unsubscribed before this launch is left out of it, however late the read model is."""
        stream = streams.suppressions(workspace_id)
        head = (await self._store.head(workspace_id, [stream]))[stream]
        if not await self._freshness.reached(head.last_position, SUPPRESSIONS):
            raise Refused(
                "service-unavailable",
                "The list of suppressed people is not up to date yet. Launch again soon.",
            )

    async def _dispatch(
        self,
        connection: Connection,
        caller: Caller,
        campaign: Campaign,
        attempt: Launch,
        skipped: Sequence[SkippedLead],
    ) -> Launched:
        change = acceptance(campaign, attempt, skipped)
        after = await self._campaigns.swap(caller, campaign, change, connection)
        await leave_out(connection, caller.workspace_id, skipped, after.epoch)
        await self._runs.announce(connection, caller.workspace_id, campaign.id, after.epoch)
        await enqueue(
            connection, LaunchJob(caller.workspace_id, campaign.id, after.epoch, caller.correlation_id)
        )
        return Launched(after, run_id(campaign.id, after.epoch), skipped)

    async def _record_failure(
        self, caller: Caller, campaign: Campaign, attempt: Launch, reason: RollbackReason
    ) -> None:
        """Keep the failed attempt in the history, with its compensation; of its leads nothing was stored.

        Raises ``StreamMoved`` when the campaign is no longer as it was: somebody else's launch is in its place, or
        this one after all. A commit still under way is waited for.
        """
        async with self._store.transaction() as connection:
            change = Change(events=decide(campaign, attempt))
            accepted = await self._campaigns.swap(caller, campaign, change, connection)
            await self._rollback.undo(connection, caller, accepted, reason)

    async def _is_stored(self, caller: Caller, launched: Launched) -> bool:
        """Whether the launch that is in force, or was, is this very one."""
        epoch = launched.campaign.epoch
        found = (await self._campaigns.load(caller.workspace_id, launched.campaign.id)).attempt(epoch)
        own = launched.campaign.attempt(epoch)
        return found is not None and own is not None and found.accepted_event == own.accepted_event


def overtaken() -> Refused:
    """The answer for who lost the compare-and-swap."""
    return Refused(
        "campaign-changed",
        "Another request changed or launched this campaign at the same moment. Read it again.",
    )


async def _resolved(
    connection: Connection,
    workspace_id: UUID,
    campaign: Campaign,
    report: readiness.Report,
    skipped: Sequence[SkippedLead],
) -> Launch:
    """The launch that leaves these leads out, with its receipt. Raises ``NotReady`` when it leaves all of them out."""
    reasons = counted(skipped)
    report = readiness.with_left_out(report, reasons, campaign.lead_count)
    if not report.ready:
        raise NotReady(report)
    leads = await digest_of_the_rest(connection, workspace_id, campaign.id, skipped)
    return Launch(
        total=campaign.lead_count - len(skipped),
        skipped=len(skipped),
        receipt=receipt(campaign.settings, campaign.nodes, report, reasons, leads),
    )


def acceptance(campaign: Campaign, attempt: Launch, skipped: Sequence[SkippedLead]) -> Change:
    """The events of an accepted launch: the campaign's, and the roster's for the leads left out."""
    epoch = campaign.epoch + 1
    left = [LeadsSkipped(epoch=epoch, leads=leads) for leads in an_event_each(skipped)]
    roster = StreamWrite(stream=streams.roster(campaign.id), expected=AnyVersion(), events=left)
    return Change(events=decide(campaign, attempt), also=(roster,) if left else (), raise_fence=epoch)
