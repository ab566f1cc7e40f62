"""Two services, two workers, many clients, and a worker killed now and then: each campaign is launched once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.chaos import Plan, wreak


async def test_each_campaign_is_launched_once_and_no_step_is_sent_twice_while_workers_are_killed(
    tmp_path: Path, own_database: Mapping[str, str]
) -> None:
    plan = Plan(campaigns=6, leads=10, clients=10, seconds=1.0, kill_every=0.5, kills=2, seed=1)
    found = await wreak(tmp_path, plan, {"LIFTOFF_SHARDS": "2", **own_database})
    assert found.faults == [], found
