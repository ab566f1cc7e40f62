"""The readers of a worker: each visits one sender's inbox at a time, and comes back to those that could not be read."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from service.channels.imap import ImapFailed
from service.database.pool import OUTAGES
from service.inbound.places import LeaseLost, Place, Places
from service.inbound.visits import Unreadable, Visits

FAREWELL_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)


class Readers:
    """Reads the inboxes whose turn it is, ``at_once`` at most."""

    def __init__(
        self, places: Places, visits: Visits, at_once: int, tick: timedelta, every: timedelta
    ) -> None:
        """Looks whose turn it is after each ``tick``; an inbox without IDLE is read ``every`` so often."""
        self._places = places
        self._visits = visits
        self._at_once = at_once
        self._tick = tick.total_seconds()
        self._every = every
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self) -> None:
        """Read until cancelled; a lost database is waited for."""
        while True:
            try:
                await self._begin_visits()
            except OUTAGES as error:
                _log.error("inboxes_not_taken", error=type(error).__name__)
            await asyncio.sleep(self._tick)

    async def stop(self) -> None:
        """End all visits; what a message led to is written, or it is read again."""
        self._stopping = True
        self._visits.abort()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=FAREWELL_SECONDS)
            for task in late:
                task.cancel()

    async def _begin_visits(self) -> None:
        free = self._at_once - len(self._tasks)
        for place in await self._places.take(free) if free else ():
            task = asyncio.create_task(self._visit(place))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _visit(self, place: Place) -> None:
        try:
            await self._try(place)
        except OUTAGES as error:
            # The lease is over some time, and somebody reads on.
            _log.error("inbox_left", sender_id=str(place.sender_id), error=type(error).__name__)

    async def _try(self, place: Place) -> None:
        who = {"sender_id": str(place.sender_id), "workspace_id": str(place.workspace_id)}
        try:
            await self._visits.visit(place, self._may_stay)
        except LeaseLost:
            _log.info("inbox_read_by_another", **who)
        except Unreadable:
            await self._places.give_up(place)
        except ImapFailed as failed:
            if not self._stopping:
                _log.warning("inbox_not_read", **who, reason=str(failed))
            await self._places.fail(place)
        except Exception as error:
            _log.error("inbox_not_read", **who, exc_info=error)
            await self._places.fail(place)
        else:
            await self._places.leave(place, self._every)

    async def _may_stay(self) -> bool:
        """Whether a reader may stay with its inbox: unless all are at work and somebody waits for one."""
        if self._stopping:
            return False
        return len(self._tasks) < self._at_once or not await self._places.is_anyone_waiting()
