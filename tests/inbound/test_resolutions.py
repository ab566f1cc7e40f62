"""``POST …/leads/{leadId}/resolve``: a person settles a send whose outcome nobody knows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from service.access import Scope, Workspaces
from service.channels.outcome import Unknown
from service.composition import Liftoff
from service.dispatch.mails import ReadyMail
from service.http.app import Application
from service.ids import new_id
from tests.api.fresh import client_of
from tests.dispatch.conftest import Launch, Worker
from tests.inbound.conftest import ACCEPTED, Sent, claim_of, events_of, lead_now, send_one
from tests.people.asking import caught_up

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTE = "She told me on the phone."


@pytest_asyncio.fixture(loop_scope="module")
async def lost(launch: Launch, worker: Worker, sender_id: UUID) -> Sent:
    return await send_one(launch, worker, sender_id, Unknown("the connection was lost"))


def path_of(sent: Sent) -> str:
    return f"{sent.url}/leads/{sent.claim.due.lead_id}/resolve"


async def resolve(client: httpx.AsyncClient, sent: Sent, outcome: str, **body: Any) -> httpx.Response:
    return await client.post(path_of(sent), json={"outcome": outcome, **body})


async def test_sent_lets_the_sequence_go_on_and_keeps_who_said_so_and_why(
    client: httpx.AsyncClient, liftoff: Liftoff, lost: Sent
) -> None:
    answer = await resolve(client, lost, "sent", note=NOTE)
    assert answer.status_code == 200, answer.text
    lead = answer.json()["prospect"]
    assert (lead["status"], lead["next_action_at"]) == ("sent", "2030-02-01T09:00:00Z")
    told = {event["type"]: event for event in await events_of(client, lost)}
    assert told["send-resolved"]["actor"].startswith("key:")
    assert told["send-resolved"]["words"] == NOTE
    stats = (await client.get(lost.url)).json()["campaign"]["stats"]
    assert (stats["sent"], stats["outcome_unknown"]) == (1, 1)
    assert (await client.post(f"{lost.url}/sync-stats")).json()["differences"] == []


async def test_not_sent_sends_the_very_same_mail_again(
    client: httpx.AsyncClient, liftoff: Liftoff, lost: Sent, worker: Worker
) -> None:
    answer = await resolve(client, lost, "not_sent")
    assert answer.json()["prospect"]["status"] == "pending"
    claim = await claim_of(worker, lost.campaign_id)
    assert claim.send_id == lost.claim.send_id
    [mail] = await worker.prepare([claim])
    assert isinstance(mail, ReadyMail)
    assert f"Message-ID: {lost.message_id}".encode() in mail.message
    await worker.record([claim], ACCEPTED)
    assert (await lead_now(client, liftoff, lost))["status"] == "sent"


async def test_failed_ends_the_lead(client: httpx.AsyncClient, lost: Sent, worker: Worker) -> None:
    assert (await resolve(client, lost, "failed")).json()["prospect"]["status"] == "failed"
    assert lost.campaign_id not in {claim.due.campaign_id for claim in await worker.take()}


async def test_a_decision_is_made_once(client: httpx.AsyncClient, lost: Sent) -> None:
    await resolve(client, lost, "not_sent")
    again = await resolve(client, lost, "not_sent")
    assert (again.status_code, again.json()["code"]) == (400, "outcome-not-unknown")
    assert again.json()["lead_status"] == "pending"


async def test_there_is_nothing_to_settle_where_the_outcome_is_known(
    client: httpx.AsyncClient, sent: Sent
) -> None:
    answer = await resolve(client, sent, "sent")
    assert (answer.status_code, answer.json()["code"]) == (400, "outcome-not-unknown")
    assert "this one is sent" in answer.json()["detail"]


async def test_nothing_is_sent_again_for_a_campaign_that_has_ended(
    client: httpx.AsyncClient, liftoff: Liftoff, lost: Sent
) -> None:
    await liftoff.housekeeping.complete_campaigns()
    again = await resolve(client, lost, "not_sent")
    assert (again.status_code, again.json()["code"]) == (400, "campaign-ended")
    assert again.json()["campaign_status"] == "completed"
    assert (await resolve(client, lost, "sent")).status_code == 200
    await liftoff.housekeeping.cancel_leftovers()
    await caught_up(liftoff)
    campaign = (await client.get(lost.url)).json()
    assert campaign["prospects_by_status"] == {"cancelled": 1}
    assert campaign["campaign"]["stats"]["sent"] == 1


async def test_who_may_not_write_or_is_elsewhere_settles_nothing(
    app: Application, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, lost: Sent
) -> None:
    async with await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_READ) as reader:
        assert (await resolve(reader, lost, "sent")).status_code == 403
    elsewhere = await Workspaces(liftoff.pool, liftoff.clock).take(new_id().hex)
    async with await client_of(app, liftoff, elsewhere) as foreigner:
        assert (await resolve(foreigner, lost, "sent")).status_code == 404
    for path in (f"{lost.url}/leads/{new_id()}/resolve", f"{lost.url}/leads/nobody/resolve"):
        assert (await client.post(path, json={"outcome": "sent"})).status_code == 404


@pytest.mark.parametrize("body", [{}, {"outcome": "maybe"}, {"outcome": "sent", "note": "x" * 2_001}, []])
async def test_a_wrong_body_is_refused(client: httpx.AsyncClient, lost: Sent, body: Any) -> None:
    answer = await client.post(path_of(lost), json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-value")
