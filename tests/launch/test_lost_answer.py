"""A launch that was stored, but whose answer from the database got lost: nobody can tell, so it is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from domain.campaign.events import LaunchRolledBack
from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.database.pool import Connection
from tests.launch.faults import broken_by, failing
from tests.launch.scene import LEADS, SKIPPED, Scene

_A_STANDBY_THAT_NEVER_ANSWERS: Final = {
    "max_wal_senders": "1",
    "synchronous_standby_names": "nobody",
    "synchronous_commit": "local",
    "fsync": "off",
}
_WAITS_FOR_IT: Final = "PERFORM set_config('synchronous_commit', 'on', true)"
_CUT_WHO_WAITS: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
def own_server() -> Iterator[str]:
    """The DSN of a server whose commits wait for a standby if they are told to: stored, but not answered."""
    with TemporaryDirectory(prefix="liftoff-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)  # the server of a run as root runs as another user
        with EmbeddedPostgres(Path(directory) / "data", _A_STANDBY_THAT_NEVER_ANSWERS) as dsn:
            yield dsn


@pytest.fixture
async def database(own_server: str) -> str:
    """As everywhere, but on that server."""
    await migrate(own_server)
    return own_server


async def test_a_launch_cut_behind_its_commit_is_not_undone_and_not_launched_twice(
    scene: Scene, owner: Connection
) -> None:
    campaign_id = await scene.draft()
    async with broken_by(owner, failing("launch_runs", what=_WAITS_FOR_IT, once=True)):
        launching = asyncio.create_task(scene.launch(campaign_id))
        async with asyncio.timeout(20):
            while not await owner.fetch(_CUT_WHO_WAITS):
                await asyncio.sleep(0.01)
        answer = await launching
    assert (answer.status_code, answer.json()["code"]) == (409, "campaign-changed"), answer.text

    campaign = await scene.load(campaign_id)
    assert (campaign.status, campaign.epoch) == ("launching", 1)
    again = await scene.launch(campaign_id)
    assert (again.status_code, again.json()["code"]) == (409, "launch-in-progress")
    await scene.perform(campaign_id, 1)
    sent = await scene.send_all()
    assert len(sent) == len(set(sent)) == LEADS - SKIPPED
    assert not any(isinstance(fact, LaunchRolledBack) for fact in await scene.facts(campaign_id))
