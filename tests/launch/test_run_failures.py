"""A background run that fails at every point, again and again, is given up: its launch is undone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import pytest
from pgqueuer.errors import RetryRequested

from domain import streams
from domain.campaign.events import LaunchAccepted, LaunchRolledBack, RollbackReason, RunStarted
from domain.lead.events import LeadsEnrolled, LeadsSkipped, LeadsWithdrawn
from domain.sender.events import SenderRemoved
from service.channels.smtp import SmtpChannel
from service.composition import new_worker
from service.database.pool import Connection
from service.launch.run import MAX_STARTS
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, Appended, StreamWrite
from service.worker import Worker
from tests.api.making import make_sender
from tests.launch.faults import CUTS_THE_CONNECTION, REFUSES, Fault, broken_by, failing, is_event
from tests.launch.scene import STALE, Died, InterruptedRun, Leftovers, Scene, Step, die

_SECOND_PART: Final = f"IF (SELECT count(*) FROM dispatch_due) = 2 THEN {REFUSES}; END IF"

FAULTS: Final = {
    "telling of the first leads": failing("events", when=is_event("leads-enrolled")),
    "planning the first leads": failing("dispatch_due"),
    "planning the second part of the leads": failing("dispatch_due", what=_SECOND_PART),
    "keeping how far it came": failing("launch_runs", when="NEW.enrolled > 2"),
    "a connection cut between parts": failing(
        "launch_runs", when="NEW.enrolled > 2", what=CUTS_THE_CONNECTION
    ),
    "activating": failing("events", when=is_event("campaign-activated")),
    "opening the gate": failing("dispatch_campaigns", when="NEW.status = 'active'"),
}


@pytest.fixture
async def worker(scene: Scene) -> AsyncIterator[Worker]:
    """A worker that is handed its jobs by the test."""
    async with SmtpChannel() as smtp:
        yield new_worker(scene.parts, smtp)


async def fail_until_given_up(scene: Scene, worker: Worker, campaign_id: UUID) -> None:
    """Hand the run to the worker as often as it asks for it."""
    for _ in range(MAX_STARTS):
        with pytest.raises(RetryRequested):
            await worker._launch(scene.job(campaign_id, 1))
        assert (await scene.load(campaign_id)).status == "launching"
    await worker._launch(scene.job(campaign_id, 1))


async def is_undone(scene: Scene, campaign_id: UUID, starts: int, reason: RollbackReason) -> None:
    """Each fact of the attempt is compensated by name, and nothing but the history has anything of it."""
    history = await scene.history(campaign_id)
    undone = {
        each.event_id
        for each in history
        if isinstance(each.event, LaunchAccepted | LeadsEnrolled | LeadsSkipped)
    }
    compensations = [
        each.event for each in history if isinstance(each.event, LaunchRolledBack | LeadsWithdrawn)
    ]
    compensated = [id_ for compensation in compensations for id_ in compensation.compensates]
    assert len(compensated) == len(undone)
    assert set(compensated) == undone
    assert [each.reason for each in compensations if isinstance(each, LaunchRolledBack)] == [reason]
    assert sum(isinstance(each.event, RunStarted) for each in history) == starts
    assert (await scene.load(campaign_id)).status == "draft"
    assert await scene.leftovers(campaign_id) == Leftovers()
    assert await scene.differences() == []


class TestARunThatFails:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    async def test_every_time_is_given_up(
        self, scene: Scene, owner: Connection, worker: Worker, fault: Fault
    ) -> None:
        campaign_id = await scene.draft()
        before = await scene.standing(campaign_id)
        assert (await scene.launch(campaign_id)).status_code == 200
        async with broken_by(owner, fault):
            await fail_until_given_up(scene, worker, campaign_id)

        await is_undone(scene, campaign_id, MAX_STARTS, "run-failed")
        assert await scene.standing(campaign_id) == before
        await scene.launches_normally(campaign_id)

    async def test_to_plan_because_its_sender_is_gone_is_given_up(self, scene: Scene, worker: Worker) -> None:
        campaign_id = await scene.draft()
        before = await scene.standing(campaign_id)
        assert (await scene.launch(campaign_id)).status_code == 200
        [sender_id] = before.campaign.settings.sender_account_ids
        await _remove(scene, sender_id)
        await fail_until_given_up(scene, worker, campaign_id)

        await is_undone(scene, campaign_id, MAX_STARTS, "run-failed")
        after = await scene.standing(campaign_id)
        assert (after.campaign, after.leads) == (before.campaign, before.leads)
        other = [str(await make_sender(scene.parts, scene.workspace_id, "other@sender.example"))]
        await scene.client.patch(f"/api/campaigns/{campaign_id}", json={"sender_account_ids": other})
        await scene.launches_normally(campaign_id)

    async def test_once_goes_on_where_it_was(self, scene: Scene, owner: Connection, worker: Worker) -> None:
        campaign_id = await scene.launched()
        async with broken_by(owner, FAULTS["planning the second part of the leads"]):
            with pytest.raises(RetryRequested):
                await worker._launch(scene.job(campaign_id, 1))
        await worker._launch(scene.job(campaign_id, 1))
        facts = await scene.facts(campaign_id)
        assert sum(isinstance(fact, LeadsEnrolled) for fact in facts) == 2
        assert not any(isinstance(fact, LaunchRolledBack) for fact in facts)
        assert (await scene.load(campaign_id)).status == "active"

    async def test_even_to_start_is_not_alive_and_goes_stale(
        self, scene: Scene, owner: Connection, worker: Worker
    ) -> None:
        campaign_id = await scene.draft()
        before = await scene.standing(campaign_id)
        assert (await scene.launch(campaign_id)).status_code == 200
        scene.clock.move(STALE)
        async with broken_by(owner, failing("events", when=is_event("campaign-run-started"))):
            for _ in range(MAX_STARTS + 1):
                with pytest.raises(RetryRequested):
                    await worker._launch(scene.job(campaign_id, 1))
        await scene.parts.housekeeping.expire_launches()

        await is_undone(scene, campaign_id, 0, "stale")
        assert await scene.standing(campaign_id) == before
        await scene.launches_normally(campaign_id)


async def _remove(scene: Scene, sender_id: UUID) -> None:
    """The log says that the account is gone. The service would not let it go while a campaign needs it."""
    append = Append(
        workspace_id=scene.workspace_id,
        writes=(
            StreamWrite(stream=streams.sender(sender_id), expected=AnyVersion(), events=(SenderRemoved(),)),
        ),
        context=scene.caller.context(scene.clock),
    )
    assert isinstance(await scene.parts.store.append(append), Appended)


class TestARunWhoseWorkersDie:
    @pytest.mark.parametrize("step", ["enrol", "second part", "activate"])
    async def test_is_given_up_after_so_many_starts(self, scene: Scene, worker: Worker, step: Step) -> None:
        campaign_id = await scene.draft()
        before = await scene.standing(campaign_id)
        assert (await scene.launch(campaign_id)).status_code == 200
        for _ in range(MAX_STARTS):
            with pytest.raises(Died):
                await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, step, die))
        await worker._launch(scene.job(campaign_id, 1))

        await is_undone(scene, campaign_id, MAX_STARTS, "run-failed")
        assert await scene.standing(campaign_id) == before
        await scene.launches_normally(campaign_id)

    async def test_is_given_up_the_next_time_if_that_fails_too(
        self, scene: Scene, owner: Connection, worker: Worker
    ) -> None:
        campaign_id = await scene.launched()
        for _ in range(MAX_STARTS):
            with pytest.raises(Died):
                await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, "enrol", die))
        async with broken_by(owner, failing("events", when=is_event("campaign-launch-rolled-back"))):
            with pytest.raises(RetryRequested):
                await worker._launch(scene.job(campaign_id, 1))
        assert (await scene.load(campaign_id)).status == "launching"
        await worker._launch(scene.job(campaign_id, 1))
        await is_undone(scene, campaign_id, MAX_STARTS, "run-failed")
