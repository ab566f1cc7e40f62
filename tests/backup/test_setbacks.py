"""A database that was set back knows it, and sends nothing until that is accepted; then it goes on."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.refusal import Refused
from service.audit.publishing import Directory
from service.database.pool import connect_as_owner
from service.setbacks.accepting import NotAcceptable
from tests.api.making import caller
from tests.backup.conftest import Past, Restored, Restoring, client_on
from tests.http.test_problems import assert_problem


async def codes(there: Restored, past: Past) -> set[str]:
    """Why the campaign is sending or is not."""
    sending = await there.parts.sending_reading.of(past.workspace_id, past.campaign_id)
    return {status.code for status in sending.senders.values()}


async def acceptance(there: Restored) -> dict[str, Any]:
    """What the history says of the acceptance, with who accepted."""
    [row] = await there.parts.pool.fetch("SELECT actor, payload FROM events WHERE type = 'restore-accepted'")
    return {"actor": row["actor"], **json.loads(row["payload"])}


async def test_nothing_is_sent_until_a_restored_database_is_accepted_and_then_it_goes_on(
    past: Past, restored: Restoring
) -> None:
    async with restored() as there:
        last = await there.parts.pool.fetchval("SELECT max(position) FROM events")
        await there.parts.housekeeping.beat(there.worker.id)
        assert await there.worker.take() == []
        assert await codes(there, past) == {"restored_not_accepted"}
        [campaign] = (await there.parts.accepting.standing()).campaigns
        assert (campaign.campaign_id, campaign.due, campaign.in_flight) == (past.campaign_id, 1, 1)

        await there.parts.accepting.accept()
        assert await codes(there, past) == {"healthy"}
        assert len(await there.worker.take()) == 1
        assert await acceptance(there) == {
            "actor": "operator",
            "position": last,
            "backup_taken_at": "2030-01-31T09:00:00Z",
            "size": None,
            "published_size": None,
        }
        with pytest.raises(NotAcceptable, match="nothing to accept"):
            await there.parts.accepting.accept()


async def test_until_then_everything_but_launches_is_answered_and_readiness_says_why(
    past: Past, restored: Restoring
) -> None:
    path = f"/api/campaigns/{past.draft_id}"
    async with restored() as there, await client_on(there, past.workspace_id) as client:
        assert (await client.get(path)).status_code == 200
        assert (await client.patch(path, json={"name": "Sooner"})).status_code == 200
        assert_problem(await client.post(f"{path}/launch"), 503, "restored-not-accepted")
        ready = await client.get("/health/ready")
        assert_problem(ready, 503, "not-ready")
        assert "liftoff restore accept" in ready.json()["checks"]["restore"]["detail"]
        await there.parts.accepting.accept()
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.post(f"{path}/launch")).status_code == 200


async def test_what_was_being_handed_over_at_that_time_is_not_sent_again(
    past: Past, restored: Restoring
) -> None:
    async with restored() as there:
        await there.parts.accepting.accept()
        keeper = there.parts.housekeeping
        for _ in range(3):  # who judges others must have listened for a while, with signs of life of its own
            await keeper.beat(there.worker.id)
            there.clock.move(timedelta(seconds=there.parts.settings.run_dead_seconds * 0.9))
        await keeper.beat(there.worker.id)
        await keeper.settle_lost_sends()
        ended = await there.parts.pool.fetch("SELECT type FROM events WHERE type = 'send-outcome-unknown'")
        assert len(ended) == 1
        assert len(await there.worker.take()) == 1


async def test_it_can_be_accepted_with_every_campaign_paused(past: Past, restored: Restoring) -> None:
    async with restored() as there:
        assert await there.parts.accepting.pause_all() == 1
        await there.parts.accepting.accept()
        assert await there.worker.take() == []
        assert await codes(there, past) == {"campaign_paused"}
        await there.parts.lifecycle.resume(caller(past.workspace_id), past.campaign_id)
        assert len(await there.worker.take()) == 1


async def test_a_scheduled_launch_waits_for_as_long_as_it_takes(past: Past, restored: Restoring) -> None:
    async with restored() as there:
        for _ in range(3):
            there.clock.move(timedelta(hours=1))
            await there.parts.scheduling.launch_due()
        waiting = await there.parts.campaigns.load(past.workspace_id, past.scheduled_id)
        assert (waiting.status, waiting.launch_at is None) == ("draft", False)
        with pytest.raises(Refused, match="until its operator has accepted it"):
            await there.parts.launching.launch(caller(past.workspace_id), past.draft_id)
        await there.parts.accepting.accept()
        there.clock.move(timedelta(hours=1))
        await there.parts.scheduling.launch_due()
        assert (await there.parts.campaigns.load(past.workspace_id, past.scheduled_id)).status == "launching"
        with pytest.raises(NotAcceptable, match="start the service"):
            await there.parts.accepting.pause_all()


async def test_a_published_checkpoint_that_it_lacks_gives_it_away_however_it_was_set_back(
    past: Past, restored: Restoring, empty_database: str, tmp_path: Path
) -> None:
    place = tmp_path / "published"
    shutil.copytree(past.published, place)
    [lost] = Directory(place).newest()
    async with restored(place) as there:
        await forget_the_restore(empty_database)  # as if another program had restored it
        await there.parts.publishing.catch_up()
        assert await there.worker.take() == []
        [setback] = (await there.parts.accepting.standing()).setbacks
        assert (setback.workspace_id, setback.published_size) == (past.workspace_id, lost.size)
        assert setback.size is not None
        assert setback.size < lost.size
        assert Directory(place).newest() == [lost]

        await there.parts.accepting.accept()
        told = await acceptance(there)
        assert (told["size"], told["published_size"]) == (setback.size, lost.size)
        await there.parts.sealing.catch_up()
        await there.parts.publishing.catch_up()
        newest = await there.parts.checkpoints.newest(past.workspace_id)
        assert newest is not None
        assert [each.note for each in Directory(place).newest()] == [newest.note]
        assert kept_aside(place) == [lost.note]
        assert await there.parts.lookout.look()
        assert len(await there.worker.take()) == 1


async def test_one_that_has_all_that_was_published_is_never_taken_for_one(
    past: Past, restored: Restoring, empty_database: str, tmp_path: Path
) -> None:
    async with restored(tmp_path) as there:
        await forget_the_restore(empty_database)
        for _ in range(2):
            assert await there.parts.lookout.look()
            await there.parts.publishing.catch_up()
            assert await there.parts.lookout.look()
            await there.worker.take()
            await there.parts.sealing.catch_up()
        assert Directory(tmp_path).newest()
        assert await there.parts.setbacks.unaccepted() == []


async def forget_the_restore(dsn: str) -> None:
    """Take the mark away."""
    owner = await connect_as_owner(dsn, application_name="test")
    await owner.execute("DELETE FROM setbacks")
    await owner.close()


def kept_aside(place: Path) -> list[str]:
    """The newest checkpoints of the histories that were lost."""
    return [file.read_text() for file in place.glob("*.lost-*/checkpoint")]
