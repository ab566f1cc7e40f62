"""Erasing a person over HTTP: what goes, what stays, and what can't come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from service.access import Scope
from service.composition import Liftoff
from service.http.app import Application
from service.projector.replay import replay_and_compare
from service.suppressions.entering import Identity
from tests.api.asking import begin
from tests.api.drafting import ready_draft
from tests.api.fresh import client_of
from tests.api.making import caller, log_of
from tests.people.asking import NOTHING, erase, person

ADA, BOB = "ada@x.example", "bob@x.example"
CAROL = "https://www.linkedin.com/in/carol"
PREVIEW = {"action": "AI_MESSAGE_GENERATION", "count": 1}


async def types_of(liftoff: Liftoff) -> list[str]:
    rows = await liftoff.pool.fetch("SELECT type FROM events ORDER BY position")
    return [row["type"] for row in rows]


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = (await client.get("/api/suppressions")).json()["suppressions"]
    return people


async def leads_of(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    leads: list[dict[str, Any]] = (await client.get(f"{url}/leads")).json()["prospects"]
    return leads


class TestWhatGoes:
    async def test_the_lead_stays_and_nothing_is_known_of_it(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        urls = [await ready_draft(client, liftoff, workspace_id, [ADA, BOB]) for _ in range(2)]
        assert await erase(client, " Ada@X.example ") == {"leads": 2, "drafts": 0, "documents": 2}
        for url in urls:
            lead, other = await leads_of(client, url)
            assert (lead["status"], lead["email"], lead["custom_fields"]) == ("pending", None, {})
            assert other["email"] == BOB
            detail = (await client.get(url)).json()
            assert detail["prospects_by_status"] == {"pending": 2}

    async def test_drafts_of_messages_go_with_the_person(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        url = await ready_draft(client, liftoff, workspace_id, [ADA, BOB])
        [ada, _] = await leads_of(client, url)
        node_id = (await client.get(url)).json()["sequence_nodes"][0]["id"]
        draft = {"prospect_id": ada["id"], "node_id": node_id, "subject": "Ada", "body": "Only for Ada"}
        written = await client.patch(f"{url}/generate-messages", json=draft)
        assert written.status_code == 200, written.text
        assert await erase(client, ADA) == {"leads": 1, "drafts": 1, "documents": 2}
        assert "Only for Ada" not in (await client.get(f"{url}/generate-messages")).text

    async def test_a_profile_is_erased_however_its_address_is_spelled(
        self, client: httpx.AsyncClient
    ) -> None:
        campaign = await begin(client, type="linkedin")
        leads = f"/api/campaigns/{campaign['id']}/leads"
        await client.post(leads, json={"prospects": [{"linkedin_url": CAROL, "name": "Carol"}]})
        assert (await erase(client, "linkedin.com/in/carol/?trk=x"))["leads"] == 1
        assert await erase(client, CAROL) == NOTHING
        assert [lead["name"] for lead in (await client.get(leads)).json()["prospects"]] == [None]

    async def test_what_is_kept_for_repeated_requests_is_forgotten(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        url = await ready_draft(client, liftoff, workspace_id, [ADA, BOB])
        await liftoff.suppression_list.enter(caller(workspace_id), [Identity("email", ADA)])
        keys = {"Idempotency-Key": "once"}
        launched = await client.post(f"{url}/launch", headers=keys)
        assert launched.json()["skippedProspects"][0]["email"] == ADA
        other = await client.post("/api/credits/preview", json=PREVIEW, headers=keys)
        await erase(client, ADA)
        again = await client.post(f"{url}/launch", headers=keys)
        assert ADA not in again.text
        assert "idempotency-replayed" not in again.headers
        kept = await client.post("/api/credits/preview", json=PREVIEW, headers=keys)
        assert (kept.text, kept.headers["idempotency-replayed"]) == (other.text, "true")


class TestWhatStays:
    async def test_the_log_tells_it_once_by_the_digest(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await ready_draft(client, liftoff, workspace_id, [ADA])
        await erase(client, ADA)
        before = await log_of(liftoff)
        assert await erase(client, ADA) == NOTHING
        assert await log_of(liftoff) == before
        assert (await types_of(liftoff)).count("person-erased") == 1
        [suppressed] = await listed(client)
        assert before[-1] == f'{{"person_id":"{suppressed["id"]}","channel":"email"}}'
        assert (suppressed["reason"], suppressed["email"]) == ("erased", None)

    async def test_who_is_not_known_is_answered_with_zeros_and_left_alone_too(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        assert await erase(client, ADA) == NOTHING
        url = await ready_draft(client, liftoff, workspace_id, [ADA, BOB])
        assert [lead["email"] for lead in await leads_of(client, url)] == [BOB]

    async def test_who_had_unsubscribed_is_still_listed_for_that(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await ready_draft(client, liftoff, workspace_id, [ADA])
        lead_id = await liftoff.pool.fetchval("SELECT lead_id FROM roster")
        await liftoff.unsubscribing.unsubscribe(caller(workspace_id), lead_id)
        await erase(client, ADA)
        assert [(each["reason"], each["email"]) for each in await listed(client)] == [("unsubscribed", None)]

    async def test_an_entry_by_hand_loses_its_address_and_can_no_longer_be_lifted(
        self, client: httpx.AsyncClient, liftoff: Liftoff
    ) -> None:
        await client.post("/api/suppressions", json={"suppressions": [{"email": ADA}]})
        assert (await erase(client, ADA))["documents"] == 1
        await client.post("/api/suppressions", json={"suppressions": [{"email": ADA}]})
        [suppressed] = await listed(client)
        assert (suppressed["reason"], suppressed["email"]) == ("erased", None)
        refused = await client.delete(f"/api/suppressions/{suppressed['id']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "erased-for-good")
        assert await liftoff.pool.fetchval("SELECT count(*) FROM documents") == 0

    async def test_counters_and_rows_are_what_the_log_amounts_to(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        url = await ready_draft(client, liftoff, workspace_id, [ADA, BOB])
        assert (await client.post(f"{url}/launch")).status_code == 200
        await erase(client, ADA)
        comparison = await replay_and_compare(liftoff.pool, liftoff.feed)
        assert not comparison.differences


class TestWhatCanNotComeBack:
    async def test_an_import_leaves_the_person_out_as_a_duplicate(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await erase(client, ADA)
        url = await ready_draft(client, liftoff, workspace_id, [BOB])
        answer = await client.post(
            f"{url}/leads/import", content=f"email\n{ADA}\n", headers={"Content-Type": "text/csv"}
        )
        assert (answer.json()["imported"], answer.json()["duplicates"]) == (0, 1)

    async def test_the_lead_of_a_draft_is_left_out_of_the_launch(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        url = await ready_draft(client, liftoff, workspace_id, [ADA, BOB])
        await erase(client, ADA)
        launched = (await client.post(f"{url}/launch")).json()
        assert launched["prospectsToProcess"] == 1
        [skipped] = launched["skippedProspects"]
        assert (skipped["evidence"]["suppression"], skipped["email"]) == ("erased", None)

    async def test_the_lead_of_a_draft_can_not_be_given_data_again(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        url = await ready_draft(client, liftoff, workspace_id, [ADA, BOB])
        await erase(client, ADA)
        [ada, _] = await leads_of(client, url)
        edit = {"prospect_id": ada["id"], "updates": {"first_name": "Ada"}}
        answer = await client.patch(f"{url}/leads", json=edit)
        assert (answer.status_code, answer.json()["code"]) == (409, "lead-erased")
        removed = await client.request("DELETE", f"{url}/leads", json={"prospect_ids": [ada["id"]]})
        assert removed.json() == {"deleted": 1}


class TestAsking:
    async def test_another_workspaces_person_is_another_person(
        self, client: httpx.AsyncClient, foreigner: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        url = await ready_draft(client, liftoff, workspace_id, [ADA])
        assert await erase(foreigner, ADA) == NOTHING
        assert [lead["email"] for lead in await leads_of(client, url)] == [ADA]
        assert await listed(client) == []

    @pytest.mark.parametrize("nobody", ["ada", "https://x.example/in/ada", "@", "a@b@c.example"])
    async def test_what_is_no_identity_is_nobody(self, client: httpx.AsyncClient, nobody: str) -> None:
        answer = await client.delete(person(nobody))
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")

    async def test_it_needs_the_scope_to_write(
        self, app: Application, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        async with await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_READ) as reader:
            assert (await reader.delete(person(ADA))).status_code == 403
