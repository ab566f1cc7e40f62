"""An entry in the suppression list by hand ends what is under way, everywhere and at once."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx

from domain.lead.decide import MAX_ATTEMPTS
from projections.leads import LEADS
from service.channels.outcome import Accepted, Deferred
from service.composition import Liftoff
from service.engine import LaunchJob
from service.ids import new_id
from tests.api.drafting import ready_draft
from tests.dispatch.conftest import Launch, Worker, run_of, statuses, tomorrow
from tests.http.conftest import MovableClock

ACCEPTED = Accepted(250, "OK")
NOBODY_ELSE = {"suppressions": [{"email": "lead0@x.example"}]}


async def suppress(client: httpx.AsyncClient) -> None:
    """The first lead of every campaign is to be left alone."""
    answer = await client.post("/api/suppressions", json=NOBODY_ELSE)
    assert answer.json() == {"added": 1, "known": 0}


async def leads(client: httpx.AsyncClient, campaign_id: UUID) -> dict[str, tuple[str, str | None]]:
    """The leads' status and the reason of a skip."""
    page = (await client.get(f"/api/campaigns/{campaign_id}/leads")).json()["prospects"]
    return {lead["email"]: (lead["status"], lead["skip_reason"]) for lead in page}


async def caught_up(liftoff: Liftoff) -> None:
    """Until the read model of the leads has seen what workers wrote."""
    written = await liftoff.pool.fetchval("SELECT max(position) FROM events")
    assert await liftoff.freshness.reached(written, LEADS)


async def test_nothing_more_is_sent_to_the_person_in_any_campaign(
    client: httpx.AsyncClient, launch: Launch, worker: Worker
) -> None:
    campaign_ids = [await launch(2) for _ in range(2)]
    await client.post(f"/api/campaigns/{campaign_ids[1]}/pause")
    await suppress(client)
    for campaign_id in campaign_ids:
        assert (await leads(client, campaign_id))["lead0@x.example"] == ("cancelled", "suppressed")
    await client.post(f"/api/campaigns/{campaign_ids[1]}/resume")
    assert len(await worker.take()) == 2
    assert await statuses(client, campaign_ids[0]) == {"cancelled": 1, "pending": 1}


async def test_a_step_that_was_sent_is_followed_by_none(
    client: httpx.AsyncClient, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await launch(1)
    await worker.record(await worker.take(), ACCEPTED)
    await suppress(client)
    tomorrow(clock)
    assert await worker.take() == []
    assert await statuses(client, campaign_id) == {"cancelled": 1}
    history = (await client.get(f"/api/campaigns/{campaign_id}/events")).json()["events"]
    assert history[-1]["type"] == "campaign-activated"  # the end is a fact of the lead's own stream


async def test_what_is_in_flight_is_recorded_and_nothing_follows_it(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await launch(2)
    claims = await worker.take()
    await suppress(client)
    await worker.record(claims, ACCEPTED)
    await caught_up(liftoff)
    assert (await leads(client, campaign_id))["lead0@x.example"] == ("cancelled", "suppressed")
    tomorrow(clock)
    assert len(await worker.take()) == 1
    stats = (await client.get(f"/api/campaigns/{campaign_id}")).json()["campaign"]["stats"]
    assert (stats["sent"], stats["unsubscribed"]) == (2, 0)


async def test_what_a_server_put_off_is_not_tried_again(
    client: httpx.AsyncClient, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await launch(1)
    claims = await worker.take()
    await suppress(client)
    await worker.record(claims, Deferred(451, "4.7.1 later"))
    for _ in range(MAX_ATTEMPTS):
        tomorrow(clock)
        assert await worker.take() == []
    assert await statuses(client, campaign_id) == {"cancelled": 1}


async def test_who_is_entered_while_a_launch_is_prepared_is_found_when_it_is_their_turn(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, worker: Worker
) -> None:
    url = await ready_draft(client, liftoff, workspace_id, ["lead0@x.example", "lead1@x.example"])
    assert (await client.post(f"{url}/launch")).json()["prospectsToProcess"] == 2
    await suppress(client)
    campaign_id = UUID(url[-36:])
    await run_of(liftoff).perform(LaunchJob(workspace_id, campaign_id, 1, new_id()))
    assert len(await worker.take()) == 1
    await caught_up(liftoff)
    assert await leads(client, campaign_id) == {
        "lead0@x.example": ("cancelled", "suppressed"),
        "lead1@x.example": ("pending", None),
    }


async def test_entries_beside_claims_let_nobody_wait_in_a_circle(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
) -> None:
    campaign_id = await launch(20)
    rows = [{"email": f"lead{number}@x.example"} for number in range(20)]
    calls = [client.post("/api/suppressions", json={"suppressions": rows[number::2]}) for number in range(2)]
    claiming = asyncio.create_task(worker.take())
    answers = await asyncio.gather(*calls)
    assert [answer.json()["added"] for answer in answers] == [10, 10]
    await worker.record(await claiming, ACCEPTED)
    assert await worker.take() == []
    await caught_up(liftoff)
    assert await statuses(client, campaign_id) == {"cancelled": 20}


async def test_a_lead_that_was_ended_counts_in_the_sum_of_the_campaign(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await launch(2)
    await suppress(client)
    await worker.record(await worker.take(), ACCEPTED)
    tomorrow(clock)
    await worker.record(await worker.take(), ACCEPTED)
    await liftoff.housekeeping.round()
    await caught_up(liftoff)
    detail = (await client.get(f"/api/campaigns/{campaign_id}")).json()
    assert detail["campaign"]["status"] == "completed"
    assert detail["prospects_by_status"] == {"cancelled": 1, "completed": 1}
    assert detail["campaign"]["stats"]["total"] == 2
