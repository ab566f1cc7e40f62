"""What the drafts of a campaign mean once it is launched: who is left out, and which words really go out."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from service.channels.outcome import Accepted
from service.composition import Liftoff
from service.dispatch.claims import Claim
from service.dispatch.mails import ReadyMail
from service.engine import LaunchJob
from service.ids import new_id
from tests.api.making import caller, make_sender
from tests.dispatch.conftest import Worker, run_of, tomorrow
from tests.http.conftest import MovableClock

TEMPLATES: Final[list[dict[str, Any]]] = [
    {"type": "email", "subject": "Hello {{first_name}}", "body": "From the template, {{first_name}}"},
    {"type": "delay", "delay_days": 1},
    {"type": "email", "is_reply": True, "body": "Again, {{first_name}}"},
    {"type": "end"},
]
BY_MODEL: Final[list[dict[str, Any]]] = [{"type": "ai", "body": "Write to {{first_name}}."}, {"type": "end"}]
OWN: Final = {"subject": "Own {{subject}}", "body": "Own words, {{first_name}}"}


class Campaign:
    """A campaign that is drafted, launched and sent by hand."""

    def __init__(self, client: httpx.AsyncClient, parts: Liftoff, workspace_id: UUID, id_: str) -> None:
        self.id, self.path = UUID(id_), f"/api/campaigns/{id_}"
        self.messages = f"{self.path}/generate-messages"
        self._client, self._parts, self._workspace_id = client, parts, workspace_id

    async def write(self, nodes: list[dict[str, Any]], *names: str) -> tuple[list[str], list[str]]:
        """Give it a sequence and leads of these first names; answers the ids of both."""
        written = await self._client.patch(self.path, json={"sequence_nodes": nodes})
        rows = [{"email": f"lead{number}@x.example", "first_name": name} for number, name in enumerate(names)]
        await self._client.post(f"{self.path}/leads", json={"prospects": rows})
        listed = (await self._client.get(f"{self.path}/leads")).json()["prospects"]
        shown = written.json()["campaign"]["sequence_nodes"]
        return [node["id"] for node in shown], [lead["id"] for lead in listed]

    async def edit(self, lead_id: str, node_id: str, **words: str) -> None:
        body = {"prospect_id": lead_id, "node_id": node_id, **words}
        edited = await self._client.patch(self.messages, json=body)
        assert edited.status_code == 200, edited.text

    async def drafts(self) -> list[dict[str, Any]]:
        drafts: list[dict[str, Any]] = (await self._client.get(self.messages)).json()["drafts"]
        return drafts

    async def launch(self) -> dict[str, Any]:
        answer = await self._client.post(f"{self.path}/launch")
        assert answer.status_code == 200, answer.text
        started: dict[str, Any] = answer.json()
        return started

    async def run(self, epoch: int = 1) -> None:
        await run_of(self._parts).perform(LaunchJob(self._workspace_id, self.id, epoch, new_id()))

    async def roll_back(self) -> None:
        campaign = await self._parts.campaigns.load(self._workspace_id, self.id)
        async with self._parts.store.transaction() as connection:
            await self._parts.rollback.undo(connection, caller(self._workspace_id), campaign, "run-failed")


@pytest.fixture
async def campaign(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID) -> Campaign:
    sender_id = await make_sender(liftoff, workspace_id)
    body = {"type": "email", "name": "Spring", "sender_account_ids": [str(sender_id)]}
    created = (await client.post("/api/campaigns", json=body)).json()["campaign"]
    return Campaign(client, liftoff, workspace_id, created["id"])


async def mails(worker: Worker, claims: list[Claim]) -> dict[str, EmailMessage]:
    """The mails of the claims, by the lead they are for."""
    made: dict[str, EmailMessage] = {}
    for prepared in await worker.prepare(claims):
        assert isinstance(prepared, ReadyMail), prepared
        mail = message_from_bytes(prepared.message, policy=default)
        assert isinstance(mail, EmailMessage)
        made[str(prepared.claim.due.lead_id)] = mail
    return made


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_an_edited_draft_goes_out_as_it_stands_and_the_others_get_the_template(
    campaign: Campaign, worker: Worker
) -> None:
    nodes, (ada, bob) = await campaign.write(TEMPLATES, "Ada", "Bob")
    await campaign.edit(ada, nodes[0], **OWN)
    await campaign.launch()
    await campaign.run()
    sent = await mails(worker, await worker.take())
    assert sent[ada]["Subject"] == "Own {{subject}}"
    assert text_of(sent[ada]).startswith("Own words, {{first_name}}")
    assert sent[bob]["Subject"] == "Hello Bob"
    assert text_of(sent[bob]).startswith("From the template, Bob")


async def test_a_reply_goes_under_the_subject_of_the_draft_that_was_sent(
    campaign: Campaign, worker: Worker, clock: MovableClock
) -> None:
    nodes, (ada,) = await campaign.write(TEMPLATES, "Ada")
    await campaign.edit(ada, nodes[0], **OWN)
    await campaign.launch()
    await campaign.run()
    await worker.record(await worker.take(), Accepted(250, "OK"))
    tomorrow(clock)
    reply = (await mails(worker, await worker.take()))[ada]
    assert reply["Subject"] == "Re: Own {{subject}}"
    assert text_of(reply).startswith("Again, Ada")


async def test_a_template_draft_is_never_sent_for_the_template_says_what_is_known_now(
    client: httpx.AsyncClient, campaign: Campaign, worker: Worker
) -> None:
    _, (ada,) = await campaign.write(TEMPLATES, "Ada")
    await client.post(campaign.messages, json={"action": "resolve"})
    updates = {"prospect_id": ada, "updates": {"first_name": "Augusta"}}
    await client.patch(f"{campaign.path}/leads", json=updates)
    await campaign.launch()
    await campaign.run()
    assert (await mails(worker, await worker.take()))[ada]["Subject"] == "Hello Augusta"


async def test_a_rollback_has_no_draft_to_restore_and_what_is_edited_after_it_is_sent(
    campaign: Campaign, worker: Worker
) -> None:
    nodes, (ada, bob) = await campaign.write(BY_MODEL, "Ada", "Bob")
    await campaign.edit(ada, nodes[0], **OWN)
    await campaign.edit(bob, nodes[0], subject="To Bob", body="As before")
    before = await campaign.drafts()
    await campaign.launch()
    await campaign.roll_back()
    assert await campaign.drafts() == before
    await campaign.edit(ada, nodes[0], body="Second thoughts")
    await campaign.launch()
    await campaign.run(epoch=2)
    sent = await mails(worker, await worker.take())
    assert (sent[ada]["Subject"], text_of(sent[ada])[:15]) == ("Own {{subject}}", "Second thoughts")
    assert (sent[bob]["Subject"], text_of(sent[bob])[:9]) == ("To Bob", "As before")


class TestWhoIsLeftOut:
    async def test_a_lead_without_a_draft_for_an_ai_node_is_left_out_and_validate_tells_before(
        self, client: httpx.AsyncClient, campaign: Campaign, worker: Worker
    ) -> None:
        nodes, (ada, bob, _) = await campaign.write(BY_MODEL, "Ada", "Bob", "Cy")
        await campaign.edit(ada, nodes[0], **OWN)
        warnings = (await client.get(f"{campaign.path}/validate")).json()["warnings"]
        assert {"code": "missing-drafts", "count": 2}.items() <= warnings[0].items()
        assert warnings[1]["reasons"] == {"missing-draft": 2}
        started = await campaign.launch()
        assert (started["prospectsToProcess"], started["skippedCount"]) == (1, 2)
        assert started["skippedProspects"][0]["id"] == bob
        assert {skipped["reason"] for skipped in started["skippedProspects"]} == {"missing-draft"}
        await campaign.run()
        assert [str(claim.due.lead_id) for claim in await worker.take()] == [ada]

    async def test_when_all_lack_one_nothing_is_launched(
        self, client: httpx.AsyncClient, campaign: Campaign
    ) -> None:
        await campaign.write(BY_MODEL, "Ada", "Bob")
        refused = await client.post(f"{campaign.path}/launch")
        assert (refused.status_code, refused.json()["code"]) == (400, "all-leads-skipped")
        report = (await client.get(f"{campaign.path}/validate")).json()
        assert [error["code"] for error in report["errors"]] == ["all-leads-skipped"]

    async def test_a_draft_for_one_of_two_ai_nodes_is_not_enough(self, campaign: Campaign) -> None:
        two = [BY_MODEL[0], {"type": "delay", "delay_days": 1}, *BY_MODEL]
        nodes, (ada, bob) = await campaign.write(two, "Ada", "Bob")
        await campaign.edit(ada, nodes[0], **OWN)
        await campaign.edit(bob, nodes[0], **OWN)
        await campaign.edit(bob, nodes[2], **OWN)
        started = await campaign.launch()
        assert [skipped["id"] for skipped in started["skippedProspects"]] == [ada]

    async def test_a_lead_with_words_of_its_own_needs_no_value_for_that_node(
        self, campaign: Campaign
    ) -> None:
        nodes, (whole, half, none) = await campaign.write(TEMPLATES, "", "", "")
        for node_id in (nodes[0], nodes[2]):
            await campaign.edit(whole, node_id, subject="Hi", body="Own words")
        await campaign.edit(half, nodes[0], subject="Hi", body="Own words")
        started = await campaign.launch()
        assert started["prospectsToProcess"] == 1
        assert [(skipped["id"], skipped["reason"]) for skipped in started["skippedProspects"]] == [
            (half, "unresolved-variable"),
            (none, "unresolved-variable"),
        ]
