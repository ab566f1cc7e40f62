"""``POST /api/campaigns/{id}/sync-stats``: the numbers of one campaign, proven and put right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from domain import streams
from domain.lead.events import LeadsImported
from projections.catalogue import ALL
from service.access import Scope
from service.composition import Liftoff
from service.projector.replay import replay_and_compare
from tests.api.asking import begin
from tests.api.fresh import client_of
from tests.api.making import add_leads, bring_to

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def campaign_id(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID) -> UUID:
    """A campaign with three leads, as its read models show it."""
    return await with_leads(client, liftoff, workspace_id, "Spring")


async def with_leads(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, name: str) -> UUID:
    campaign_id = UUID((await begin(client, name))["id"])
    await add_leads(liftoff, workspace_id, campaign_id, 3)
    await bring_to(liftoff, workspace_id, campaign_id, "active", total=3)
    head = await liftoff.store.head(
        workspace_id, [streams.campaign(campaign_id), streams.roster(campaign_id)]
    )
    position = max(each.last_position for each in head.values())
    assert await liftoff.freshness.reached(position, *ALL, patience=20)
    return campaign_id


async def sync(client: httpx.AsyncClient, campaign_id: UUID) -> dict[str, Any]:
    answer = await client.post(f"/api/campaigns/{campaign_id}/sync-stats")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_campaign_whose_numbers_are_right_is_left_alone(
    client: httpx.AsyncClient, campaign_id: UUID
) -> None:
    synced = await sync(client, campaign_id)
    assert synced["campaign"]["id"] == str(campaign_id)
    assert (synced["differences"], synced["repaired"]) == ([], 0)


async def test_what_differs_is_named_with_its_event_and_put_right(
    client: httpx.AsyncClient, liftoff: Liftoff, campaign_id: UUID
) -> None:
    await liftoff.pool.execute(
        "UPDATE campaign_counts SET n = 2 WHERE campaign_id = $1 AND kind = 'status'", campaign_id
    )
    wrong = await liftoff.pool.fetchval(
        "UPDATE leads SET status = 'replied' WHERE campaign_id = $1 AND ordinal = 1 RETURNING lead_id",
        campaign_id,
    )
    await liftoff.pool.execute("DELETE FROM campaigns WHERE campaign_id = $1", campaign_id)
    synced = await sync(client, campaign_id)
    by_table = {difference["table"]: difference for difference in synced["differences"]}
    assert synced["repaired"] == 3
    assert by_table.keys() == {"campaign_counts", "leads", "campaigns"}
    assert (by_table["campaign_counts"]["stored"], by_table["campaign_counts"]["replayed"]) == (
        {"n": 2},
        {"n": 3},
    )
    assert by_table["campaign_counts"]["event"]["type"] == LeadsImported.type
    assert by_table["leads"]["key"]["lead_id"] == str(wrong)
    assert by_table["leads"]["event"]["stream"] == streams.roster(campaign_id)
    assert by_table["campaigns"]["event"]["version"] == 1
    assert (await sync(client, campaign_id))["repaired"] == 0
    assert not (await replay_and_compare(liftoff.pool, liftoff.feed)).differing


async def test_a_lead_that_strayed_into_another_campaign_comes_back(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID
) -> None:
    other = await with_leads(client, liftoff, workspace_id, "Autumn")
    await liftoff.pool.execute(
        "UPDATE leads SET campaign_id = $2 WHERE campaign_id = $1 AND ordinal = 0", campaign_id, other
    )
    assert (await sync(client, campaign_id))["repaired"] == 1
    assert not (await replay_and_compare(liftoff.pool, liftoff.feed)).differing


async def test_other_campaigns_are_left_alone(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID
) -> None:
    other = await with_leads(client, liftoff, workspace_id, "Autumn")
    await liftoff.pool.execute("UPDATE campaign_counts SET n = 9 WHERE campaign_id = $1", other)
    assert (await sync(client, campaign_id))["repaired"] == 0
    assert (await sync(client, other))["repaired"] > 0
    assert not (await replay_and_compare(liftoff.pool, liftoff.feed)).differing


async def test_who_may_only_read_can_not_repair(
    app: Any, liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID, foreigner: httpx.AsyncClient
) -> None:
    async with await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_READ) as reader:
        assert (await reader.post(f"/api/campaigns/{campaign_id}/sync-stats")).status_code == 403
    assert (await foreigner.post(f"/api/campaigns/{campaign_id}/sync-stats")).status_code == 404
