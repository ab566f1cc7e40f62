"""How far the read models are behind the log, for the readiness probe and for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from prometheus_client import CollectorRegistry, Gauge

from projections.catalogue import ALL, AnyProjection
from service.clock import Clock
from service.database.pool import Pool
from service.http.health import Finding
from service.projector import checkpoints
from service.projector.checkpoints import Poison

ACCEPTABLE_SECONDS: Final = 30.0


class Lag(Struct, frozen=True):
    """Where a projection stands.

    ``seconds``: the age of the oldest event that the projection's tables lack; ``poison``: where it stopped.
    """

    projection: str
    version: int
    position: int
    seconds: float
    poison: Poison | None


class Lags:
    """Measures how far the read models are behind."""

    def __init__(self, pool: Pool, clock: Clock, projections: Sequence[AnyProjection] = ALL) -> None:
        self._pool = pool
        self._clock = clock
        self._projections = projections

    async def measure(self) -> list[Lag]:
        """The lag of each projection that has a checkpoint."""
        async with self._pool.acquire() as connection:
            found = await checkpoints.find(connection, self._projections)
            waiting = {
                each.position: await checkpoints.waiting_since(connection, each.position) for each in found
            }
        now = self._clock.now()
        ages = {
            position: max((now - since).total_seconds(), 0.0) if since else 0.0
            for position, since in waiting.items()
        }
        return [
            Lag(each.name, each.version, each.position, ages[each.position], each.poison) for each in found
        ]


class LagProbe:
    """Whether the read models keep up."""

    name = "projections"

    def __init__(self, lags: Lags) -> None:
        self._lags = lags

    async def examine(self) -> Finding:
        """Measure; the worst of all counts."""
        lags = await self._lags.measure()
        stopped = [f"{lag.projection} at position {lag.poison.position}" for lag in lags if lag.poison]
        worst = max((lag.seconds for lag in lags), default=0.0)
        if stopped:
            detail = f"stopped by an event that can't be folded: {', '.join(stopped)}; see 'liftoff projection status'"
            return Finding(ok=False, detail=detail, seconds=worst)
        if worst > ACCEPTABLE_SECONDS:
            return Finding(ok=False, detail="behind the log: is a projector running?", seconds=worst)
        return Finding(ok=True, detail="up to date", seconds=worst)


class LagMetrics:
    """The lag of each projection as a gauge; ``refresh`` is to be called every few seconds."""

    def __init__(self, lags: Lags, registry: CollectorRegistry) -> None:
        self._lags = lags
        self._seconds = Gauge(
            "liftoff_projection_lag_seconds",
            "Age of the oldest event a read model lacks.",
            ("projection",),
            registry=registry,
        )
        self._stopped = Gauge(
            "liftoff_projection_stopped",
            "1 while an event that can't be folded stops the projection.",
            ("projection",),
            registry=registry,
        )

    async def refresh(self) -> None:
        """Measure, and show it."""
        for lag in await self._lags.measure():
            self._seconds.labels(lag.projection).set(lag.seconds)
            self._stopped.labels(lag.projection).set(lag.poison is not None)
