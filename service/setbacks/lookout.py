"""Looks whether somebody holds a checkpoint that this database lacks: then it was set back, by whatever means."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from service.audit.checkpoints import Checkpoints, Published
from service.audit.publishing import Destination
from service.clock import Clock
from service.setbacks.marks import Setbacks

_log = structlog.get_logger(__name__)


class Lookout:
    """Compares the database with what was published of it.

    Checkpoints go out in the order in which they are made, and only once they are committed. So a database that was
    not set back has the last one that any destination was given; and of one that was set back, that one is lost first.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        setbacks: Setbacks,
        destinations: Sequence[Destination],
        clock: Clock,
    ) -> None:
        self._checkpoints = checkpoints
        self._setbacks = setbacks
        self._destinations: Final = destinations
        self._clock = clock

    async def look(self) -> bool:
        """Look at every destination; answers whether all is well, or accepted. Raises what a destination raises."""
        for destination in self._destinations:
            last = await asyncio.to_thread(destination.last)
            if last is not None and await self._checkpoints.lacking([last]):
                await self._compare(destination, last)
        return await self._setbacks.all_accepted()

    async def _compare(self, destination: Destination, last: Published) -> None:
        """Mark what the destination knows of and the database doesn't; what is accepted is set aside there."""
        newest = await asyncio.to_thread(destination.newest)
        lost = await self._checkpoints.lacking([*newest, last])
        known = await self._setbacks.about(lost)
        if len(known) < len(lost):
            await self._setbacks.mark_behind(lost, self._clock.now())
            _log.error("behind_a_published_checkpoint", workspaces=[str(each.workspace_id) for each in lost])
        elif all(setback.accepted_at for setback in known):
            go_on_behind = min(setback.serial for setback in known)
            await asyncio.to_thread(destination.set_aside, lost, go_on_behind)
            _log.warning("lost_history_set_aside", workspaces=[str(each.workspace_id) for each in lost])
