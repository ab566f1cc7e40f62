"""Editing a draft over HTTP: what a person wrote is kept, and a launch at the same moment wins or loses whole."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx

from domain.campaign.decide import Launch, decide
from service.campaigns.repository import Change
from service.composition import Liftoff
from service.messages import table
from service.messages.table import Roll
from service.messages.writing import DraftWriting, NewDraft
from service.texts import NodeWords
from tests.api.asking import paths
from tests.api.making import caller, log_of
from tests.dispatch.waiting import until_somebody_waits
from tests.messages.conftest import Draft

HANDMADE = {"subject": "Hi {{first_name}}", "body": "In my own words, {{first_name}}."}


async def test_what_a_person_writes_is_kept_as_it_stands(draft: Draft) -> None:
    [ada] = await draft.add("Ada")
    answer = await draft.edit(ada, draft.nodes[0], **HANDMADE)
    assert answer.status_code == 200
    expected = {"prospect_id": ada, "node_id": draft.nodes[0], "origin": "manual", **HANDMADE}
    assert answer.json() == {"draft": expected}
    assert await draft.drafts() == [expected]


async def test_what_is_not_given_stays_as_the_draft_or_else_the_template_has_it(
    client: httpx.AsyncClient, draft: Draft
) -> None:
    nodes = [{"type": "email", "subject": "Hi {{first_name}}", "body": "Hello"}, {"type": "end"}]
    shown = await client.patch(draft.path, json={"sequence_nodes": nodes})
    node_id = shown.json()["campaign"]["sequence_nodes"][0]["id"]
    [ada] = await draft.add("Ada")
    first = (await draft.edit(ada, node_id, body="Good morning")).json()["draft"]
    assert (first["subject"], first["body"]) == ("Hi Ada", "Good morning")
    second = (await draft.edit(ada, node_id, subject="Once\r\nmore")).json()["draft"]
    assert (second["subject"], second["body"]) == ("Once more", "Good morning")


async def test_an_edit_that_changes_nothing_leaves_the_log_alone(draft: Draft, liftoff: Liftoff) -> None:
    [ada] = await draft.add("Ada")
    await draft.edit(ada, draft.nodes[0], **HANDMADE)
    before = await log_of(liftoff)
    assert (await draft.edit(ada, draft.nodes[0], **HANDMADE)).status_code == 200
    assert await log_of(liftoff) == before


async def test_words_that_the_node_can_not_send_are_refused(draft: Draft) -> None:
    [ada] = await draft.add("Ada")
    assert paths(await draft.edit(ada, draft.nodes[0], body="No subject")) == ["subject"]
    assert paths(await draft.edit(ada, draft.nodes[0], subject="Hi", body=" \n")) == ["body"]
    assert "node_id" in paths(await draft.edit(ada, draft.nodes[1], subject="Hi", body="To a delay"))
    assert paths(await draft.edit(ada, draft.nodes[0], subject="Hi", body="x" * 10_001)) == ["body"]


async def test_an_unknown_lead_or_node_is_not_found(draft: Draft, foreigner: httpx.AsyncClient) -> None:
    [ada] = await draft.add("Ada")
    assert (await draft.edit(draft.id, draft.nodes[0], **HANDMADE)).json()["code"] == "not-found"
    assert (await draft.edit(ada, draft.id, **HANDMADE)).json()["code"] == "node-not-found"
    theirs = await foreigner.get(draft.messages)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not-found")


async def test_erasing_the_person_erases_the_draft(
    draft: Draft, liftoff: Liftoff, workspace_id: UUID
) -> None:
    [ada] = await draft.add("Ada")
    await draft.edit(ada, draft.nodes[0], **HANDMADE)
    async with liftoff.pool.acquire() as connection, connection.transaction():
        owner = await connection.fetchval("SELECT person_id FROM roster WHERE lead_id = $1", UUID(ada))
        await liftoff.vault.erase_owner(connection, workspace_id, owner)
    [shown] = await draft.drafts()
    assert (shown["subject"], shown["body"]) == (None, None)
    assert (await draft.edit(ada, draft.nodes[0], **HANDMADE)).status_code == 404


async def test_the_log_holds_none_of_the_words(draft: Draft, liftoff: Liftoff) -> None:
    [ada] = await draft.add("Ada")
    await draft.edit(ada, draft.nodes[0], **HANDMADE)
    assert not any("own words" in payload or "Hi " in payload for payload in await log_of(liftoff))


async def test_an_edit_moves_the_version_so_that_a_launch_of_what_was_reviewed_is_refused(
    client: httpx.AsyncClient, draft: Draft
) -> None:
    [ada] = await draft.add("Ada")
    reviewed = (await client.get(draft.path)).headers["ETag"]
    await draft.edit(ada, draft.nodes[0], **HANDMADE)
    launched = await client.post(f"{draft.path}/launch", headers={"If-Match": reviewed})
    assert (launched.status_code, launched.json()["code"]) == (412, "version-mismatch")


class TestRaces:
    async def test_an_edit_that_meets_a_launch_waits_for_it_and_is_refused(
        self, draft: Draft, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        [ada] = await draft.add("Ada")
        campaign = await liftoff.campaigns.load(workspace_id, UUID(draft.id))
        change = Change(events=decide(campaign, Launch(total=1, skipped=0)))
        async with liftoff.store.transaction() as launching:
            await liftoff.campaigns.swap(caller(workspace_id), campaign, change, launching)
            editing = asyncio.create_task(draft.edit(ada, draft.nodes[0], **HANDMADE))
            await until_somebody_waits(liftoff.pool)
        refused = await editing
        assert (refused.status_code, refused.json()["code"]) == (400, "campaign-not-draft")
        assert await draft.drafts() == []

    async def test_a_launch_that_meets_an_edit_waits_for_it_and_finds_the_campaign_changed(
        self, client: httpx.AsyncClient, draft: Draft, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        [ada] = await draft.add("Ada")
        await draft.edit(ada, draft.nodes[0], **HANDMADE)
        campaign = await liftoff.campaigns.load(workspace_id, UUID(draft.id))
        async with liftoff.store.transaction() as editing:
            roll = Roll(workspace_id, campaign.id)
            [lead] = await table.leads_of(editing, roll, [UUID(ada)])
            words = NodeWords("Hi", "Second thoughts")
            new = NewDraft(lead=lead, node_id=campaign.nodes[0].id, words=words, origin="manual")
            writing = DraftWriting(liftoff.store, liftoff.campaigns, liftoff.vault)
            manuscript = writing.prepare(
                workspace_id, await table.drafts_of(editing, roll, [lead.lead_id]), [new]
            )
            await writing.store(editing, caller(workspace_id), campaign, manuscript)
            launching = asyncio.create_task(client.post(f"{draft.path}/launch"))
            await until_somebody_waits(liftoff.pool)
        lost = await launching
        assert (lost.status_code, lost.json()["code"]) == (409, "campaign-changed")
        assert ("manual", "Second thoughts") in await draft.bodies()
