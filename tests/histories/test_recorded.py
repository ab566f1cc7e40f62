"""Recorded runs of client processes: what they saw can be explained. For as long as you like by `tests.histories`."""

from __future__ import annotations

from pathlib import Path

from tests.histories.checker import first_violation
from tests.histories.history import Lost
from tests.histories.recorded import Plan, record


async def test_a_run_with_a_client_killed_and_connections_cut_can_be_explained(
    shared_database: str, tmp_path: Path
) -> None:
    history = await record(shared_database, tmp_path, Plan())
    assert first_violation(history) is None
    assert any(isinstance(operation.answer, Lost) for operation in history.operations)
    assert sum(operation.ended is not None for operation in history.operations) > 30  # on a slow machine, too
