"""Resolving over HTTP: templates filled in for each lead, what can't be, and what is left alone."""

from __future__ import annotations

from uuid import UUID

import httpx

from domain import message_draft, streams
from service.composition import Liftoff
from service.messages import table
from service.messages.table import Roll
from tests.api.making import bring_to, log_of
from tests.messages.conftest import Draft


async def test_each_template_is_filled_in_for_each_lead_and_a_prompt_is_not(draft: Draft) -> None:
    ada, bob = await draft.add("Ada", "Bob")
    answer = await draft.resolve()
    assert (answer["written"], answer["kept"], answer["unresolved"]) == (2, 0, 0)
    shown = await draft.drafts()
    assert [(each["prospect_id"], each["node_id"]) for each in shown] == [
        (ada, draft.nodes[2]),
        (bob, draft.nodes[2]),
    ]
    assert [each["body"] for each in shown] == ["Did this get lost, Ada?", "Did this get lost, Bob?"]


async def test_a_lead_without_a_value_is_reported_with_node_and_variable(draft: Draft) -> None:
    _, nobody = await draft.add("Ada", "")
    answer = await draft.resolve()
    assert (answer["written"], answer["unresolved"]) == (1, 1)
    assert answer["unresolved_variables"] == [
        {"prospect_id": nobody, "node_id": draft.nodes[2], "variable": "first_name"}
    ]


async def test_only_the_first_hundred_gaps_are_shown_and_all_are_counted(draft: Draft) -> None:
    await draft.add(*[""] * 101)
    answer = await draft.resolve()
    assert (answer["unresolved"], len(answer["unresolved_variables"])) == (101, 100)


async def test_resolving_again_writes_nothing_that_is_there_already(draft: Draft, liftoff: Liftoff) -> None:
    await draft.add("Ada", "Bob")
    await draft.resolve()
    before = await log_of(liftoff)
    again = await draft.resolve()
    assert (again["written"], again["kept"]) == (0, 2)
    assert await log_of(liftoff) == before


async def test_a_corrected_lead_gets_a_fresh_text_and_an_edited_draft_stays(
    client: httpx.AsyncClient, draft: Draft
) -> None:
    ada, bob = await draft.add("Ada", "Bob")
    await draft.resolve()
    await draft.edit(bob, draft.nodes[2], body="Dear Bob")
    for lead_id in (ada, bob):
        updates = {"prospect_id": lead_id, "updates": {"first_name": "Cy"}}
        await client.patch(f"{draft.path}/leads", json=updates)
    answer = await draft.resolve()
    assert (answer["written"], answer["kept"]) == (1, 1)
    assert await draft.bodies() == [("template", "Did this get lost, Cy?"), ("manual", "Dear Bob")]


async def test_an_edited_draft_needs_no_variables(draft: Draft) -> None:
    [nobody] = await draft.add("")
    await draft.edit(nobody, draft.nodes[2], body="Hello you")
    answer = await draft.resolve()
    assert (answer["kept"], answer["unresolved"]) == (1, 0)


async def test_many_leads_are_resolved_some_a_transaction(draft: Draft, liftoff: Liftoff) -> None:
    for _ in range(2):
        await draft.add(*["Ada"] * 600)
    assert (await draft.resolve())["written"] == 1200
    rows = await liftoff.pool.fetch("SELECT payload FROM events WHERE type = 'message-drafts-written'")
    assert len(rows) == 2


async def test_drafts_are_paged_lead_by_lead(client: httpx.AsyncClient, draft: Draft) -> None:
    leads = await draft.add("Ada", "Bob", "Cy")
    await draft.resolve()
    await draft.edit(leads[1], draft.nodes[0], subject="Hi", body="Own words")
    seen, cursor = [], ""
    while True:
        page = (await client.get(draft.messages, params={"limit": 1, "cursor": cursor})).json()
        seen += [(each["prospect_id"], each["node_id"]) for each in page["drafts"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    first, reply = draft.nodes[0], draft.nodes[2]
    assert seen == [(leads[0], reply), (leads[1], first), (leads[1], reply), (leads[2], reply)]
    assert len(await draft.drafts(prospect_id=leads[1])) == 2


async def test_only_a_draft_campaign_is_resolved(draft: Draft, liftoff: Liftoff, workspace_id: UUID) -> None:
    await draft.add("Ada")
    await bring_to(liftoff, workspace_id, UUID(draft.id), "launching")
    answer = await draft.post("resolve")
    assert (answer.status_code, answer.json()["code"]) == (400, "campaign-not-draft")


async def test_resolve_takes_no_leads(draft: Draft) -> None:
    [lead_id] = await draft.add("Ada")
    answer = await draft.post("resolve", prospect_ids=[lead_id])
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "prospect_ids")


class TestLeadsThatChange:
    async def test_the_drafts_of_removed_leads_are_gone(
        self, client: httpx.AsyncClient, draft: Draft
    ) -> None:
        ada, bob = await draft.add("Ada", "Bob")
        await draft.resolve()
        await client.request("DELETE", f"{draft.path}/leads", json={"prospect_ids": [ada]})
        assert [each["prospect_id"] for each in await draft.drafts()] == [bob]

    async def test_what_was_written_for_one_person_is_not_sent_to_another(
        self, client: httpx.AsyncClient, draft: Draft
    ) -> None:
        [ada] = await draft.add("Ada")
        await draft.edit(ada, draft.nodes[2], body="Dear Ada")
        updates = {"prospect_id": ada, "updates": {"email": "eve@x.example"}}
        await client.patch(f"{draft.path}/leads", json=updates)
        assert await draft.drafts() == []

    async def test_the_drafts_of_a_removed_node_mean_nothing(
        self, client: httpx.AsyncClient, draft: Draft
    ) -> None:
        await draft.add("Ada")
        await draft.resolve()
        await client.request("DELETE", f"{draft.path}/sequence/nodes", json={"nodeId": draft.nodes[2]})
        assert await draft.drafts() == []

    async def test_the_table_is_what_the_log_says(
        self, client: httpx.AsyncClient, draft: Draft, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        ada, bob = await draft.add("Ada", "Bob")
        await draft.resolve()
        await draft.edit(bob, draft.nodes[2], body="Dear Bob")
        await client.request("DELETE", f"{draft.path}/leads", json={"prospect_ids": [ada]})
        campaign_id = UUID(draft.id)
        told = message_draft.fold(await liftoff.store.read_stream(workspace_id, streams.drafts(campaign_id)))
        async with liftoff.pool.acquire() as connection:
            leads = {lead_id for lead_id, _ in told}
            kept = await table.drafts_of(connection, Roll(workspace_id, campaign_id), leads)
        assert len(told) == 1
        assert kept == told
