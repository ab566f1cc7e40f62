"""A launch that fails, wherever it does, leaves a draft as it was: only its history tells of the attempt."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest

from domain.campaign.events import LaunchAccepted, LaunchRolledBack, RollbackReason
from service.database.pool import Connection
from tests.launch.faults import CUTS_THE_CONNECTION, Fault, broken_by, denying, failing, is_event
from tests.launch.scene import LEADS, SKIPPED, Leftovers, Scene

RESOLVING: Final = {
    "asking how far the suppressions are known": denying("SELECT ON streams"),
    "selecting the leads": denying("SELECT ON suppressions"),
}
DISPATCHING: Final = {
    "accepting": failing("events", when=is_event("campaign-launch-accepted"), once=True),
    "telling who is left out": failing("events", when=is_event("leads-skipped")),
    "opening the gate": failing("dispatch_campaigns", when="NEW.status = 'launching'", once=True),
    "making the lanes": failing("dispatch_lanes", once=True),
    "leaving leads out": failing("roster", when="NEW.skipped IS NOT NULL"),
    "announcing the run": failing("launch_runs"),
    "enqueueing the run": failing("pgqueuer", when="NEW.entrypoint = 'launch'"),
    "a connection cut in the middle": failing("launch_runs", what=CUTS_THE_CONNECTION),
    "the commit": failing("launch_runs", at_commit=True),
    "a connection cut at the commit": failing("launch_runs", what=CUTS_THE_CONNECTION, at_commit=True),
}
FAILURES: Final[list[tuple[RollbackReason, Fault]]] = [
    *(("resolution-failed", fault) for fault in RESOLVING.values()),
    *(("dispatch-failed", fault) for fault in DISPATCHING.values()),
]


class TestTheLaunchCall:
    @pytest.mark.parametrize(("reason", "fault"), FAILURES, ids=[*RESOLVING, *DISPATCHING])
    async def test_that_fails_is_undone_and_can_be_repeated(
        self, scene: Scene, owner: Connection, reason: RollbackReason, fault: Fault
    ) -> None:
        campaign_id = await scene.draft()
        before, told = await scene.standing(campaign_id), len(await scene.history(campaign_id))
        async with broken_by(owner, fault):
            answer = await scene.launch(campaign_id)
        assert (answer.status_code, answer.json()["code"]) == (500, "launch-rolled-back"), answer.text

        await _is_undone(scene, campaign_id, told, reason)
        assert await scene.standing(campaign_id) == before
        await scene.launches_normally(campaign_id)

    async def test_can_fail_again_and_again(self, scene: Scene, owner: Connection) -> None:
        campaign_id = await scene.draft()
        before = await scene.standing(campaign_id)
        async with broken_by(owner, DISPATCHING["enqueueing the run"]):
            for _ in range(3):
                assert (await scene.launch(campaign_id)).status_code == 500
        assert (await scene.load(campaign_id)).epoch == 3
        assert await scene.standing(campaign_id) == before
        await scene.launches_normally(campaign_id)

    async def test_leaves_who_was_suppressed_before_it_as_they_were(
        self, scene: Scene, owner: Connection
    ) -> None:
        campaign_id = await scene.draft()
        person = (await scene.standing(campaign_id)).shown_leads["prospects"][0]["email"]
        entered = await scene.client.post("/api/suppressions", json={"suppressions": [{"email": person}]})
        assert entered.json()["added"] == 1, entered.text
        before = await scene.standing(campaign_id)
        async with broken_by(owner, DISPATCHING["announcing the run"]):
            assert (await scene.launch(campaign_id)).status_code == 500
        assert await scene.standing(campaign_id) == before


class TestWhatCantBeToldYet:
    """Nothing was accepted and nothing is known to have failed: the draft and the log are as they were."""

    async def test_suppressions_that_are_not_read_yet_are_waited_for(
        self, scene: Scene, owner: Connection
    ) -> None:
        campaign_id = await scene.draft()
        stopped = "UPDATE projections SET status = 'failed', error = 'Poison' WHERE name = 'suppressions'"
        await owner.execute(stopped)
        suppressed = await scene.suppress(campaign_id)
        told = await scene.history(campaign_id)
        answer = await scene.launch(campaign_id)
        assert (answer.status_code, answer.json()["code"]) == (503, "service-unavailable")
        assert await scene.history(campaign_id) == told

        await owner.execute("UPDATE projections SET status = 'running', error = NULL")
        answer = await scene.launch(campaign_id)
        assert answer.json()["skippedCount"] == SKIPPED + 1
        assert str(suppressed.lead_id) in {lead["id"] for lead in answer.json()["skippedProspects"]}

    async def test_a_log_that_takes_no_launch_at_all_is_an_outage(
        self, scene: Scene, owner: Connection
    ) -> None:
        """The database goes away before the launch is stored, and again before its failure is."""
        campaign_id = await scene.draft()
        before, told = await scene.standing(campaign_id), await scene.history(campaign_id)
        away = failing("events", when=is_event("campaign-launch-accepted"), what=CUTS_THE_CONNECTION)
        async with broken_by(owner, away):
            answer = await scene.launch(campaign_id)
        assert (answer.status_code, answer.json()["code"]) == (503, "service-unavailable"), answer.text
        assert await scene.history(campaign_id) == told
        assert await scene.standing(campaign_id) == before
        assert await scene.leftovers(campaign_id) == Leftovers()
        await scene.launches_normally(campaign_id)


async def _is_undone(scene: Scene, campaign_id: UUID, told: int, reason: RollbackReason) -> None:
    """The history has the attempt and its compensation, nothing else has anything of it."""
    accepted, rolled_back = (await scene.history(campaign_id))[told:]
    skipped = SKIPPED if reason == "dispatch-failed" else 0  # what was not resolved has no receipt either
    assert isinstance(accepted.event, LaunchAccepted)
    assert (accepted.event.total, accepted.event.skipped) == (LEADS - skipped, skipped)
    assert (accepted.event.receipt is not None) == (reason == "dispatch-failed")
    assert rolled_back.event == LaunchRolledBack(epoch=1, reason=reason, compensates=(accepted.event_id,))
    assert await scene.leftovers(campaign_id) == Leftovers()
    assert (await scene.load(campaign_id)).status == "draft"
    assert await scene.differences() == []
