"""Pause, resume, stop, archive and validate over HTTP."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest

from domain.campaign.decide import Pause, decide
from domain.campaign.events import Trigger
from domain.campaign.state import MACHINE
from service.composition import Liftoff
from service.ids import new_id
from tests.api.asking import begin
from tests.api.making import add_leads, bring_to, caller, log_of, make_due, make_sender

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFUSALS: Final[dict[Trigger, tuple[str, str]]] = {
    "pause": ("campaign-not-active", "Only active campaigns can be paused"),
    "resume": ("campaign-not-paused", "Only paused campaigns can be resumed"),
    "stop": ("campaign-not-running", "Only active or paused campaigns can be stopped"),
    "archive": ("campaign-not-ended", "Only draft, completed or stopped campaigns can be archived"),
}


@pytest.mark.parametrize("trigger", REFUSALS)
async def test_a_campaign_is_moved_exactly_where_the_machine_says(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, trigger: Trigger
) -> None:
    for status in MACHINE.statuses:
        made = await begin(client, status)
        campaign_id = UUID(made["id"])
        before = await bring_to(liftoff, workspace_id, campaign_id, status)
        await make_due(liftoff, workspace_id, campaign_id, 1)
        answer = await client.post(f"/api/campaigns/{campaign_id}/{trigger}")
        target = MACHINE.target(trigger, status)
        if target is None:
            assert answer.status_code == 400
            assert (answer.json()["code"], answer.json()["detail"]) == REFUSALS[trigger]
            assert (await liftoff.campaigns.load(workspace_id, campaign_id)).version == before.version
        else:
            assert answer.status_code == 200
            assert answer.json()["campaign"]["status"] == target
            assert answer.headers["ETag"] == f'"{before.version + 1}"'
            read = await client.get(f"/api/campaigns/{campaign_id}")
            assert read.json()["campaign"] == answer.json()["campaign"]


async def test_a_pause_tells_what_can_not_be_called_back(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    campaign_id = UUID(made["id"])
    await bring_to(liftoff, workspace_id, campaign_id, "active")
    await make_due(liftoff, workspace_id, campaign_id, 3)
    await make_due(liftoff, workspace_id, campaign_id, 2, worker_id=new_id())
    answer = await client.post(f"/api/campaigns/{campaign_id}/pause")
    assert answer.json().keys() == {"campaign", "in_flight"}
    assert answer.json()["in_flight"] == 2
    assert answer.json()["campaign"]["pause_reason"] is None
    gate = "SELECT status FROM dispatch_campaigns WHERE campaign_id = $1"
    assert await liftoff.pool.fetchval(gate, campaign_id) == "paused"


async def test_a_pause_by_the_bounce_guard_says_so(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    campaign_id = UUID(made["id"])
    await bring_to(liftoff, workspace_id, campaign_id, "active")
    await liftoff.campaigns.execute(
        caller(workspace_id), campaign_id, lambda active: decide(active, Pause(reason="bounce-guard"))
    )
    url = f"/api/campaigns/{campaign_id}"
    assert (await client.get(url)).json()["campaign"]["pause_reason"] == "bounce-guard"
    await make_due(liftoff, workspace_id, campaign_id, 1)
    resumed = await client.post(f"{url}/resume")
    assert resumed.json()["campaign"]["pause_reason"] is None


async def test_resuming_with_nothing_left_completes(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    await bring_to(liftoff, workspace_id, UUID(made["id"]), "paused")
    answer = await client.post(f"/api/campaigns/{made['id']}/resume")
    assert answer.json()["campaign"]["status"] == "completed"
    types = await liftoff.pool.fetch("SELECT type FROM events ORDER BY position DESC LIMIT 2")
    assert [row["type"] for row in types] == ["campaign-completed", "campaign-resumed"]


async def test_if_match_and_idempotency_guard_a_pause(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    active = await bring_to(liftoff, workspace_id, UUID(made["id"]), "active")
    url = f"/api/campaigns/{made['id']}/pause"
    stale = await client.post(url, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"]) == (412, active.version)
    once = {"If-Match": f'"{active.version}"', "Idempotency-Key": "once"}
    first, second = await client.post(url, headers=once), await client.post(url, headers=once)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_the_history_names_who_asked_in_which_request(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    asked = uuid4()
    await client.post(f"/api/campaigns/{made['id']}/archive", headers={"X-Request-Id": str(asked)})
    last = await liftoff.pool.fetchrow("SELECT * FROM events ORDER BY position DESC LIMIT 1")
    assert last is not None
    assert (last["type"], last["correlation_id"]) == ("campaign-archived", asked)
    assert last["actor"].startswith("key:")


# --- Validate ---


async def validated(client: httpx.AsyncClient, campaign: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/api/campaigns/{campaign['id']}/validate")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_all_that_forbids_a_launch_is_told_at_once(client: httpx.AsyncClient) -> None:
    found = await validated(client, await begin(client))
    assert found["ready"] is False
    assert found["checks"] == {
        "is_draft": True,
        "has_sender_accounts": False,
        "sender_accounts_ready": False,
        "has_prospects": False,
        "prospect_count": 0,
        "has_sendable_nodes": True,
        "all_nodes_have_content": False,
    }
    assert [error["code"] for error in found["errors"]] == [
        "no-sender-accounts",
        "no-pending-leads",
        "missing-content",
    ]
    assert found["errors"][2]["positions"] == [0]
    assert found["warnings"] == []


async def test_a_sender_that_is_not_ready_is_named(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id, "warm@example.com", warmup_status="warming")
    found = await validated(client, await begin(client, sender_account_ids=[str(sender_id)]))
    error = next(error for error in found["errors"] if error["code"] == "sender-not-active")
    assert error["sender_id"] == str(sender_id)
    assert "warm@example.com" in error["message"]


async def test_a_complete_draft_is_ready_and_validating_changes_nothing(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    campaign = await begin(client, sender_account_ids=[str(sender_id)])
    nodes = [{"type": "email", "subject": "Hi", "body": "Dear {{first_name}}"}, {"type": "end"}]
    await client.patch(f"/api/campaigns/{campaign['id']}", json={"sequence_nodes": nodes})
    await add_leads(liftoff, workspace_id, UUID(campaign["id"]), 2)
    before = await log_of(liftoff)
    found = await validated(client, campaign)
    assert (found["ready"], found["errors"]) == (True, [])
    assert [warning["code"] for warning in found["warnings"]] == ["variables-without-fallback"]
    assert await log_of(liftoff) == before


async def test_a_launch_that_would_leave_everybody_out_is_not_ready(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    campaign = await begin(client, sender_account_ids=[str(sender_id)])
    nodes = [{"type": "email", "subject": "Hi", "body": "Dear {{first_name}}"}, {"type": "end"}]
    await client.patch(f"/api/campaigns/{campaign['id']}", json={"sequence_nodes": nodes})
    leads = await add_leads(liftoff, workspace_id, UUID(campaign["id"]), 2)
    await put_on_roster(liftoff, workspace_id, UUID(campaign["id"]), leads[0], ["first_name"])
    await put_on_roster(liftoff, workspace_id, UUID(campaign["id"]), leads[1], [])
    found = await validated(client, campaign)
    assert found["ready"] is True
    warning = found["warnings"][-1]
    assert (warning["code"], warning["count"]) == ("leads-left-out", 1)
    assert warning["reasons"] == {"unresolved-variable": 1}
    await liftoff.pool.execute("UPDATE roster SET fields = '{}'")
    found = await validated(client, campaign)
    assert (found["ready"], [error["code"] for error in found["errors"]]) == (False, ["all-leads-skipped"])


async def put_on_roster(
    liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID, lead_id: UUID, fields: list[str]
) -> None:
    await liftoff.pool.execute(
        "INSERT INTO roster (workspace_id, campaign_id, person_id, lead_id, ordinal, document_id, fields) "
        "VALUES ($1, $2, $3, $3, 0, $3, $4)",
        workspace_id,
        campaign_id,
        lead_id,
        fields,
    )
