"""Credits over HTTP: the balance, what became of them, and what something would cost."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from domain.credits import Grant, Reserve, Settle
from service.composition import Liftoff
from service.ids import new_id
from tests.api.asking import begin, paths
from tests.api.making import caller

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def spend(liftoff: Liftoff, workspace_id: UUID) -> UUID:
    """Ten are granted, six reserved, four of those charged."""
    by, reservation_id = caller(workspace_id), new_id()
    await liftoff.credits.execute(by, Grant(grant_id=new_id(), amount=10))
    reserve = Reserve(reservation_id=reservation_id, action="AI_MESSAGE_GENERATION", count=3)
    await liftoff.credits.execute(by, reserve)
    await liftoff.credits.execute(by, Settle(reservation_id=reservation_id, done=2, reason="not-produced"))
    return reservation_id


async def test_a_workspace_begins_with_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/credits")
    assert answer.json() == {"balance": 0, "reserved": 0, "ledger": [], "next_cursor": None}


async def test_the_ledger_shows_every_movement_newest_first(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    reservation_id = str(await spend(liftoff, workspace_id))
    account = (await client.get("/api/credits")).json()
    assert (account["balance"], account["reserved"]) == (6, 0)
    told = [
        {name: value for name, value in entry.items() if name not in {"id", "actor", "created_at"}}
        for entry in account["ledger"]
    ]
    nothing = {"reservation_id": None, "action": None, "count": None, "reason": None}
    of_it = nothing | {"reservation_id": reservation_id}
    assert told == [
        of_it | {"type": "refunded", "amount": 2, "reason": "not-produced"},
        of_it | {"type": "charged", "amount": 4, "count": 2},
        of_it | {"type": "reserved", "amount": 6, "action": "AI_MESSAGE_GENERATION", "count": 3},
        nothing | {"type": "granted", "amount": 10},
    ]


async def test_the_ledger_is_paged(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID) -> None:
    await spend(liftoff, workspace_id)
    first = (await client.get("/api/credits", params={"limit": 3})).json()
    rest = (await client.get("/api/credits", params={"cursor": first["next_cursor"]})).json()
    assert [entry["type"] for entry in first["ledger"]] == ["refunded", "charged", "reserved"]
    assert ([entry["type"] for entry in rest["ledger"]], rest["next_cursor"]) == (["granted"], None)


async def test_another_workspace_sees_none_of_it(
    foreigner: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    await spend(liftoff, workspace_id)
    assert (await foreigner.get("/api/credits")).json()["ledger"] == []


async def test_a_preview_says_what_it_costs_and_whether_that_is_enough(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    await spend(liftoff, workspace_id)
    body = {"action": "AI_MESSAGE_GENERATION", "count": 3}
    assert (await client.post("/api/credits/preview", json=body)).json() == {
        **body,
        "costPerUnit": 2,
        "totalCredits": 6,
        "sufficient": True,
        "balance": 6,
    }
    more = (await client.post("/api/credits/preview", json=body | {"count": 4})).json()
    assert (more["totalCredits"], more["sufficient"]) == (8, False)
    assert paths(await client.post("/api/credits/preview", json=body | {"count": 0})) == ["count"]


async def test_without_a_model_no_draft_can_be_generated(client: httpx.AsyncClient) -> None:
    campaign = await begin(client)
    answer = await client.post(
        f"/api/campaigns/{campaign['id']}/generate-messages", json={"action": "generate_ai"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "llm-not-configured")
