"""What the sending status says is what the real claims do at that moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from service.channels.outcome import Accepted
from service.composition import Liftoff
from tests.api.making import make_sender
from tests.dispatch.conftest import Launch, Worker, tomorrow
from tests.http.conftest import MovableClock

ACCEPTED = Accepted(250, "OK")


async def told(client: httpx.AsyncClient, campaign_id: UUID) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/campaigns/{campaign_id}/sending-status")
    assert answer.status_code == 200, answer.text
    senders: list[dict[str, Any]] = answer.json()["sending_status"]["senders"]
    return senders


async def code(client: httpx.AsyncClient, campaign_id: UUID) -> str:
    """The code of the campaign's only sender account."""
    [status] = await told(client, campaign_id)
    code: str = status["code"]
    return code


async def test_what_is_healthy_is_claimed_and_what_has_met_its_limit_is_not(
    client: httpx.AsyncClient, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await launch(40)  # at 30 a day
    await worker.begin()
    assert await code(client, campaign_id) == "healthy"
    assert len(await worker.take()) == 30
    [status] = await told(client, campaign_id)
    assert (status["code"], status["next_at"]) == ("daily_limit_met", "2030-02-01T00:00:00Z")
    assert await worker.take() == []
    tomorrow(clock)
    await worker.begin()
    assert await code(client, campaign_id) == "healthy"
    assert len(await worker.take()) == 10


async def test_a_gap_is_told_until_it_has_passed(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, clock: MovableClock
) -> None:
    careful = Worker(liftoff, gap=timedelta(seconds=60))
    campaign_id = await launch(2)
    assert len(await careful.take()) == 1
    [status] = await told(client, campaign_id)
    assert (status["code"], status["next_at"]) == ("gap_not_elapsed", "2030-01-31T09:01:00Z")
    assert await careful.take() == []
    clock.move(timedelta(seconds=60))
    await careful.begin()
    assert await code(client, campaign_id) == "healthy"
    assert len(await careful.take()) == 1


async def test_outside_of_its_hours_a_campaign_waits_for_them(
    client: httpx.AsyncClient, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    hours = {"timezone": "UTC", "thursday": {"start": "10:00", "end": "11:00"}}  # it is Thursday, 9:00
    campaign_id = await launch(1, operating_hours=hours)
    assert await worker.take() == []
    [status] = await told(client, campaign_id)
    assert (status["code"], status["next_at"]) == ("out_of_hours", "2030-01-31T10:00:00Z")
    clock.move(timedelta(hours=1))
    await worker.begin()
    assert await code(client, campaign_id) == "healthy"
    assert len(await worker.take()) == 1


async def test_from_the_hand_over_through_the_delay_to_the_last_step(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await launch(1)
    claims = await worker.take()
    assert await code(client, campaign_id) == "sends_in_flight"
    await worker.record(claims, ACCEPTED)
    [status] = await told(client, campaign_id)
    assert (status["code"], status["next_at"]) == ("delay_not_elapsed", "2030-02-01T09:00:00Z")
    tomorrow(clock)
    await worker.record(await worker.take(), ACCEPTED)
    assert await code(client, campaign_id) == "no_leads_left"
    await liftoff.housekeeping.round()
    assert await code(client, campaign_id) == "campaign_completed"


async def test_without_a_sign_of_life_of_a_worker_the_engine_is_waited_for(
    client: httpx.AsyncClient, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await launch(1)
    assert await code(client, campaign_id) == "waiting_for_engine"
    await worker.begin()
    assert await code(client, campaign_id) == "healthy"
    clock.move(timedelta(seconds=16))
    assert await code(client, campaign_id) == "waiting_for_engine"


async def test_a_pause_shows_and_so_does_who_paused(
    client: httpx.AsyncClient, launch: Launch, worker: Worker
) -> None:
    campaign_id = await launch(1)
    await client.post(f"/api/campaigns/{campaign_id}/pause")
    assert await code(client, campaign_id) == "campaign_paused"
    assert await worker.take() == []
    await client.post(f"/api/campaigns/{campaign_id}/resume")
    await client.post(f"/api/campaigns/{campaign_id}/stop")
    assert await code(client, campaign_id) == "campaign_stopped"


async def test_each_sender_account_has_its_own_reason_in_the_order_of_the_campaign(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker
) -> None:
    tired = await make_sender(liftoff, workspace_id, "tired@sender.example")
    await launch(30, [tired])
    assert len(await worker.take()) == 30
    fresh = await make_sender(liftoff, workspace_id, "fresh@sender.example")
    campaign_id = await launch(4, [fresh, tired])
    assert [(status["sender_id"], status["code"]) for status in await told(client, campaign_id)] == [
        (str(fresh), "healthy"),
        (str(tired), "daily_limit_met"),
    ]
    assert {claim.due.sender_id for claim in await worker.take()} == {fresh}
