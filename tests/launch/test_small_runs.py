"""A run of few leads: one transaction the first time it is taken up; later each start is told before the work."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest
from pgqueuer.errors import RetryRequested

from domain.campaign import decide
from domain.campaign.events import CampaignActivated, RunStarted, StaleWriteRefused
from domain.event import Event
from domain.lead.events import LeadsEnrolled
from service.channels.smtp import SmtpChannel
from service.composition import new_worker
from service.database.pool import Connection
from service.launch import run
from service.launch.run import MAX_STARTS
from tests.launch.faults import CUTS_THE_CONNECTION, Fault, broken_by, failing, is_event
from tests.launch.scene import LEADS, SKIPPED, STALE, InterruptedRun, Leftovers, Scene, Step

LAUNCHED: Final = LEADS - SKIPPED
FAULTS: Final = {
    "telling of the leads": failing("events", when=is_event("leads-enrolled")),
    "telling of the start": failing("events", when=is_event("campaign-run-started")),
    "activating": failing("events", when=is_event("campaign-activated")),
    "opening the gate": failing("dispatch_campaigns", when="NEW.status = 'active'"),
    "planning the leads": failing("dispatch_due"),
    "keeping how far it came": failing("launch_runs", when="NEW.enrolled > 0"),
    "a connection cut at the end": failing("launch_runs", when="NEW.enrolled > 0", what=CUTS_THE_CONNECTION),
    "the commit": failing("dispatch_due", at_commit=True),
}
_TRANSACTIONS: Final = """
    SELECT count(DISTINCT xmin::text) FROM events
    WHERE type IN ('leads-enrolled', 'campaign-run-started', 'campaign-activated')
"""


@pytest.fixture(autouse=True)
def _large_parts(_small_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction holds all leads of the scene, and not one more."""
    monkeypatch.setattr(run, "LEADS_A_TRANSACTION", LAUNCHED)


async def hand_over(scene: Scene, campaign_id: UUID) -> None:
    """Hand the run to a worker."""
    async with SmtpChannel() as smtp:
        await new_worker(scene.parts, smtp)._launch(scene.job(campaign_id, 1))


async def of_the_run(scene: Scene, campaign_id: UUID) -> list[Event]:
    """What the history says of the run, in order."""
    kinds = (LeadsEnrolled, RunStarted, CampaignActivated, StaleWriteRefused)
    return [fact for fact in await scene.facts(campaign_id) if isinstance(fact, kinds)]


async def all_are_planned_once(scene: Scene, campaign_id: UUID) -> None:
    """Nobody was forgotten, nobody enrolled twice, and the read models say so, too."""
    assert (await scene.leftovers(campaign_id)).due == LAUNCHED
    facts = await scene.facts(campaign_id)
    enrolled = [lead.lead_id for fact in facts if isinstance(fact, LeadsEnrolled) for lead in fact.leads]
    assert len(enrolled) == len(set(enrolled)) == LAUNCHED
    assert await scene.differences() == []


class TestTheFirstTime:
    async def test_is_one_transaction(self, scene: Scene) -> None:
        campaign_id = await scene.launched()
        await hand_over(scene, campaign_id)
        [enrolled, started, activated] = await of_the_run(scene, campaign_id)
        assert isinstance(enrolled, LeadsEnrolled)
        assert len(enrolled.leads) == LAUNCHED
        assert [started, activated] == [
            RunStarted(epoch=1, start=1),
            CampaignActivated(epoch=1, prepared=LAUNCHED),
        ]
        assert await scene.parts.pool.fetchval(_TRANSACTIONS) == 1
        assert (await scene.load(campaign_id)).status == "active"
        await all_are_planned_once(scene, campaign_id)

    async def test_of_one_lead_more_is_several(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run, "LEADS_A_TRANSACTION", LAUNCHED - 1)
        campaign_id = await scene.launched()
        await hand_over(scene, campaign_id)
        kinds = [type(fact) for fact in await of_the_run(scene, campaign_id)]
        assert kinds == [RunStarted, LeadsEnrolled, LeadsEnrolled, CampaignActivated]
        assert await scene.parts.pool.fetchval(_TRANSACTIONS) == 4
        await all_are_planned_once(scene, campaign_id)

    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    async def test_leaves_nothing_when_it_fails_and_the_second_start_is_told_first(
        self, scene: Scene, owner: Connection, fault: Fault
    ) -> None:
        campaign_id = await scene.launched()
        async with broken_by(owner, fault):
            with pytest.raises(RetryRequested):
                await hand_over(scene, campaign_id)
        assert await of_the_run(scene, campaign_id) == []
        assert await scene.leftovers(campaign_id) == Leftovers(skips=SKIPPED, runs=1, jobs=1)

        await hand_over(scene, campaign_id)
        [started, enrolled, activated] = await of_the_run(scene, campaign_id)
        assert started == RunStarted(epoch=1, start=2)
        assert isinstance(enrolled, LeadsEnrolled)
        assert activated == CampaignActivated(epoch=1, prepared=LAUNCHED)
        await all_are_planned_once(scene, campaign_id)


