"""Launches set for later: checked when they are set, and launched like any other when their time has come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from domain.campaign.decide import FailScheduledLaunch, ScheduleLaunch, UnscheduleLaunch, decide
from domain.campaign.events import Obstacle
from domain.campaign.state import Campaign
from domain.refusal import Refused
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, Expect, StreamMoved, any_version
from service.clock import Clock
from service.database.pool import OUTAGES, Pool
from service.ids import new_id
from service.launch.launching import Launching, NotReady, overtaken
from service.launch.schedule import DueLaunch, take_due
from service.setbacks.marks import NOT_ACCEPTED

SCHEDULER: Final = "scheduler"
"""Who acts: the time that was set."""
RETRY_DELAY: Final = timedelta(seconds=30)
PATIENCE: Final = timedelta(minutes=15)
"""So long a launch is tried again that something out of reach has kept from being decided."""

# Nothing is wrong with the campaign: what the launch needs to ask does not answer.
_TRANSIENT: Final = frozenset({"linkedin-unavailable", "service-unavailable"})
# The operator has yet to say that anything may be sent: however long that takes.
_HELD: Final = frozenset({NOT_ACCEPTED})
# Somebody else launched or changed it at this very moment; it is looked at again.
_OVERTAKEN: Final = frozenset({"campaign-changed", "launch-in-progress"})

_log = structlog.get_logger(__name__)


class Scheduling:
    """Sets launches for later, and launches what is due; safe to run in many workers at once."""

    def __init__(self, pool: Pool, campaigns: Campaigns, launching: Launching, clock: Clock) -> None:
        self._pool = pool
        self._campaigns = campaigns
        self._launching = launching
        self._clock = clock

    async def schedule(
        self, caller: Caller, campaign_id: UUID, launch_at: datetime, expect: Expect = any_version
    ) -> Campaign:
        """Launch the draft at ``launch_at``; it is frozen until then.

        Raises what ``expect`` raises, ``Invalid`` for a time that can't be, and ``Refused`` as a launch would:
        ``NotReady`` holds all blockers.
        """
        campaign = await self._launching.launchable(caller, campaign_id, expect)
        events = decide(campaign, ScheduleLaunch(launch_at=launch_at, now=self._clock.now()))
        await self._launching.require_ready(caller.workspace_id, campaign)
        if not events:
            return campaign
        try:
            return await self._campaigns.swap(caller, campaign, Change(events=events))
        except StreamMoved:
            raise overtaken() from None

    async def unschedule(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """Launch the draft at no time. Raises what ``expect`` raises, and ``Refused`` ``no-scheduled-launch``."""
        return await self._campaigns.execute(
            caller, campaign_id, lambda draft: decide(draft, UnscheduleLaunch()), expect
        )

    async def launch_due(self) -> None:
        """Launch everything whose time has come."""
        while due := await self._take_due():
            try:
                await self.attempt(due)
            except OUTAGES:
                raise
            except Exception as error:
                # One that fails in a way nobody foresaw keeps no other waiting; it is tried again like the rest.
                _log.error("scheduled_launch_broken", campaign_id=str(due.campaign_id), exc_info=error)

    async def attempt(self, due: DueLaunch) -> None:
        """Launch the campaign, or keep why it can't be; what can't be decided yet is tried again, for a while."""
        caller = Caller(due.workspace_id, SCHEDULER, new_id())
        try:
            await self._launch(caller, due)
        except Refused as refused:
            if refused.code in _OVERTAKEN | _HELD or (
                refused.code in _TRANSIENT and self._clock.now() - due.tried_since < PATIENCE
            ):
                _log.info("scheduled_launch_waits", campaign_id=str(due.campaign_id), code=refused.code)
                return
            _log.warning("scheduled_launch_failed", campaign_id=str(due.campaign_id), code=refused.code)
            await self._record_failure(caller, due, refused)

    async def _launch(self, caller: Caller, due: DueLaunch) -> None:
        campaign = await self._campaigns.load(due.workspace_id, due.campaign_id)
        if campaign.launch_at != due.launch_at:  # cancelled, or set anew, since it was found
            return

        def unchanged(version: int) -> None:
            if version != campaign.version:
                raise overtaken()

        launched = await self._launching.launch(caller, due.campaign_id, unchanged)
        _log.info("scheduled_launch_started", campaign_id=str(due.campaign_id), run_id=launched.run_id)

    async def _record_failure(self, caller: Caller, due: DueLaunch, refused: Refused) -> None:
        command = FailScheduledLaunch(
            launch_at=due.launch_at, code=refused.code, obstacles=tuple(_obstacles(refused))
        )
        await self._campaigns.execute(caller, due.campaign_id, lambda draft: decide(draft, command))

    async def _take_due(self) -> DueLaunch | None:
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            return await take_due(connection, now, now + RETRY_DELAY)


def _obstacles(refused: Refused) -> Iterator[Obstacle]:
    """What was in the way, without the words, which the log doesn't hold."""
    found = (
        [(blocker.code, blocker.evidence) for blocker in refused.report.blockers]
        if isinstance(refused, NotReady)
        else [(refused.code, refused.evidence)]
    )
    for code, evidence in found:
        yield msgspec.convert({**evidence, "code": code}, Obstacle)
