"""Looking at a campaign again: nothing that a process remembers may make a difference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import httpx
import pytest

from domain.refusal import Refused
from service.campaigns import views
from service.campaigns.looking import Looking
from service.composition import Liftoff
from service.database.pool import connect_as_owner, open_pool
from tests.api.asking import begin
from tests.api.fresh import app, client, clock, foreigner, liftoff, workspace_id
from tests.api.making import add_leads, bring_to, make_sender, remove_sender
from tests.histories.slate import wipe
from tests.people.asking import caught_up

__all__ = ["app", "client", "clock", "foreigner", "liftoff", "workspace_id"]


async def _shown(looking: Looking, workspace_id: UUID, campaign_id: UUID) -> views.CampaignDetail:
    return (await looking.at(workspace_id, campaign_id)).picture.detail


async def test_looking_again_shows_what_looking_for_the_first_time_does(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    one = await make_sender(liftoff, workspace_id, "one@example.com")
    two = await make_sender(liftoff, workspace_id, "two@example.com")
    campaign_id = UUID((await begin(client, sender_account_ids=[str(one)]))["id"])
    address = f"/api/campaigns/{campaign_id}"

    async def patch(**fields: object) -> None:
        answer = await client.patch(address, json=fields)
        assert answer.status_code == 200, answer.text

    async def change_sender(**fields: object) -> None:
        answer = await client.patch(f"/api/senders/{two}", json=fields)
        assert answer.status_code == 200, answer.text

    changes: list[Callable[[], Awaitable[object]]] = [
        partial(patch, name="Summer", signature="Ada"),
        partial(patch, sender_account_ids=[str(one), str(two)]),
        partial(patch, sequence_nodes=[{"type": "email", "subject": "Hi", "body": "There"}, {"type": "end"}]),
        partial(change_sender, display_name="Bob", daily_limit=7),
        partial(patch, sender_account_ids=[str(two)]),
        partial(add_leads, liftoff, workspace_id, campaign_id, 2),
        partial(remove_sender, liftoff, workspace_id, two),
        partial(bring_to, liftoff, workspace_id, campaign_id, "active"),
    ]
    again = Looking(liftoff.pool, liftoff.codec, liftoff.vault)
    seen = [await _shown(again, workspace_id, campaign_id)]
    for change in changes:
        await change()
        await caught_up(liftoff)  # or the counts may move between two looks
        seen.append(await _shown(again, workspace_id, campaign_id))
        first = Looking(liftoff.pool, liftoff.codec, liftoff.vault)
        assert seen[-1] == await _shown(first, workspace_id, campaign_id)
    assert len({str(shown) for shown in seen}) == len(changes) + 1


async def test_looking_again_is_one_statement_which_is_planned_once(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, database: str
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    campaign_id = UUID((await begin(client, sender_account_ids=[str(sender_id)]))["id"])
    asked: list[str] = []

    async with await open_pool(database, max_size=1) as pool:
        async with pool.acquire() as connection:
            connection.add_query_logger(lambda query: asked.append(query.query))
        looking = Looking(pool, liftoff.codec, liftoff.vault)
        await looking.at(workspace_id, campaign_id)
        asked.clear()
        for _ in range(10):
            await looking.at(workspace_id, campaign_id)
        assert len(asked) == 10
        assert len(set(asked)) == 1
        planned = await pool.fetchrow(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1", asked[0]
        )
        assert planned is not None
        assert planned["generic_plans"] > planned["custom_plans"]


async def test_a_campaign_that_was_looked_at_is_gone_with_the_history_that_told_of_it(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, database: str
) -> None:
    campaign_id = UUID((await begin(client))["id"])
    looking = Looking(liftoff.pool, liftoff.codec, liftoff.vault)
    await looking.at(workspace_id, campaign_id)
    owner = await connect_as_owner(database, application_name="test")
    try:
        await wipe(owner)
    finally:
        await owner.close()
    with pytest.raises(Refused, match="no such campaign"):
        await looking.at(workspace_id, campaign_id)


async def test_a_campaign_that_was_looked_at_is_not_there_for_another_workspace_nor_once_it_is_deleted(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    address = f"/api/campaigns/{(await begin(client))['id']}"
    assert (await client.get(address)).status_code == 200
    assert (await foreigner.get(address)).status_code == 404
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404
