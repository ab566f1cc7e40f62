"""The service killed in the middle of its work goes on by itself, and sends nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.kill import kill_in_the_middle


async def test_a_killed_service_goes_on_by_itself_and_sends_no_step_twice(
    tmp_path: Path, embedded_database: Mapping[str, str]
) -> None:
    found = await kill_in_the_middle(tmp_path, leads=150, senders=4, settings=embedded_database)
    assert found.faults == []
