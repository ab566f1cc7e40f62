"""What a launch leaves behind about itself: a receipt that the log alone confirms, and a reason for every skip."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from domain import streams
from domain.campaign.events import Account, LaunchAccepted
from domain.campaign.receipt import content_digest, leads_digest, limits_digest, senders_digest
from domain.campaign.state import fold
from domain.event import Recorded
from domain.lead.events import LeadsSkipped, Removed, facts
from domain.lead.state import NEWBORN, Lead, evolve
from domain.sender.state import fold as fold_sender
from service.composition import Liftoff
from service.ids import new_id
from tests.api.asking import begin
from tests.api.drafting import ready_draft
from tests.api.making import bring_to, log_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOURS = {"timezone": "Europe/Berlin", "monday": {"start": "09:00", "end": "17:00"}}


async def launched(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    answer = await client.post(f"{url}/launch")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def receipt_of(client: httpx.AsyncClient, run_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = (await client.get(f"/api/runs/{run_id}")).json()["run"]
    receipt: dict[str, Any] | None = run["receipt"]
    return receipt


def to_be_launched(roster: list[Recorded], epoch: int) -> list[tuple[UUID, UUID | None, UUID | None]]:
    """The leads of a launch as an auditor folds them, in order."""
    leads: dict[UUID, Lead] = {}
    skipped: set[UUID] = set()
    for recorded in roster:
        if isinstance(recorded.event, LeadsSkipped) and recorded.event.epoch == epoch:
            skipped |= {lead.lead_id for lead in recorded.event.leads}
        for lead_id, fact in facts(recorded):
            if isinstance(fact, Removed):
                del leads[lead_id]
            else:
                leads[lead_id] = evolve(leads.get(lead_id, NEWBORN), fact, recorded.recorded_at)
    kept = sorted(
        ((lead.ordinal, id_, lead) for id_, lead in leads.items() if id_ not in skipped),
        key=lambda entry: entry[0],
    )
    return [(id_, lead.person_id, lead.document_id) for _, id_, lead in kept]


async def test_a_receipt_can_be_computed_again_from_the_log_alone(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    emails = [f"lead{number}@x.example" for number in range(6)]
    settings = {"operating_hours": HOURS, "daily_limit": 40, "signature": "Robin"}
    url = await ready_draft(client, liftoff, workspace_id, emails, **settings)
    leads = (await client.get(f"{url}/leads")).json()["prospects"]
    await client.request("DELETE", f"{url}/leads", json={"prospect_ids": [leads[1]["id"]]})
    correction = {"prospect_id": leads[2]["id"], "updates": {"company": "Northwind"}}
    await client.patch(f"{url}/leads", json=correction)
    await client.post("/api/suppressions", json={"suppressions": [{"email": emails[3]}]})
    run_id = (await launched(client, url))["runId"]

    campaign_id = UUID(url[-36:])
    history = await liftoff.store.read_stream(workspace_id, streams.campaign(campaign_id))
    [at] = [index for index, each in enumerate(history) if isinstance(each.event, LaunchAccepted)]
    accepted, reviewed = history[at].event, fold(history[:at])
    assert isinstance(accepted, LaunchAccepted)
    assert reviewed is not None
    receipt = accepted.receipt
    assert receipt is not None
    roster = await liftoff.store.read_stream(workspace_id, streams.roster(campaign_id))
    remaining = to_be_launched(roster, epoch=1)
    assert len(remaining) == accepted.total == 4
    assert receipt.leads == leads_digest(remaining)  # type: ignore[arg-type]
    assert receipt.content == content_digest(reviewed.settings, reviewed.nodes)
    assert receipt.limits == limits_digest(reviewed.settings)
    assert receipt.senders == senders_digest(receipt.accounts)
    for account in receipt.accounts:
        stream = await liftoff.store.read_stream(workspace_id, streams.sender(account.id))
        sender = fold_sender(stream[: account.version])
        assert sender is not None
        assert account == Account(sender.id, sender.status, sender.version)
    assert receipt.skipped == {"suppressed": 1}
    assert receipt.checks.prospect_count == 5

    shown = await receipt_of(client, run_id)
    assert shown is not None
    assert (shown["leads"], shown["skipped"]) == (receipt.leads, {"suppressed": 1})
    assert [account["status"] for account in shown["accounts"]] == ["active"]
    assert shown["checks"]["is_draft"] is True


async def test_each_part_of_a_receipt_tells_of_its_own_part_of_the_campaign(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    one, other = [await ready_draft(client, liftoff, workspace_id) for _ in range(2)]
    await client.patch(other, json={"daily_limit": 7})
    first, second = [await receipt_of(client, (await launched(client, url))["runId"]) for url in (one, other)]
    assert first is not None
    assert second is not None
    same = {part for part in ("leads", "content", "senders", "limits") if first[part] == second[part]}
    assert same == set()  # ids of leads, nodes and accounts are each campaign's own, and one has a limit


async def test_a_launch_of_before_there_were_receipts_has_none(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    await bring_to(liftoff, workspace_id, UUID(made["id"]), "launching")
    assert await receipt_of(client, f"run_{UUID(made['id']).hex}_1") is None


async def test_every_skip_tells_its_evidence_in_the_answer_and_in_the_history(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    other = await ready_draft(client, liftoff, workspace_id, ["busy@x.example"])
    await launched(client, other)
    emails = ["ada@x.example", "busy@x.example", "nameless@x.example", "gone@x.example"]
    url = await ready_draft(
        client,
        liftoff,
        workspace_id,
        emails,
        skip_other_campaigns=True,
        sequence_nodes=[{"type": "email", "subject": "Hi", "body": "Dear {{first_name}}"}, {"type": "end"}],
    )
    leads = {lead["email"]: lead["id"] for lead in (await client.get(f"{url}/leads")).json()["prospects"]}
    named = {"first_name": "Ada"}
    for email in ("ada@x.example", "busy@x.example", "gone@x.example"):
        await client.patch(f"{url}/leads", json={"prospect_id": leads[email], "updates": named})
    await client.post("/api/suppressions", json={"suppressions": [{"email": "gone@x.example"}]})

    answer = await launched(client, url)
    assert (answer["prospectsToProcess"], answer["skippedCount"]) == (1, 3)
    told = {lead["email"]: (lead["reason"], lead["evidence"]) for lead in answer["skippedProspects"]}
    assert told == {
        "busy@x.example": ("active-in-other-campaign", {"other_campaign": other[-36:]}),
        "nameless@x.example": ("unresolved-variable", {"variable": "first_name"}),
        "gone@x.example": ("suppressed", {"suppression": "manual", "since": "2030-01-31T09:00:00Z"}),
    }
    for email, (reason, evidence) in told.items():
        history = (await client.get(f"{url}/leads/{leads[email]}/history")).json()["events"]
        [skip] = [event["data"] for event in history if event["type"] == "leads-skipped"]
        assert {name: value for name, value in skip.items() if value is not None} == {
            "lead_id": leads[email],
            "reason": reason,
            **evidence,
        }


@pytest.mark.parametrize("path", ["launch", "validate"])
async def test_where_everybody_is_left_out_the_reasons_are_counted(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, path: str
) -> None:
    url = await ready_draft(client, liftoff, workspace_id)
    entries = [{"email": "ada@x.example"}, {"email": "bob@x.example"}]
    await client.post("/api/suppressions", json={"suppressions": entries})
    await client.get("/api/suppressions")
    before = await log_of(liftoff)
    if path == "launch":
        refused = await client.post(f"{url}/launch", headers={"Idempotency-Key": new_id().hex})
        assert (refused.status_code, refused.json()["code"]) == (400, "all-leads-skipped")
        [blocker] = refused.json()["blockers"]
    else:
        [blocker] = (await client.get(f"{url}/validate")).json()["errors"]
    assert (blocker["code"], blocker["count"]) == ("all-leads-skipped", 2)
    assert blocker["reasons"] == {"suppressed": 2}
    assert await log_of(liftoff) == before
