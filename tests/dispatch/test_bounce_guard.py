"""A campaign whose mails bounce is paused by the guard: at once, for good reason, and for the same reason once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from service.channels.outcome import Accepted, Refused, Unknown
from service.composition import Liftoff
from tests.api.making import make_sender
from tests.dispatch.conftest import Launch, Worker, tomorrow
from tests.http.conftest import MovableClock

ACCEPTED, REFUSED = Accepted(250, "OK"), Refused(550, "no such user", "recipient")


@pytest.fixture
async def senders(liftoff: Liftoff, workspace_id: UUID) -> list[UUID]:
    """Senders enough for 120 mails a day."""
    return [await make_sender(liftoff, workspace_id, f"s{n}@sender.example") for n in range(4)]


async def send(worker: Worker, accepted: int, refused: int) -> None:
    """Let so many sends be accepted and refused."""
    claims = await worker.take(accepted + refused)
    assert len(claims) == accepted + refused
    await worker.record(claims[:accepted], ACCEPTED)
    await worker.record(claims[accepted:], REFUSED)


async def guarded(client: httpx.AsyncClient, liftoff: Liftoff, campaign_id: UUID) -> dict[str, Any]:
    """The campaign after the guard has looked."""
    await liftoff.housekeeping.round()
    campaign: dict[str, Any] = (await client.get(f"/api/campaigns/{campaign_id}")).json()["campaign"]
    return campaign


async def pauses(liftoff: Liftoff) -> list[dict[str, Any]]:
    """The pauses in the log."""
    rows = await liftoff.pool.fetch(
        "SELECT payload FROM events WHERE type = 'campaign-paused' ORDER BY position"
    )
    return [msgspec.json.decode(row["payload"]) for row in rows]


async def test_five_bounces_in_a_hundred_sends_pause_the_campaign_with_their_evidence(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, senders: list[UUID]
) -> None:
    campaign_id = await launch(110, senders)
    await send(worker, accepted=95, refused=4)
    assert (await guarded(client, liftoff, campaign_id))["status"] == "active"
    await send(worker, accepted=0, refused=1)
    campaign = await guarded(client, liftoff, campaign_id)
    assert (campaign["status"], campaign["pause_reason"]) == ("paused", "bounce-guard")
    assert await worker.take() == []
    [paused] = await pauses(liftoff)
    assert paused["evidence"] == {"sent": 100, "bounced": 5, "percent": 5.0, "least_sent": 100, "days": 7}


async def test_it_pauses_once_however_often_it_looks(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, senders: list[UUID]
) -> None:
    campaign_id = await launch(110, senders)
    await send(worker, accepted=90, refused=10)
    for _ in range(3):
        await guarded(client, liftoff, campaign_id)
    assert len(await pauses(liftoff)) == 1


async def test_a_resumed_campaign_is_not_paused_for_the_same_bounces(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    launch: Launch,
    worker: Worker,
    senders: list[UUID],
    clock: MovableClock,
) -> None:
    campaign_id = await launch(230, senders)
    await send(worker, accepted=90, refused=10)
    assert (await guarded(client, liftoff, campaign_id))["status"] == "paused"
    await client.post(f"/api/campaigns/{campaign_id}/resume")
    await send(worker, accepted=20, refused=0)
    assert (await guarded(client, liftoff, campaign_id))["status"] == "active"
    tomorrow(clock)
    await send(worker, accepted=73, refused=7)
    assert (await guarded(client, liftoff, campaign_id))["status"] == "paused"
    assert [paused["evidence"]["bounced"] for paused in await pauses(liftoff)] == [10, 7]


async def test_bounces_count_for_their_own_campaign_only(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, senders: list[UUID]
) -> None:
    bad = await launch(100, senders)
    await send(worker, accepted=90, refused=10)
    good = await launch(10, senders)
    await send(worker, accepted=10, refused=0)
    assert (await guarded(client, liftoff, bad))["status"] == "paused"
    assert (await guarded(client, liftoff, good))["status"] == "active"


async def test_an_outcome_that_is_told_twice_counts_once(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, senders: list[UUID]
) -> None:
    campaign_id = await launch(110, senders)
    claims = await worker.take(99)
    await worker.record(claims[:90], ACCEPTED)
    for _ in range(2):
        await worker.record(claims[90:], REFUSED)
    assert (await guarded(client, liftoff, campaign_id))["status"] == "active"


async def test_a_send_of_unknown_outcome_says_nothing_about_bounces(
    liftoff: Liftoff, launch: Launch, worker: Worker, senders: list[UUID]
) -> None:
    await launch(5, senders)
    await worker.record(await worker.take(), Unknown("the connection was lost"))
    assert await liftoff.pool.fetchval("SELECT count(*) FROM dispatch_tallies") == 0


async def test_bounces_older_than_the_window_are_forgotten(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    launch: Launch,
    worker: Worker,
    senders: list[UUID],
    clock: MovableClock,
) -> None:
    campaign_id = await launch(200, senders)
    await send(worker, accepted=80, refused=19)
    clock.move(timedelta(days=8))
    await send(worker, accepted=100, refused=0)
    assert (await guarded(client, liftoff, campaign_id))["status"] == "active"
    assert await liftoff.pool.fetchval("SELECT sum(sent) FROM dispatch_tallies") == 100
