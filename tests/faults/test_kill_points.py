"""Workers killed at every point: their successors go on, nobody gets a step twice, nobody is lost."""

from __future__ import annotations

from pathlib import Path

from tests.faults.kill_points import Doom, KillPoint
from tests.faults.killing import kill_at
from tests.faults.launched import SETTINGS, Origin


async def test_nobody_is_lost_or_sent_a_step_twice_by_workers_killed_at_one_point_after_the_other(
    origin: Origin, tmp_path: Path
) -> None:
    points = list(KillPoint)
    points.remove(KillPoint.BETWEEN_STEPS)
    # So half of them die at the first step, and half at the second.
    points.insert(len(points) // 2, KillPoint.BETWEEN_STEPS)
    found = await kill_at([Doom(point, nth=2) for point in points], origin, tmp_path)
    assert found.breaches == {}
    assert found.by_status.keys() == {"completed", "outcome_unknown"}
    assert found.unknown <= SETTINGS.worker_concurrency * len(KillPoint)
