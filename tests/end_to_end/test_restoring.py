"""A backup taken in the middle of a campaign, restored after its end: real processes, a real sink."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.cli.processes import Ran, forked
from tests.end_to_end.campaigning import connect, follow, good, has_status, make_ready
from tests.end_to_end.processes import ServiceProcess, SinkProcess

LEADS = 3
SECONDS_OF_PATIENCE = 1.5
"""A worker looks ten times a second for what it may send."""
CAREFUL = {"LIFTOFF_SEND_GAP_SECONDS": "0.4", "LIFTOFF_SEND_JITTER": "0"}


async def test_nothing_is_sent_by_a_restored_service_until_it_is_accepted(tmp_path: Path) -> None:
    published = {"LIFTOFF_AUDIT_DIR": str(tmp_path / "published")}
    before, after = tmp_path / "before", tmp_path / "after"
    with SinkProcess(tmp_path / "sink") as sink:
        with ServiceProcess(before, **CAREFUL, **published) as service:
            async with connect(service.url, service.key) as api:
                campaign_id = await make_ready(api, sink.url, LEADS, senders=1)
                path = f"/api/campaigns/{campaign_id}"
                good(await api.post(f"{path}/launch"))
                await follow(api, campaign_id, lambda _: sink.count >= 2)
                good(await api.post(f"{path}/pause"))
                await follow(api, campaign_id, lambda now: sum(now["sends_by_node"].values()) == sink.count)
                known = sink.steps()
                backup = await run("backup", "--output", str(tmp_path), data_dir=before)
                good(await api.post(f"{path}/resume"))
                await follow(api, campaign_id, has_status("completed"))
            key = service.key
            assert service.stop() == 0
        assert (backup.code, backup.err.count("secret key is not in it")) == (0, 1)
        everything = sink.steps()
        assert len(known) < len(everything) == 2 * LEADS

        await restore(Path(backup.out.strip()), before, after)
        with ServiceProcess(after, **CAREFUL, **published) as service:
            async with connect(service.url, key) as api:
                good(await api.post(f"{path}/resume"))
                await follow(api, campaign_id, has_status("active"))
                status = good(await api.get(f"{path}/sending-status"))["sending_status"]["senders"][0]
                assert status["code"] == "restored_not_accepted"
                assert (await api.get("/health/ready")).status_code == 503
                await asyncio.sleep(SECONDS_OF_PATIENCE)
                assert sink.steps() == everything

                told = await run("restore", "accept", data_dir=after, **published)
                assert (told.code, told.out.splitlines()[-1]) == (0, "Accepted: sending goes on.")
                assert "from a backup taken at" in told.out
                assert "Workspace default: a checkpoint of" in told.out
                await follow(api, campaign_id, has_status("completed"))
            assert service.stop() == 0
        again = everything - known  # what the backup did not know of
        assert sink.steps() == everything + again


async def restore(backup: Path, before: Path, after: Path) -> None:
    """Restore into a new directory, which has been given the secret key."""
    hand_over_the_key(before, after)
    restored = await run("restore", "--input", str(backup), data_dir=after)
    assert restored.code == 0
    assert "Nothing is sent until 'liftoff restore accept'" in restored.out


def hand_over_the_key(before: Path, after: Path) -> None:
    after.mkdir()
    shutil.copy(before / "secret.key", after)


async def run(*arguments: str, data_dir: Path, **settings: str) -> Ran:
    """A command of the operator, beside whatever runs."""
    environment: Mapping[str, str] = {"LIFTOFF_DATA_DIR": str(data_dir), **settings}
    return await asyncio.to_thread(forked, *arguments, settings=environment)
