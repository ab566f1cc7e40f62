"""How far behind the read models are, as those who operate the service are told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from service.database.pool import Pool
from service.projector.lag import LagMetrics, LagProbe, Lags
from service.projector.runner import Projector
from service.store.feed import Feed
from tests.kit.histories import lived, of_an_unknown_lead
from tests.projections.conftest import Write
from tests.projections.driving import catch_up


class StoppedClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


async def test_the_lag_is_the_age_of_the_oldest_event_a_read_model_lacks(
    pool: Pool, feed: Feed, write: Write
) -> None:
    await Projector(pool, feed).start()
    history = await write(lived())
    lags = Lags(pool, StoppedClock(history[0].recorded_at + timedelta(seconds=40)))
    registry = CollectorRegistry()
    metrics = LagMetrics(lags, registry)
    assert {lag.seconds for lag in await lags.measure()} == {40.0}
    finding = await LagProbe(lags).examine()
    assert (finding.ok, finding.seconds) == (False, 40.0)
    await metrics.refresh()
    assert registry.get_sample_value("liftoff_projection_lag_seconds", {"projection": "leads"}) == 40.0
    await catch_up(Projector(pool, feed))
    finding = await LagProbe(lags).examine()
    assert (finding.ok, finding.seconds) == (True, 0.0)
    await metrics.refresh()
    assert registry.get_sample_value("liftoff_projection_lag_seconds", {"projection": "leads"}) == 0.0


@pytest.mark.parametrize("seconds", [0, 29])
async def test_a_read_model_that_is_a_moment_behind_is_well(
    pool: Pool, feed: Feed, write: Write, seconds: int
) -> None:
    await Projector(pool, feed).start()
    history = await write(lived())
    lags = Lags(pool, StoppedClock(history[0].recorded_at + timedelta(seconds=seconds)))
    assert (await LagProbe(lags).examine()).ok


async def test_a_stopped_projection_is_named(pool: Pool, feed: Feed, write: Write) -> None:
    await write(lived())
    (poison,) = await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    lags = Lags(pool, StoppedClock(poison.recorded_at))
    finding = await LagProbe(lags).examine()
    assert not finding.ok
    assert f"leads at position {poison.position}" in finding.detail
    registry = CollectorRegistry()
    await LagMetrics(lags, registry).refresh()
    stopped = [
        registry.get_sample_value("liftoff_projection_stopped", {"projection": name})
        for name in ("leads", "campaigns")
    ]
    assert stopped == [1.0, 0.0]
