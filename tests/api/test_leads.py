"""The leads of a campaign over HTTP: who joins, who doesn't, and what can be done to them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from service.composition import Liftoff
from tests.api.making import bring_to, log_of, make_sender

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = {"Content-Type": "text/csv"}


@pytest_asyncio.fixture(loop_scope="module")
async def campaign_id(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID) -> str:
    sender_id = await make_sender(liftoff, workspace_id)
    body = {"type": "email", "name": "Spring", "sender_account_ids": [str(sender_id)]}
    answer = await client.post("/api/campaigns", json=body)
    created: str = answer.json()["campaign"]["id"]
    return created


@pytest.fixture
def leads(campaign_id: str) -> str:
    return f"/api/campaigns/{campaign_id}/leads"


async def add(client: httpx.AsyncClient, leads: str, *addresses: str) -> dict[str, Any]:
    response = await client.post(leads, json={"prospects": [{"email": address} for address in addresses]})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def listed(client: httpx.AsyncClient, leads: str, **query: str | int) -> dict[str, Any]:
    response = await client.get(leads, params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def emails(client: httpx.AsyncClient, leads: str) -> list[str]:
    return [lead["email"] for lead in (await listed(client, leads))["prospects"]]


async def test_a_person_joins_a_campaign_once_however_often_and_however_spelled(
    client: httpx.AsyncClient, leads: str
) -> None:
    first = await add(client, leads, "ada@x.example", "ADA@x.example", "bob@x.example")
    again = await add(client, leads, "Bob@X.example", "cy@x.example")
    assert first == {"imported": 2, "duplicates": 1}
    assert again == {"imported": 1, "duplicates": 1}
    assert await emails(client, leads) == ["ada@x.example", "bob@x.example", "cy@x.example"]


async def test_one_row_that_is_no_lead_stops_the_whole_call(
    client: httpx.AsyncClient, leads: str, liftoff: Liftoff
) -> None:
    before = await log_of(liftoff)
    rows = [{"email": "ada@x.example"}, {"first_name": "Bob"}, {"email": "nonsense"}]
    response = await client.post(leads, json={"prospects": rows})
    assert response.status_code == 400
    paths = [error["path"] for error in response.json()["errors"]]
    assert paths == ["prospects[1].email", "prospects[2].email"]
    assert await log_of(liftoff) == before
    assert (await listed(client, leads))["total"] == 0


async def test_pages_and_statuses(client: httpx.AsyncClient, leads: str) -> None:
    await add(client, leads, *(f"lead{number}@x.example" for number in range(5)))
    page = await listed(client, leads, page=2, limit=2)
    assert [lead["email"] for lead in page["prospects"]] == ["lead2@x.example", "lead3@x.example"]
    assert (page["total"], page["page"], page["limit"]) == (5, 2, 2)
    assert (await listed(client, leads, status="pending"))["total"] == 5
    assert (await listed(client, leads, status="sent"))["total"] == 0


async def test_a_lead_is_edited_and_may_become_another_person(client: httpx.AsyncClient, leads: str) -> None:
    await add(client, leads, "ada@x.example")
    lead_id = (await listed(client, leads))["prospects"][0]["id"]
    body = {"prospect_id": lead_id, "updates": {"email": "Byron@x.example", "company": "Engines"}}
    response = await client.patch(leads, json=body)
    assert response.status_code == 200, response.text
    prospect = response.json()["prospect"]
    assert (prospect["id"], prospect["email"], prospect["company"]) == (lead_id, "byron@x.example", "Engines")
    assert (await add(client, leads, "byron@x.example", "ada@x.example")) == {"imported": 1, "duplicates": 1}


async def test_a_lead_can_not_become_a_person_the_campaign_has_already(
    client: httpx.AsyncClient, leads: str
) -> None:
    await add(client, leads, "ada@x.example", "bob@x.example")
    lead_id = (await listed(client, leads))["prospects"][0]["id"]
    body = {"prospect_id": lead_id, "updates": {"email": "bob@x.example"}}
    response = await client.patch(leads, json=body)
    assert (response.status_code, response.json()["code"]) == (409, "lead-exists")
    assert await emails(client, leads) == ["ada@x.example", "bob@x.example"]


async def test_leads_are_removed_by_their_ids_or_all(client: httpx.AsyncClient, leads: str) -> None:
    await add(client, leads, "ada@x.example", "bob@x.example", "cy@x.example")
    ids = [lead["id"] for lead in (await listed(client, leads))["prospects"]]
    unknown = "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41"
    some = await client.request("DELETE", leads, json={"prospect_ids": [ids[0], unknown]})
    assert some.json() == {"deleted": 1}
    rest = await client.request("DELETE", leads, json={"all": True})
    assert rest.json() == {"deleted": 2}
    assert (await listed(client, leads))["total"] == 0
    assert await add(client, leads, "ada@x.example") == {"imported": 1, "duplicates": 0}


async def test_nothing_joins_leaves_or_changes_after_the_launch(
    client: httpx.AsyncClient, leads: str, campaign_id: str, liftoff: Liftoff, workspace_id: UUID
) -> None:
    await add(client, leads, "ada@x.example")
    lead_id = (await listed(client, leads))["prospects"][0]["id"]
    await bring_to(liftoff, workspace_id, UUID(campaign_id), "active")
    for response in (
        await client.post(leads, json={"prospects": [{"email": "bob@x.example"}]}),
        await client.post(f"{leads}/import", content=b"email\nbob@x.example\n", headers=CSV),
        await client.patch(leads, json={"prospect_id": lead_id, "updates": {"company": "X"}}),
        await client.request("DELETE", leads, json={"all": True}),
    ):
        assert (response.status_code, response.json()["code"]) == (400, "campaign-not-draft")


async def test_a_file_is_imported_and_its_bad_rows_are_named(client: httpx.AsyncClient, leads: str) -> None:
    file = b"email,first_name\na@x.example,A\nnonsense,B\nA@x.example,C\nd@x.example,D\n"
    response = await client.post(f"{leads}/import", content=file, headers=CSV)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert (answer["imported"], answer["duplicates"], answer["invalid"]) == (2, 1, 1)
    assert answer["errors"][0]["row"] == 2
    again = await client.post(f"{leads}/import", content=file, headers=CSV)
    assert (again.json()["imported"], again.json()["duplicates"]) == (0, 3)


async def test_imports_at_once_count_every_person_once(
    client: httpx.AsyncClient, leads: str, campaign_id: str, liftoff: Liftoff, workspace_id: UUID
) -> None:
    def file(first: int) -> bytes:
        return b"email\n" + b"".join(b"lead%d@x.example\n" % n for n in range(first, first + 1500))

    answers = await asyncio.gather(
        *(client.post(f"{leads}/import", content=file(first), headers=CSV) for first in (0, 500, 1000))
    )
    counts = [answer.json() for answer in answers]
    assert sum(count["imported"] for count in counts) == 2500
    assert sum(count["duplicates"] for count in counts) == 2000
    campaign = await liftoff.campaigns.load(workspace_id, UUID(campaign_id))
    query = "SELECT count(DISTINCT (person_id, ordinal)) FROM roster WHERE campaign_id = $1"
    on_roster = await liftoff.pool.fetchval(query, campaign_id)
    assert campaign.lead_count == campaign.leads_ever == on_roster == 2500
    assert (await listed(client, leads))["total"] == 2500


async def test_no_text_of_a_lead_reaches_the_log(
    client: httpx.AsyncClient, leads: str, liftoff: Liftoff
) -> None:
    person = {"email": "secret@x.example", "first_name": "Zebulon", "custom_fields": {"pet": "Quagga"}}
    await client.post(leads, json={"prospects": [person]})
    log = " ".join(await log_of(liftoff)).lower()
    assert not [word for word in ("secret@", "x.example", "zebulon", "quagga") if word in log]


async def test_the_history_of_a_lead_tells_of_it_alone(client: httpx.AsyncClient, leads: str) -> None:
    await add(client, leads, "ada@x.example", "bob@x.example")
    ada, bob = [lead["id"] for lead in (await listed(client, leads))["prospects"]]
    await client.patch(leads, json={"prospect_id": ada, "updates": {"company": "Engines"}})
    told = (await client.get(f"{leads}/{ada}/history")).json()["events"]
    assert [event["type"] for event in told] == ["leads-imported", "leads-corrected"]
    assert bob not in str(told)
