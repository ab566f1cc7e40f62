"""Whatever happens to a person at the same moment, an erasure leaves nothing of them and sends nothing more to them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
import pytest

from service.channels.outcome import Accepted
from service.composition import Liftoff
from service.projector.replay import replay_and_compare
from tests.api.drafting import ready_draft
from tests.dispatch.conftest import Launch, Worker, statuses, tomorrow
from tests.http.conftest import MovableClock
from tests.people.asking import NOTHING, caught_up, erase

ADA = "lead0@x.example"


async def documents_of_the_erased(liftoff: Liftoff) -> int:
    """How many documents there are of people who were erased."""
    count: int = await liftoff.pool.fetchval(
        "SELECT count(*) FROM documents AS d JOIN vault_keys USING (workspace_id, owner_id) WHERE salt IS NULL"
    )
    return count


class TestASendInFlight:
    async def test_that_was_not_made_yet_is_not_made(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
    ) -> None:
        campaign_id = await launch(1)
        claims = await worker.take()
        await erase(client, ADA)
        await worker.record(claims, Accepted(250, "OK"))
        await caught_up(liftoff)
        assert await statuses(client, campaign_id) == {"cancelled": 1}
        types = [row["type"] for row in await liftoff.pool.fetch("SELECT type FROM events ORDER BY position")]
        assert "send-accepted" not in types
        assert types[-1] == "send-failed"

    async def test_that_was_made_is_recorded_without_evidence_and_nothing_follows_it(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
    ) -> None:
        campaign_id = await launch(1)
        claims = await worker.take()
        prepared = await worker.prepare(claims)
        assert await erase(client, ADA) == {"leads": 1, "drafts": 0, "documents": 1}
        await worker.record_prepared(prepared, Accepted(250, "queued"))
        tomorrow(clock)
        assert await worker.take() == []
        await caught_up(liftoff)
        detail = (await client.get(f"/api/campaigns/{campaign_id}")).json()
        assert detail["campaign"]["stats"]["sent"] == 1
        assert await documents_of_the_erased(liftoff) == 0
        assert not (await replay_and_compare(liftoff.pool, liftoff.feed)).differences


@pytest.mark.parametrize("round_", range(5))
async def test_an_import_of_the_person_at_the_same_moment_leaves_no_data(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, round_: int
) -> None:
    urls = [await ready_draft(client, liftoff, workspace_id, ["bob@x.example"]) for _ in range(3)]
    lead = {"prospects": [{"email": ADA, "first_name": "Augusta"}]}
    imports = [client.post(f"{url}/leads", json=lead) for url in urls]
    calls = [*imports[:round_], client.delete(f"/api/people/{ADA}"), *imports[round_:]]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert await documents_of_the_erased(liftoff) == 0
    for url in urls:
        leads = (await client.get(f"{url}/leads")).json()["prospects"]
        assert [lead for lead in leads if lead["email"] == ADA or lead["first_name"] == "Augusta"] == []
        assert (await client.post(f"{url}/launch")).json()["prospectsToProcess"] == 1


async def test_two_erasures_at_the_same_moment_are_one(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch
) -> None:
    await launch(3)
    answers = await asyncio.gather(*(erase(client, ADA) for _ in range(5)))
    assert sorted(answer["leads"] for answer in answers) == [0, 0, 0, 0, 1]
    assert answers.count(NOTHING) == 4
    erased = await liftoff.pool.fetchval("SELECT count(*) FROM events WHERE type = 'person-erased'")
    ended = await liftoff.pool.fetchval("SELECT count(*) FROM events WHERE type = 'lead-suppressed'")
    assert (erased, ended) == (1, 1)


async def test_erasing_everybody_while_everybody_is_sent_to_loses_nobody(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
) -> None:
    campaign_id = await launch(12)
    claiming = asyncio.create_task(worker.take())
    await asyncio.gather(*(erase(client, f"lead{number}@x.example") for number in range(12)))
    await worker.record(await claiming, Accepted(250, "OK"))
    assert await worker.take() == []
    await caught_up(liftoff)
    assert await statuses(client, campaign_id) == {"cancelled": 12}
    assert await documents_of_the_erased(liftoff) == 0
