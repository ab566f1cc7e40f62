"""From the launch to the last outcome: what is claimed, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import httpx

from domain.lead.state import Lead
from service.caller import Caller
from service.channels.outcome import Accepted, Deferred, Refused, Unknown
from service.composition import Liftoff
from service.dispatch.claims import Claim
from service.dispatch.leads import read_leads
from service.engine import LaunchJob
from service.ids import new_id
from tests.api.making import make_sender
from tests.dispatch.conftest import SEQUENCE, Launch, Worker, run_of, tomorrow
from tests.http.conftest import MovableClock

ACCEPTED = Accepted(250, "OK")


async def lead_of(liftoff: Liftoff, claim: Claim) -> Lead:
    """The lead as its own stream tells it."""
    async with liftoff.pool.acquire() as connection:
        found = await read_leads(liftoff.store, connection, [claim.due.key])
    lead, _ = found[claim.due.key]
    return lead


class TestLimits:
    async def test_a_sender_sends_no_more_than_its_daily_limit_over_all_its_campaigns(
        self, liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        sender_id = await make_sender(liftoff, workspace_id)  # 30 a day
        await launch(25, [sender_id])
        await launch(25, [sender_id])
        assert len(await worker.take()) == 30
        assert await worker.take() == []
        tomorrow(clock)
        assert len(await worker.take()) == 20

    async def test_campaigns_share_a_sender_evenly_although_one_has_been_waiting_longer(
        self, liftoff: Liftoff, workspace_id: UUID, launch: Launch, clock: MovableClock
    ) -> None:
        sender_id, careful = (
            await make_sender(liftoff, workspace_id),
            Worker(liftoff, gap=timedelta(minutes=1)),
        )
        older = await launch(20, [sender_id])
        clock.move(timedelta(hours=1))
        newer = await launch(3, [sender_id])
        taken: list[UUID] = []
        for _ in range(8):
            [claim] = await careful.take()
            taken.append(claim.due.campaign_id)
            clock.move(timedelta(minutes=1))
        assert taken == [older, newer] * 3 + [older, older]

    async def test_one_claim_of_many_is_shared_evenly_too(
        self, liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker
    ) -> None:
        sender_id = await make_sender(liftoff, workspace_id)  # 30 a day
        campaigns = [await launch(leads, [sender_id]) for leads in (25, 8, 25)]
        shares = Counter(claim.due.campaign_id for claim in await worker.take())
        assert [shares[id_] for id_ in campaigns] == [11, 8, 11]

    async def test_what_is_not_taken_is_not_charged(self, launch: Launch, worker: Worker) -> None:
        await launch(30)
        taken = [len(await worker.take(at_most=4)) for _ in range(9)]
        assert sum(taken) == 30

    async def test_a_campaign_sends_no_more_than_its_daily_limit_over_all_its_senders(
        self, liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        senders = [await make_sender(liftoff, workspace_id, f"s{n}@sender.example") for n in range(3)]
        await launch(12, senders, daily_limit=5)
        assert len(await worker.take()) == 5
        assert await worker.take() == []
        tomorrow(clock)
        assert len(await worker.take()) == 5

    async def test_a_gap_lets_one_mail_of_a_sender_go_at_a_time(
        self, liftoff: Liftoff, launch: Launch, clock: MovableClock
    ) -> None:
        careful = Worker(liftoff, gap=timedelta(seconds=60))
        await launch(3)
        assert len(await careful.take()) == 1
        assert await careful.take() == []
        clock.move(timedelta(seconds=60))
        assert len(await careful.take()) == 1

    async def test_nothing_is_sent_outside_of_operating_hours(
        self, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        hours = {"timezone": "UTC", "thursday": {"start": "10:00", "end": "11:00"}}  # it is Thursday, 9:00
        await launch(3, operating_hours=hours)
        assert await worker.take() == []
        clock.move(timedelta(hours=1))
        assert len(await worker.take()) == 3


class TestFences:
    async def test_two_workers_never_claim_the_same_lead(self, liftoff: Liftoff, launch: Launch) -> None:
        await launch(30)
        workers = [Worker(liftoff) for _ in range(3)]
        generation = await workers[-1].begin()
        rounds = [one.claim(generation, 5) for _ in range(3) for one in workers]
        claims = [claim for claimed in await asyncio.gather(*rounds) for claim in claimed or ()]
        assert max(Counter(claim.due.lead_id for claim in claims).values()) == 1

    async def test_a_superseded_generation_claims_nothing(self, liftoff: Liftoff, launch: Launch) -> None:
        await launch(3)
        frozen, successor = Worker(liftoff), Worker(liftoff)
        old = await frozen.begin()
        await successor.begin()
        assert await frozen.claim(old) is None

    async def test_nothing_is_claimed_after_a_pause_and_the_rest_after_a_resume(
        self, client: httpx.AsyncClient, launch: Launch, worker: Worker
    ) -> None:
        campaign_id = await launch(5)
        await worker.take(at_most=2)
        paused = await client.post(f"/api/campaigns/{campaign_id}/pause")
        assert paused.json()["in_flight"] == 2
        assert await worker.take() == []
        await client.post(f"/api/campaigns/{campaign_id}/resume")
        assert len(await worker.take()) == 3


class TestOutcomes:
    async def test_each_step_is_sent_once_and_the_campaign_completes(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        campaign_id = await launch(4)
        await worker.record(await worker.take(), ACCEPTED)
        assert await worker.take() == []
        tomorrow(clock)
        await worker.record(await worker.take(), ACCEPTED)
        tomorrow(clock)
        assert await worker.take() == []
        await liftoff.housekeeping.round()
        detail = (await client.get(f"/api/campaigns/{campaign_id}")).json()
        assert detail["campaign"]["status"] == "completed"
        assert detail["prospects_by_status"] == {"completed": 4}
        assert (detail["campaign"]["stats"]["sent"], sum(detail["sends_by_node"].values())) == (4, 8)

    async def test_what_a_server_puts_off_is_tried_again_later_under_the_same_id(
        self, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        await launch(1)
        first = await worker.take()
        await worker.record(first, Deferred(451, "4.7.1 later"))
        assert await worker.take() == []
        clock.move(timedelta(minutes=1))
        again = await worker.take()
        assert [claim.send_id for claim in again] == [first[0].send_id]

    async def test_what_a_server_refuses_bounces_and_is_suppressed_everywhere(
        self, client: httpx.AsyncClient, launch: Launch, worker: Worker
    ) -> None:
        await launch(2)
        claims = await worker.take()
        await worker.record(claims[:1], Refused(550, "5.1.1 no such user", "recipient"))
        await worker.record(claims[1:], Refused(554, "5.7.1 no", "message"))
        other = await client.post(
            "/api/campaigns", json={"type": "email", "name": "Next", "sender_account_ids": []}
        )
        campaign_id = other.json()["campaign"]["id"]
        rows = {"prospects": [{"email": "lead0@x.example"}, {"email": "lead1@x.example"}]}
        await client.post(f"/api/campaigns/{campaign_id}/leads", json=rows)
        sender_id = str(claims[0].due.sender_id)
        changes = {
            "sender_account_ids": [sender_id],
            "sequence_nodes": [{"type": "email", "subject": "a", "body": "b"}, {"type": "end"}],
        }
        await client.patch(f"/api/campaigns/{campaign_id}", json=changes)
        answer = (await client.post(f"/api/campaigns/{campaign_id}/launch")).json()
        assert (answer["prospectsToProcess"], answer["skippedCount"]) == (1, 1)
        assert answer["skippedProspects"][0]["reason"] == "suppressed"

    async def test_what_nobody_knows_is_never_sent_again(
        self, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        await launch(1)
        claims = await worker.take()
        await worker.record(claims, Unknown("lost after the final dot"))
        tomorrow(clock)
        assert await worker.take() == []
        assert (await lead_of(liftoff, claims[0])).status == "outcome_unknown"


class TestDeadWorkers:
    async def test_the_sends_of_a_dead_worker_are_unknown_and_not_sent_again(
        self, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        await launch(3)
        claims = await worker.take(at_most=2)
        clock.move(timedelta(seconds=liftoff.settings.run_dead_seconds + 1))
        await liftoff.housekeeping.settle_lost_sends()
        assert {(await lead_of(liftoff, claim)).status for claim in claims} == {"outcome_unknown"}
        assert len(await Worker(liftoff).take()) == 1

    async def test_a_living_worker_keeps_its_sends(
        self, liftoff: Liftoff, launch: Launch, worker: Worker
    ) -> None:
        await launch(1)
        claims = await worker.take()
        await liftoff.housekeeping.settle_lost_sends()
        assert (await lead_of(liftoff, claims[0])).status == "pending"

    async def test_what_a_worker_thought_dead_tells_later_is_the_truth(
        self, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        await launch(1)
        claims = await worker.take()
        clock.move(timedelta(seconds=liftoff.settings.run_dead_seconds + 1))
        await liftoff.housekeeping.settle_lost_sends()
        await worker.record(claims, ACCEPTED)
        lead = await lead_of(liftoff, claims[0])
        assert (lead.status, len(lead.sent_nodes)) == ("sent", 1)


class TestEndings:
    async def test_stopping_cancels_what_is_left_and_still_records_what_was_in_flight(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
    ) -> None:
        campaign_id = await launch(3)
        claims = await worker.take(at_most=1)
        await client.post(f"/api/campaigns/{campaign_id}/stop")
        assert await worker.take() == []
        await liftoff.housekeeping.round()
        await worker.record(claims, ACCEPTED)
        await liftoff.housekeeping.round()
        await client.get(f"/api/campaigns/{campaign_id}/leads")
        detail = (await client.get(f"/api/campaigns/{campaign_id}")).json()
        assert detail["prospects_by_status"] == {"cancelled": 3}
        assert detail["campaign"]["stats"]["sent"] == 1

    async def test_who_unsubscribes_gets_no_further_step(
        self, liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        await launch(2)
        claims = await worker.take()
        await worker.record(claims, ACCEPTED)
        caller = Caller(workspace_id, "recipient", new_id())
        await liftoff.unsubscribing.unsubscribe(caller, claims[0].due.lead_id)
        tomorrow(clock)
        assert [claim.due.lead_id for claim in await worker.take()] == [claims[1].due.lead_id]
        assert (await lead_of(liftoff, claims[0])).status == "unsubscribed"


class TestRuns:
    async def test_a_run_whose_launch_was_given_up_writes_nothing_and_that_is_recorded(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock
    ) -> None:
        sender_id = await make_sender(liftoff, workspace_id)
        body = {"type": "email", "name": "Spring", "sender_account_ids": [str(sender_id)]}
        campaign_id = (await client.post("/api/campaigns", json=body)).json()["campaign"]["id"]
        path = f"/api/campaigns/{campaign_id}"
        await client.patch(path, json={"sequence_nodes": SEQUENCE})
        await client.post(f"{path}/leads", json={"prospects": [{"email": "a@x.example"}]})
        assert (await client.post(f"{path}/launch")).status_code == 200

        clock.move(timedelta(seconds=119))
        early = await client.post(f"{path}/launch")
        assert (early.status_code, early.json()["code"]) == (409, "launch-in-progress")
        clock.move(timedelta(seconds=2))
        again = await client.post(f"{path}/launch")
        assert (again.status_code, again.json()["runId"][-2:]) == (200, "_2")

        await run_of(liftoff).perform(LaunchJob(workspace_id, UUID(campaign_id), 1, new_id()))
        await run_of(liftoff).perform(LaunchJob(workspace_id, UUID(campaign_id), 2, new_id()))
        events = (await client.get(f"{path}/events")).json()["events"]
        types = [event["type"] for event in events]
        assert types.count("campaign-launch-rolled-back") == 1
        assert types.count("campaign-stale-write-refused") == 1
        assert types.count("leads-enrolled") == types.count("campaign-activated") == 1
