"""Zombies: a run whose worker was only frozen wakes up when its launch is over, and nothing more of it is written."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.campaign.events import RunStarted, StaleWriteRefused
from domain.lead.events import LeadsEnrolled
from service.dispatch.claims import Claim
from tests.dispatch.conftest import Worker
from tests.launch.scene import LEADS, SKIPPED, STALE, Died, InterruptedRun, Leftovers, Scene, Step, die

LAUNCHED = LEADS - SKIPPED


async def launch_again(scene: Scene, campaign_id: UUID) -> None:
    """The launch in progress is given up for a new one."""
    scene.clock.move(STALE)
    answer = await scene.launch(campaign_id)
    assert answer.status_code == 200, answer.text


async def refusals(scene: Scene, campaign_id: UUID) -> list[StaleWriteRefused]:
    """What the history says was refused."""
    return [fact for fact in await scene.facts(campaign_id) if isinstance(fact, StaleWriteRefused)]


AT_STEPS = pytest.mark.parametrize(
    ("step", "write"),
    [("start", "start"), ("enrol", "enrol"), ("second part", "enrol"), ("activate", "activate")],
)


class TestARunThatWakesUp:
    @AT_STEPS
    async def test_while_its_successor_waits_is_refused_and_leaves_nothing(
        self, scene: Scene, step: Step, write: str
    ) -> None:
        campaign_id = await scene.launched()
        zombie = InterruptedRun(scene.parts, step, lambda: launch_again(scene, campaign_id))
        await scene.perform(campaign_id, 1, zombie)
        assert await refusals(scene, campaign_id) == [
            StaleWriteRefused(epoch=1, current_epoch=2, write=write)  # type: ignore[arg-type]
        ]
        assert await scene.leftovers(campaign_id) == Leftovers(skips=SKIPPED, runs=1, jobs=1)
        assert await scene.send_all() == []

        await scene.perform(campaign_id, 2)
        assert (await scene.load(campaign_id)).status == "active"
        sent = await scene.send_all()
        assert len(sent) == len(set(sent)) == LAUNCHED

    @AT_STEPS
    async def test_when_its_successor_has_sent_everything_is_refused_and_sends_nothing(
        self, scene: Scene, step: Step, write: str
    ) -> None:
        campaign_id = await scene.launched()

        async def succeed() -> None:
            await launch_again(scene, campaign_id)
            await scene.perform(campaign_id, 2)
            assert len(await scene.send_all()) == LAUNCHED
            await scene.parts.housekeeping.complete_campaigns()

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, step, succeed))
        assert [(fact.epoch, fact.write) for fact in await refusals(scene, campaign_id)] == [(1, write)]
        assert await scene.send_all() == []
        assert (await scene.load(campaign_id)).status == "completed"
        assert await scene.differences() == []

    @AT_STEPS
    async def test_when_its_launch_was_only_undone_leaves_the_draft_alone(
        self, scene: Scene, step: Step, write: str
    ) -> None:
        campaign_id = await scene.launched()

        async def sweep() -> None:
            scene.clock.move(STALE)
            await scene.parts.housekeeping.expire_launches()

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, step, sweep))
        assert [(fact.epoch, fact.write) for fact in await refusals(scene, campaign_id)] == [(1, write)]
        assert (await scene.load(campaign_id)).status == "draft"
        assert await scene.leftovers(campaign_id) == Leftovers()


class TestARunTakenUpTwice:
    """The engine gave the run of one and the same launch to a second worker, while the first was only frozen."""

    @pytest.mark.parametrize("step", ["enrol", "second part"])
    async def test_enrols_everybody_once_when_both_go_on(self, scene: Scene, step: Step) -> None:
        campaign_id = await scene.launched()

        async def die_after_a_part() -> None:
            with pytest.raises(Died):
                await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, "second part", die))

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, step, die_after_a_part))
        assert sorted(await _enrolled(scene, campaign_id)) == sorted(set(await scene.send_all()))
        campaign = await scene.load(campaign_id)
        assert (campaign.status, campaign.attempts[-1].starts) == ("active", 2)

    @pytest.mark.parametrize("step", ["enrol", "second part", "activate"])
    async def test_writes_nothing_more_once_the_other_has_brought_it_to_its_end(
        self, scene: Scene, step: Step
    ) -> None:
        campaign_id = await scene.launched()

        async def finish() -> None:
            await scene.perform(campaign_id, 1)
            assert len(await scene.send_all()) == LAUNCHED
            await scene.parts.housekeeping.complete_campaigns()

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, step, finish))
        enrolled = await _enrolled(scene, campaign_id)
        assert len(enrolled) == len(set(enrolled)) == LAUNCHED
        assert [fact.write for fact in await refusals(scene, campaign_id)] == ["activate"]
        assert await scene.leftovers(campaign_id) == Leftovers(skips=SKIPPED, runs=1, jobs=1)
        assert (await scene.load(campaign_id)).status == "completed"
        starts = [fact.start for fact in await scene.facts(campaign_id) if isinstance(fact, RunStarted)]
        assert starts == [1, 2]
        assert await scene.differences() == []


class TestAClaim:
    async def test_of_an_older_epoch_is_refused_recorded_once_and_then_made_under_the_right_one(
        self, scene: Scene
    ) -> None:
        campaign_id = await scene.launched()
        await launch_again(scene, campaign_id)
        await scene.perform(campaign_id, 2)
        # No code leads here: a claim reads the epoch under the lock that a rollback takes. The fence stands behind it.
        await scene.parts.pool.execute(
            "UPDATE dispatch_campaigns SET epoch = 1 WHERE campaign_id = $1", campaign_id
        )
        worker = Worker(scene.parts)
        assert await worker.take() == []
        assert await refusals(scene, campaign_id) == [
            StaleWriteRefused(epoch=1, current_epoch=2, write="send")
        ]
        claims: list[Claim] = await worker.take()
        assert len({claim.due.lead_id for claim in claims}) == len(claims) == LAUNCHED
        assert {claim.epoch for claim in claims} == {2}
        assert len(await refusals(scene, campaign_id)) == 1


async def _enrolled(scene: Scene, campaign_id: UUID) -> list[UUID]:
    """The leads that the roster says were enrolled, as often as it says so."""
    return [
        lead.lead_id
        for fact in await scene.facts(campaign_id)
        if isinstance(fact, LeadsEnrolled)
        for lead in fact.leads
    ]
