"""Stale launches: one that is too old and whose run is not alive is undone, by whoever notices first."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import StringIO

import pytest

from domain.campaign.events import LaunchAccepted, LaunchRolledBack
from domain.campaign.state import Campaign
from service.campaigns.repository import StreamMoved
from service.database.pool import Connection
from service.launch import run
from service.launch.runs import run_id
from tests.launch.faults import broken_by, denying
from tests.launch.scene import LEADS, SKIPPED, STALE, Died, InterruptedRun, Leftovers, Scene, die

YOUNG = timedelta(seconds=119)


class TestTheNextLaunch:
    async def test_is_told_of_the_one_in_progress_while_that_is_young(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        accepted_at = scene.clock.now()
        scene.clock.move(YOUNG)
        answer = await scene.launch(campaign_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "launch-in-progress")
        assert answer.json()["runId"] == run_id(campaign_id, 1)
        assert answer.json()["retry_after"] > 0
        assert answer.json()["started_at"] == accepted_at.isoformat().replace("+00:00", "Z")
        assert (await scene.load(campaign_id)).epoch == 1

    async def test_takes_the_place_of_a_stale_one_by_exactly_one_compensating_event(
        self, scene: Scene
    ) -> None:
        campaign_id = await scene.launched()
        scene.clock.move(STALE)
        answer = await scene.launch(campaign_id)
        assert (answer.status_code, answer.json()["runId"]) == (200, run_id(campaign_id, 2))
        first = (await scene.load(campaign_id)).attempts[0]
        facts = await scene.facts(campaign_id)
        assert [fact for fact in facts if isinstance(fact, LaunchRolledBack)] == [
            LaunchRolledBack(epoch=1, reason="stale", compensates=(first.accepted_event,))
        ]
        assert [fact.epoch for fact in facts if isinstance(fact, LaunchAccepted)] == [1, 2]
        assert await scene.leftovers(campaign_id) == Leftovers(skips=SKIPPED, runs=1, jobs=1)

    async def test_of_a_run_that_died_half_way_sends_to_everybody_once(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        with pytest.raises(Died):
            await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, "second part", die))
        scene.clock.move(STALE)
        assert (await scene.launch(campaign_id)).status_code == 200
        await scene.perform(campaign_id, 2)
        sent = await scene.send_all()
        assert len(sent) == len(set(sent)) == LEADS - SKIPPED

    @pytest.mark.parametrize("age", [STALE, timedelta(days=3)])
    async def test_waits_for_a_run_that_is_alive_however_old_it_is(
        self, scene: Scene, age: timedelta
    ) -> None:
        campaign_id = await scene.launched()

        async def launch_again() -> None:
            scene.clock.move(age)
            await _beat(scene, await scene.load(campaign_id))
            answer = await scene.launch(campaign_id)
            assert (answer.status_code, answer.json()["code"]) == (409, "launch-in-progress")

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, "second part", launch_again))
        campaign = await scene.load(campaign_id)
        assert (campaign.status, campaign.epoch) == ("active", 1)

    async def test_of_many_at_once_one_wins_and_one_compensates(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        scene.clock.move(STALE)
        answers = await asyncio.gather(*(scene.launch(campaign_id) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
        assert await _compensations(scene, await scene.load(campaign_id)) == 1
        assert (await scene.load(campaign_id)).epoch == 2


class TestSignsOfLife:
    async def test_go_on_after_the_database_refused_one(
        self, scene: Scene, owner: Connection, log: StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run, "BEAT_SECONDS", 0.01)
        campaign_id = await scene.launched()

        async def refuse_one_then_wait_for_the_next() -> None:
            async with broken_by(owner, denying("UPDATE ON launch_runs")):
                while "no_sign_of_life" not in log.getvalue():
                    await asyncio.sleep(0.01)
            scene.clock.move(STALE)
            while not await _is_alive(scene, await scene.load(campaign_id)):
                await asyncio.sleep(0.01)

        frozen = InterruptedRun(scene.parts, "activate", refuse_one_then_wait_for_the_next)
        async with asyncio.timeout(20):
            await scene.perform(campaign_id, 1, frozen)
        assert (await scene.load(campaign_id)).status == "active"


class TestTheSweeper:
    async def test_undoes_a_stale_launch_without_anybody_launching(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        scene.clock.move(YOUNG)
        await scene.parts.housekeeping.expire_launches()
        assert (await scene.load(campaign_id)).status == "launching"
        scene.clock.move(STALE - YOUNG)
        await scene.parts.housekeeping.expire_launches()
        campaign = await scene.load(campaign_id)
        assert (campaign.status, campaign.attempts[-1].error) == ("draft", "stale")
        assert await scene.leftovers(campaign_id) == Leftovers()

    async def test_leaves_a_launch_whose_run_is_alive(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        scene.clock.move(STALE)
        await _beat(scene, await scene.load(campaign_id))
        await scene.parts.housekeeping.expire_launches()
        assert (await scene.load(campaign_id)).status == "launching"

    async def test_in_several_workers_at_once_compensates_once(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        scene.clock.move(STALE)
        await asyncio.gather(*(scene.parts.housekeeping.expire_launches() for _ in range(4)))
        campaign = await scene.load(campaign_id)
        assert campaign.status == "draft"
        assert await _compensations(scene, campaign) == 1

    async def test_that_read_the_campaign_before_another_undid_it_changes_nothing(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        scene.clock.move(STALE)
        as_read = await scene.load(campaign_id)
        await scene.parts.launching.expire(scene.caller, as_read)
        with pytest.raises(StreamMoved):
            await scene.parts.launching.expire(scene.caller, as_read)
        assert await _compensations(scene, as_read) == 1


async def _beat(scene: Scene, campaign: Campaign) -> None:
    """The run gives a sign of life."""
    async with scene.parts.pool.acquire() as connection:
        await scene.parts.runs.beat(
            connection, scene.workspace_id, campaign.id, campaign.epoch, scene.clock.now()
        )


async def _is_alive(scene: Scene, campaign: Campaign) -> bool:
    async with scene.parts.pool.acquire() as connection:
        return await scene.parts.runs.is_alive(
            connection, scene.workspace_id, campaign.id, campaign.epoch, scene.clock.now()
        )


async def _compensations(scene: Scene, campaign: Campaign) -> int:
    return sum(isinstance(fact, LaunchRolledBack) for fact in await scene.facts(campaign.id))
