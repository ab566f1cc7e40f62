"""Read models are rebuilt while a campaign is launched and read."""

from __future__ import annotations

from tests.projections.rebuilding import rebuild_during_a_launch


async def test_no_request_fails_while_everything_is_rebuilt_during_a_launch(database: str) -> None:
    outcome = await rebuild_during_a_launch(database, leads=2_000)
    assert set(outcome.answers) == {200}
    assert outcome.rebuilds > 0
    assert outcome.total == 2_000
    assert outcome.differing == 0
