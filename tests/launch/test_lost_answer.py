"""A launch whose answer from the database got lost: whether it was stored is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from domain.campaign.events import LaunchRolledBack
from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.database.pool import Connection
from service.launch.launching import Launching
from tests.launch.faults import CUTS_THE_CONNECTION, broken_by, failing
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


async def test_a_launch_cut_behind_its_commit_is_answered_as_the_launch_it_is_and_not_repeated(
    scene: Scene, owner: Connection
) -> None:
    campaign_id = await scene.draft()
    async with broken_by(owner, failing("launch_runs", what=_WAITS_FOR_IT, once=True)):
        launching = asyncio.create_task(scene.launch(campaign_id))
        async with asyncio.timeout(20):
            while not await owner.fetch(_CUT_WHO_WAITS):
                await asyncio.sleep(0.01)
        answer = await launching
    assert (answer.status_code, answer.json()["success"]) == (200, True), answer.text
    assert answer.json()["prospectsToProcess"] == LEADS - SKIPPED

    campaign = await scene.load(campaign_id)
    assert (campaign.status, campaign.epoch) == ("launching", 1)
    again = await scene.launch(campaign_id)
    assert (again.status_code, again.json()["code"]) == (409, "launch-in-progress")
    await scene.perform(campaign_id, 1)
    sent = await scene.send_all()
    assert len(sent) == len(set(sent)) == LEADS - SKIPPED
    assert not any(isinstance(fact, LaunchRolledBack) for fact in await scene.facts(campaign_id))


async def test_a_launch_cut_before_its_commit_does_not_pass_another_off_as_itself(
    scene: Scene, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await scene.draft()
    record_failure = Launching._record_failure

    async def overtaken(launching: Launching, *failed: Any) -> None:
        monkeypatch.undo()
        assert (await scene.launch(campaign_id)).status_code == 200
        await record_failure(launching, *failed)

    monkeypatch.setattr(Launching, "_record_failure", overtaken)
    cut = failing("launch_runs", what=CUTS_THE_CONNECTION, at_commit=True, once=True)
    async with broken_by(owner, cut):
        answer = await scene.launch(campaign_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "campaign-changed"), answer.text
    assert ((await scene.load(campaign_id)).status, (await scene.load(campaign_id)).epoch) == ("launching", 1)