class TestEveryTime:
    async def test_that_fails_counts_so_the_run_is_given_up(self, scene: Scene, owner: Connection) -> None:
        campaign_id = await scene.draft()
        before = await scene.standing(campaign_id)
        assert (await scene.launch(campaign_id)).status_code == 200
        async with broken_by(owner, FAULTS["planning the leads"]):
            for _ in range(MAX_STARTS):
                with pytest.raises(RetryRequested):
                    await hand_over(scene, campaign_id)
            assert (await scene.load(campaign_id)).status == "launching"
            await hand_over(scene, campaign_id)
        starts = [fact.start for fact in await scene.facts(campaign_id) if isinstance(fact, RunStarted)]
        assert starts == list(range(2, MAX_STARTS + 1))
        assert (await scene.load(campaign_id)).attempts[-1].error == "run-failed"
        assert await scene.standing(campaign_id) == before
        await scene.launches_normally(campaign_id)

    async def test_that_fails_is_no_sign_of_life(self, scene: Scene, owner: Connection) -> None:
        campaign_id = await scene.launched()
        scene.clock.move(STALE)
        async with broken_by(owner, FAULTS["telling of the start"]):
            with pytest.raises(RetryRequested):
                await hand_over(scene, campaign_id)
        await scene.parts.housekeeping.expire_launches()
        campaign = await scene.load(campaign_id)
        assert (campaign.status, campaign.attempts[-1].error) == ("draft", "stale")


FROZEN: Final[Step] = "prepared"


class TestAWorkerThatWasFrozen:
    async def test_finds_its_launch_given_up_and_is_refused(self, scene: Scene) -> None:
        campaign_id = await scene.launched()

        async def launch_again() -> None:
            scene.clock.move(STALE)
            assert (await scene.launch(campaign_id)).status_code == 200
            await scene.perform(campaign_id, 2)

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, FROZEN, launch_again))
        facts = await of_the_run(scene, campaign_id)
        assert facts[-1] == StaleWriteRefused(epoch=1, current_epoch=2, write="start")
        assert [fact.epoch for fact in facts if isinstance(fact, RunStarted | LeadsEnrolled)] == [2, 2]
        await all_are_planned_once(scene, campaign_id)

    async def test_finds_its_run_brought_to_its_end_by_another_and_is_refused(self, scene: Scene) -> None:
        campaign_id = await scene.launched()

        async def finish() -> None:
            await scene.perform(campaign_id, 1)

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, FROZEN, finish))
        kinds = [type(fact) for fact in await of_the_run(scene, campaign_id)]
        assert kinds == [RunStarted, LeadsEnrolled, CampaignActivated, StaleWriteRefused]
        await all_are_planned_once(scene, campaign_id)

    async def test_goes_on_when_the_campaign_was_only_changed(self, scene: Scene) -> None:
        campaign_id = await scene.launched()

        async def change() -> None:
            refusal = decide.RecordRefusal(epoch=0, write="send")
            await scene.parts.campaigns.execute(
                scene.caller, campaign_id, lambda campaign: decide.decide(campaign, refusal)
            )

        await scene.perform(campaign_id, 1, InterruptedRun(scene.parts, FROZEN, change))
        campaign = await scene.load(campaign_id)
        assert (campaign.status, campaign.attempts[-1].starts) == ("active", 1)
        await all_are_planned_once(scene, campaign_id)
