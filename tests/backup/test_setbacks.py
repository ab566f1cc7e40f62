"""A database that was set back knows it, and sends nothing until that is accepted; then it goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from glob import glob
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from service.audit.publishing import Directory, Publishing
from service.channels.outcome import Accepted
from service.composition import Liftoff
from service.database.pool import connect_as_owner
from service.setbacks.accepting import NotAcceptable
from service.setbacks.lookout import Lookout
from tests.api.making import make_sender
from tests.backup.conftest import BackUp, Restored, Standing
from tests.dispatch.conftest import SEQUENCE, Launch, Worker, statuses
from tests.http.conftest import MovableClock
from tests.http.test_problems import assert_problem

SENT = Accepted(250, "OK")


async def codes(there: Restored, campaign_id: UUID) -> set[str]:
    """Why the campaign is sending or is not."""
    answer = await there.client.get(f"/api/campaigns/{campaign_id}/sending-status")
    return {sender["code"] for sender in answer.json()["sending_status"]["senders"]}


async def acceptances(parts: Liftoff) -> list[tuple[str, dict[str, Any]]]:
    """What the history says of acceptances: who accepted, and what."""
    rows = await parts.pool.fetch("SELECT actor, payload FROM events WHERE type = 'restore-accepted'")
    return [(row["actor"], json.loads(row["payload"])) for row in rows]


async def draft(client: httpx.AsyncClient, *sender_ids: UUID) -> str:
    """Where a new draft is, with something to send to somebody."""
    body = {"type": "email", "name": "Later", "sender_account_ids": [str(id_) for id_ in sender_ids]}
    path = f"/api/campaigns/{(await client.post('/api/campaigns', json=body)).json()['campaign']['id']}"
    await client.patch(path, json={"sequence_nodes": SEQUENCE})
    await client.post(f"{path}/leads", json={"prospects": [{"email": "eve@x.example"}]})
    return path


async def test_nothing_is_sent_until_a_restored_database_is_accepted_and_then_it_goes_on(
    launch: Launch, worker: Worker, back_up: BackUp, restored: Standing, workspace_id: UUID
) -> None:
    campaign_id = await launch(3)
    await worker.record(await worker.take(1), SENT)
    backup = await back_up()
    await worker.record(await worker.take(2), SENT)
    assert await worker.take() == []

    async with restored(backup, workspace_id) as there:
        assert await there.worker.take() == []
        assert await codes(there, campaign_id) == {"restored_not_accepted"}
        [campaign] = (await there.parts.accepting.standing()).campaigns
        assert (campaign.campaign_id, campaign.due, campaign.in_flight) == (campaign_id, 2, 0)
        await there.parts.accepting.accept()
        assert len(await there.worker.take()) == 2
        assert await acceptances(there.parts) == [
            (
                "operator",
                {**(await acceptances(there.parts))[0][1], "backup_taken_at": "2030-01-31T09:00:00Z"},
            )
        ]
        with pytest.raises(NotAcceptable, match="nothing to accept"):
            await there.parts.accepting.accept()


async def test_until_then_everything_but_launches_is_answered_and_health_says_why(
    client: httpx.AsyncClient, back_up: BackUp, restored: Standing, workspace_id: UUID
) -> None:
    path = await draft(client)
    async with restored(await back_up(), workspace_id) as there:
        assert (await there.client.get(path)).status_code == 200
        assert (await there.client.patch(path, json={"name": "Sooner"})).status_code == 200
        assert_problem(await there.client.post(f"{path}/launch"), 503, "restored-not-accepted")
        ready = await there.client.get("/health/ready")
        assert_problem(ready, 503, "not-ready")
        assert "liftoff restore accept" in ready.json()["checks"]["restore"]["detail"]
        await there.parts.accepting.accept()
        assert_problem(await there.client.post(f"{path}/launch"), 400, "no-sender-accounts")
        assert (await there.client.get("/health/ready")).status_code == 200


async def test_what_was_being_handed_over_at_that_time_is_not_sent_again(
    launch: Launch,
    worker: Worker,
    back_up: BackUp,
    restored: Standing,
    workspace_id: UUID,
    clock: MovableClock,
) -> None:
    campaign_id = await launch(2)
    assert len(await worker.take(1)) == 1
    async with restored(await back_up(), workspace_id) as there:
        [campaign] = (await there.parts.accepting.standing()).campaigns
        assert (campaign.due, campaign.in_flight) == (1, 1)
        await there.parts.accepting.accept()
        keeper = there.parts.housekeeping
        for _ in range(3):  # who judges others must have listened for a while, with signs of life of its own
            await keeper.beat(there.worker.id)
            clock.move(timedelta(seconds=there.parts.settings.run_dead_seconds * 0.9))
        await keeper.beat(there.worker.id)
        await keeper.settle_lost_sends()
        assert len(await there.worker.take()) == 1
        assert (await statuses(there.client, campaign_id))["outcome_unknown"] == 1


async def test_it_can_be_accepted_with_every_campaign_paused(
    launch: Launch, back_up: BackUp, restored: Standing, workspace_id: UUID
) -> None:
    campaign_id = await launch(2)
    async with restored(await back_up(), workspace_id) as there:
        assert await there.parts.accepting.pause_all() == 1
        await there.parts.accepting.accept()
        assert await there.worker.take() == []
        assert await codes(there, campaign_id) == {"campaign_paused"}
        assert (await there.client.post(f"/api/campaigns/{campaign_id}/resume")).status_code == 200
        assert len(await there.worker.take()) == 2


async def test_a_scheduled_launch_waits_for_as_long_as_it_takes(
    liftoff: Liftoff,
    client: httpx.AsyncClient,
    back_up: BackUp,
    restored: Standing,
    workspace_id: UUID,
    clock: MovableClock,
) -> None:
    path = await draft(client, await make_sender(liftoff, workspace_id))
    launch_at = f"{clock.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert (await client.post(f"{path}/launch", json={"launch_at": launch_at})).status_code == 200
    async with restored(await back_up(), workspace_id) as there:
        for _ in range(3):
            clock.move(timedelta(hours=1))
            await there.parts.scheduling.launch_due()
        assert (await there.client.get(path)).json()["campaign"]["launch_at"] == launch_at
        await there.parts.accepting.accept()
        clock.move(timedelta(hours=1))
        await there.parts.scheduling.launch_due()
        assert (await there.client.get(path)).json()["campaign"]["status"] == "launching"


@asynccontextmanager
async def published(parts: Liftoff, to: Path) -> AsyncIterator[None]:
    """Everything sealed, and published to a directory, before and after the block."""
    directory = [Directory(to)]
    lookout = Lookout(parts.checkpoints, parts.setbacks, directory, parts.clock)
    for step in range(2):
        await parts.sealing.catch_up()
        await Publishing(parts.checkpoints, directory, lookout.look).catch_up()
        if step == 0:
            yield


@asynccontextmanager
async def set_back_by_other_means(
    restored: Standing, backup: Path, workspace_id: UUID, dsn: str, published_to: Path
) -> AsyncIterator[Restored]:
    """As restored by another program, which leaves no mark: only what was published can tell."""
    async with restored(backup, workspace_id, published_to) as there:
        owner = await connect_as_owner(dsn, application_name="test")
        await owner.execute("DELETE FROM setbacks")
        await owner.close()
        yield there


async def test_a_published_checkpoint_that_it_lacks_gives_it_away_however_it_was_set_back(
    liftoff: Liftoff,
    launch: Launch,
    worker: Worker,
    back_up: BackUp,
    restored: Standing,
    workspace_id: UUID,
    empty_database: str,
    tmp_path: Path,
) -> None:
    await launch(2)
    async with published(liftoff, tmp_path):
        backup = await back_up()
        await worker.record(await worker.take(), SENT)
    [lost] = Directory(tmp_path).newest()
    async with set_back_by_other_means(restored, backup, workspace_id, empty_database, tmp_path) as there:
        await there.parts.publishing.catch_up()
        assert await there.worker.take() == []
        [setback] = (await there.parts.accepting.standing()).setbacks
        assert (setback.workspace_id, setback.published_size) == (workspace_id, lost.size)
        assert setback.size is not None
        assert setback.size < lost.size

        await there.parts.accepting.accept()
        await there.parts.sealing.catch_up()
        await there.parts.publishing.catch_up()
        newest = await there.parts.checkpoints.newest(workspace_id)
        assert newest is not None
        assert (tmp_path / str(workspace_id) / "checkpoint").read_text() == newest.note
        [aside] = glob(f"{tmp_path}/{workspace_id}.lost-{lost.size}-*")
        assert (Path(aside) / "checkpoint").read_text() == lost.note
        assert await there.parts.lookout.look()
        assert len(await there.worker.take()) == 2
        [(_, told)] = await acceptances(there.parts)
        assert (told["size"], told["published_size"]) == (setback.size, lost.size)


async def test_a_database_that_was_not_set_back_is_never_taken_for_one(
    liftoff: Liftoff, launch: Launch, worker: Worker, tmp_path: Path
) -> None:
    lookout = Lookout(liftoff.checkpoints, liftoff.setbacks, [Directory(tmp_path)], liftoff.clock)
    assert await lookout.look()
    await launch(2)
    async with published(liftoff, tmp_path):
        assert await lookout.look()
        await worker.record(await worker.take(), SENT)
        await liftoff.sealing.catch_up()
        assert await lookout.look()
    assert await lookout.look()
    assert await liftoff.setbacks.unaccepted() == []
