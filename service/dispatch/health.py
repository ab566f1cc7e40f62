"""Whether anybody works: the age of the latest sign of life of any worker."""

from __future__ import annotations

from datetime import timedelta

from service.clock import Clock
from service.dispatch.housekeeping import Housekeeping
from service.http.health import Finding


class WorkerProbe:
    """Looks for a worker that is alive."""

    name = "worker"

    def __init__(self, housekeeping: Housekeeping, clock: Clock, dead_after: timedelta) -> None:
        self._housekeeping = housekeeping
        self._clock = clock
        self._dead_after = dead_after

    async def examine(self) -> Finding:
        """Look when a worker last gave a sign of life."""
        beat_at = await self._housekeeping.last_beat()
        if beat_at is None:
            return Finding(ok=False, detail="no worker has ever run: start one with 'liftoff worker'")
        age = self._clock.now() - beat_at
        alive = age <= self._dead_after
        detail = "alive" if alive else "no sign of life: start one with 'liftoff worker'"
        return Finding(ok=alive, detail=detail, seconds=round(age.total_seconds(), 3))
