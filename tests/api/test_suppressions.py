"""The suppression list over HTTP: entering, reading, lifting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from service.access import Scope
from service.composition import Liftoff
from service.http.app import Application
from service.ids import new_id
from service.suppressions.entering import Identity
from tests.api.asking import paths
from tests.api.drafting import ready_draft
from tests.api.fresh import client_of
from tests.api.making import caller, log_of
from tests.http.conftest import MovableClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "/api/suppressions"
ADA, BOB = {"email": "ada@x.example"}, {"email": "bob@x.example"}
CAROL = {"linkedin_url": "https://www.linkedin.com/in/carol"}


async def enter(client: httpx.AsyncClient, *entries: dict[str, str]) -> dict[str, int]:
    answer = await client.post(URL, json={"suppressions": list(entries)})
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()
    return counts


async def listed(client: httpx.AsyncClient, **query: str | int) -> list[dict[str, Any]]:
    answer = await client.get(URL, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["suppressions"]
    return found


def person_of(liftoff: Liftoff, workspace_id: UUID, email: str) -> UUID:
    return liftoff.suppression_list._person(workspace_id, Identity("email", email))


async def suppress_as(liftoff: Liftoff, workspace_id: UUID, email: str, reason: Any) -> None:
    """As a bounce, or an unsubscribing, of one of their leads does."""
    people = [(workspace_id, person_of(liftoff, workspace_id, email))]
    async with liftoff.store.transaction() as connection:
        await liftoff.suppressions.suppress(connection, people, reason, "worker", new_id())


class TestEntering:
    async def test_people_are_entered_once_however_they_are_spelled(self, client: httpx.AsyncClient) -> None:
        again = {"linkedin_url": "linkedin.com/in/carol/?trk=x"}
        assert await enter(client, ADA, CAROL, {"email": " Ada@X.example "}) == {"added": 2, "known": 1}
        assert await enter(client, again, BOB) == {"added": 1, "known": 1}
        assert {person["email"] or person["linkedin_url"] for person in await listed(client)} == {
            "ada@x.example",
            "bob@x.example",
            "https://www.linkedin.com/in/carol",
        }

    @pytest.mark.parametrize(
        ("entry", "path"),
        [
            ({"email": "nobody"}, "suppressions[1].email"),
            ({"linkedin_url": "https://x.example/in/a"}, "suppressions[1].linkedin_url"),
            ({**ADA, **CAROL}, "suppressions[1]"),
            ({}, "suppressions[1]"),
            ({"email": ""}, "suppressions[1]"),
        ],
    )
    async def test_of_a_call_with_one_bad_row_nothing_is_written(
        self, client: httpx.AsyncClient, liftoff: Liftoff, entry: dict[str, str], path: str
    ) -> None:
        before = await log_of(liftoff)
        assert paths(await client.post(URL, json={"suppressions": [ADA, entry, BOB]})) == [path]
        assert await log_of(liftoff) == before
        assert await listed(client) == []

    async def test_a_call_holds_one_to_a_thousand_rows(self, client: httpx.AsyncClient) -> None:
        for count in (0, 1001):
            rows = [{"email": f"lead{number}@x.example"} for number in range(count)]
            answer = await client.post(URL, json={"suppressions": rows})
            assert answer.status_code == 400
        rows = [{"email": f"lead{number}@x.example"} for number in range(1000)]
        assert await enter(client, *rows) == {"added": 1000, "known": 0}

    async def test_the_log_never_sees_an_address(self, client: httpx.AsyncClient, liftoff: Liftoff) -> None:
        await enter(client, ADA, CAROL)
        written = "".join(await log_of(liftoff))
        assert "x.example" not in written
        assert "carol" not in written

    async def test_a_list_is_its_workspaces_own(
        self, client: httpx.AsyncClient, foreigner: httpx.AsyncClient
    ) -> None:
        await enter(client, ADA)
        assert await listed(foreigner) == []
        [person] = await listed(client)
        assert (await foreigner.delete(f"{URL}/{person['id']}")).status_code == 404
        assert await enter(foreigner, ADA) == {"added": 1, "known": 0}

    async def test_reading_and_writing_need_their_scopes(
        self, app: Application, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        async with await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_READ) as reader:
            assert (await reader.get(URL)).status_code == 200
            assert (await reader.post(URL, json={"suppressions": [ADA]})).status_code == 403
            assert (await reader.delete(f"{URL}/{new_id()}")).status_code == 403


class TestReading:
    async def test_pages_go_from_the_newest_to_the_oldest(
        self, client: httpx.AsyncClient, clock: MovableClock
    ) -> None:
        for number in range(5):
            await enter(client, {"email": f"lead{number}@x.example"})
            clock.move(timedelta(seconds=number % 2))
        seen, cursor = [], None
        while True:
            query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await client.get(URL, params=query)).json()
            seen += [person["email"] for person in page["suppressions"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert sorted(seen) == [f"lead{number}@x.example" for number in range(5)]
        assert seen[0] == "lead4@x.example"

    async def test_filters_choose_by_reason_and_channel(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await enter(client, ADA, CAROL)
        await suppress_as(liftoff, workspace_id, "bob@x.example", "hard-bounce")
        assert [person["linkedin_url"] for person in await listed(client, type="linkedin")] == [
            "https://www.linkedin.com/in/carol"
        ]
        assert [person["reason"] for person in await listed(client, reason="hard-bounce")] == ["hard-bounce"]
        assert len(await listed(client, type="email")) == 2
        assert await listed(client, type="linkedin", reason="hard-bounce") == []
        assert (await client.get(URL, params={"reason": "whim"})).status_code == 400

    async def test_who_bounced_is_known_by_their_lead_and_by_nothing_else(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await ready_draft(client, liftoff, workspace_id, ["ada@x.example"])
        await suppress_as(liftoff, workspace_id, "ada@x.example", "hard-bounce")
        await suppress_as(liftoff, workspace_id, "stranger@x.example", "unsubscribed")
        found = {person["reason"]: person["email"] for person in await listed(client)}
        assert found == {"hard-bounce": "ada@x.example", "unsubscribed": None}

    async def test_of_an_erased_person_no_address_is_left(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await enter(client, ADA)
        async with liftoff.pool.acquire() as connection:
            person_id = person_of(liftoff, workspace_id, "ada@x.example")
            await liftoff.vault.erase_owner(connection, workspace_id, person_id)
        [person] = await listed(client)
        assert (person["id"], person["email"]) == (str(person_id), None)


class TestLifting:
    @pytest.mark.parametrize("reason", ["manual", "hard-bounce"])
    async def test_entries_by_hand_and_bounces_can_be_lifted_and_launches_take_the_person_again(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, reason: str
    ) -> None:
        url = await ready_draft(client, liftoff, workspace_id, ["ada@x.example"])
        await suppress_as(liftoff, workspace_id, "ada@x.example", reason)
        refused = await client.post(f"{url}/launch")
        assert (refused.status_code, refused.json()["code"]) == (400, "all-leads-skipped")
        [person] = await listed(client)
        assert (await client.delete(f"{URL}/{person['id']}")).status_code == 204
        assert await listed(client) == []
        assert (await client.post(f"{url}/launch")).json()["prospectsToProcess"] == 1

    async def test_what_was_lifted_can_be_entered_again(self, client: httpx.AsyncClient) -> None:
        for _ in range(2):
            assert await enter(client, ADA) == {"added": 1, "known": 0}
            [person] = await listed(client)
            assert person["email"] == "ada@x.example"
            await client.delete(f"{URL}/{person['id']}")

    async def test_who_unsubscribed_stays_unsubscribed(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await enter(client, ADA)
        await suppress_as(liftoff, workspace_id, "ada@x.example", "unsubscribed")
        before = await log_of(liftoff)
        [person] = await listed(client)
        assert person["reason"] == "unsubscribed"
        answer = await client.delete(f"{URL}/{person['id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "unsubscribed-for-good")
        assert await log_of(liftoff) == before

    async def test_who_is_not_in_the_list_can_not_be_lifted(self, client: httpx.AsyncClient) -> None:
        await enter(client, ADA)
        [person] = await listed(client)
        assert (await client.delete(f"{URL}/{person['id']}")).status_code == 204
        assert (await client.delete(f"{URL}/{person['id']}")).status_code == 404

    async def test_lifting_is_told_by_the_log_with_who_asked(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await suppress_as(liftoff, workspace_id, "ada@x.example", "hard-bounce")
        await enter(client, ADA)
        person_id = person_of(liftoff, workspace_id, "ada@x.example")
        await liftoff.suppression_list.lift(caller(workspace_id), person_id)
        last = await liftoff.pool.fetchrow("SELECT * FROM events ORDER BY position DESC LIMIT 1")
        assert last is not None
        assert (last["type"], last["actor"]) == ("suppression-lifted", "test")
        assert last["payload"] == f'{{"person_id":"{person_id}","reasons":["hard-bounce","manual"]}}'
