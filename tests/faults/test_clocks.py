"""A worker's clock that is moved under load: it goes on, at the latest when time has caught up with the senders."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.faults.launched import STEPS, Origin
from tests.faults.trial import trial


async def test_a_clock_that_jumps_ahead_and_back_loses_nothing_and_doubles_nothing(
    origin: Origin, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path) as on:
        on.hire()
        await on.until_arrived(6)
        on.clock.move(timedelta(hours=2))  # more than the silence after which a worker is taken for dead
        await on.until_arrived(20)
        on.clock.move(-timedelta(hours=4))
        await on.complete()
        found = await on.examine()
    assert found.breaches == {}
    assert (found.by_status, found.mails) == ({"completed": origin.leads}, STEPS * origin.leads)
