"""Drafts written by a model, over HTTP: what is asked, what is kept, and what it costs when things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from domain import credits, streams
from service.composition import Liftoff
from service.credits.refunding import RESERVATION_LIFETIME
from tests.api.making import bring_to, log_of
from tests.http.conftest import MovableClock
from tests.messages.conftest import Draft, balance, grant
from tests.messages.llm_double import Asked, Cut, Fail, Garbage, Hang, LlmDouble, Reaction, Say


def reacting(**reactions: Reaction) -> Callable[[Asked], Reaction]:
    """What becomes of the draft for whom; all others are written."""

    def react(asked: Asked) -> Reaction:
        for name, reaction in reactions.items():
            if f"Write to {name} " in asked.user:
                return reaction
        return Say("Subject: Hello\n\nWritten for you.")

    return react


async def test_drafts_are_written_and_paid_for(
    client: httpx.AsyncClient, draft: Draft, liftoff: Liftoff, workspace_id: UUID
) -> None:
    await grant(liftoff, workspace_id, 10)
    leads = await draft.add("Ada", "Bob")
    answer = await draft.generate()
    assert (answer["written"], answer["failed"]) == (2, 0)
    assert (answer["credits_charged"], answer["credits_refunded"]) == (4, 0)
    assert await draft.drafts() == [
        {
            "prospect_id": lead_id,
            "node_id": draft.nodes[0],
            "origin": "ai",
            "subject": "Hello",
            "body": "Written for you.",
        }
        for lead_id in leads
    ]
    assert await balance(client) == (6, 0)


async def test_the_model_is_told_what_the_prompt_asks_for_and_little_else(
    client: httpx.AsyncClient, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
) -> None:
    await grant(liftoff, workspace_id, 10)
    row = {
        "email": "ada@secret.example",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "company": "Northwind",
        "position": "Analyst",
        "headline": "Numbers",
        "custom_fields": {"plan": "gold", "salary": "4711"},
    }
    await client.post(f"{draft.path}/leads", json={"prospects": [row]})
    await draft.generate()
    [asked] = llm.asked
    assert "Write to Ada about gold." in asked.user
    assert all(word in asked.user for word in ("Ada Lovelace", "Northwind", "Analyst", "Numbers"))
    assert "secret.example" not in str(asked.body)
    assert "4711" not in str(asked.body)


async def test_a_text_of_the_model_is_never_taken_for_a_template(
    client: httpx.AsyncClient, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
) -> None:
    await grant(liftoff, workspace_id, 10)
    llm.react = lambda _: Say("Subject: {{company}}\n\nDear {{custom_fields.secret}}")
    await draft.add("Ada")
    await draft.generate()
    [shown] = await draft.drafts()
    assert (shown["subject"], shown["body"]) == ("{{company}}", "Dear {{custom_fields.secret}}")
    ready = (await client.get(f"{draft.path}/validate")).json()
    assert ready["ready"]


class TestWhoGetsOne:
    async def test_without_names_only_those_who_have_none(
        self, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 10)
        [ada] = await draft.add("Ada")
        await draft.edit(ada, draft.nodes[0], subject="Hi", body="By hand")
        await draft.add("Bob")
        assert (await draft.generate())["written"] == 1
        assert (await draft.generate())["written"] == 0
        assert len(llm.asked) == 1

    async def test_who_is_named_gets_it_anew_but_what_a_person_wrote_is_kept_and_not_paid_for(
        self, client: httpx.AsyncClient, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 10)
        ada, bob = await draft.add("Ada", "Bob")
        await draft.generate()
        await draft.edit(ada, draft.nodes[0], subject="Hi", body="By hand")
        llm.react = lambda _: Say("Subject: Again\n\nBetter.")
        answer = await draft.generate(prospect_ids=[ada, bob])
        assert (answer["written"], answer["kept"], answer["credits_charged"]) == (1, 1, 2)
        assert await draft.bodies() == [("manual", "By hand"), ("ai", "Better.")]
        assert await balance(client) == (4, 0)

    async def test_a_prompt_that_can_not_be_filled_in_is_reported_and_not_asked(
        self, client: httpx.AsyncClient, draft: Draft, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 10)
        [nobody] = await draft.add("")
        answer = await draft.generate()
        assert (answer["written"], answer["unresolved"]) == (0, 1)
        assert answer["unresolved_variables"][0]["prospect_id"] == nobody
        assert await balance(client) == (10, 0)


class TestRefusals:
    async def test_a_lead_of_nobody_is_named(
        self, draft: Draft, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 10)
        [ada] = await draft.add("Ada")
        answer = await draft.post("generate_ai", prospect_ids=[ada, draft.id])
        assert answer.status_code == 400
        assert [error["path"] for error in answer.json()["errors"]] == ["prospect_ids[1]"]

    async def test_without_enough_credits_nothing_is_asked_and_nothing_written(
        self, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 3)
        await draft.add("Ada", "Bob")
        before = await log_of(liftoff)
        answer = await draft.post("generate_ai")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (402, "insufficient-credits")
        assert (problem["balance"], problem["required"]) == (3, 4)
        assert (await log_of(liftoff), llm.asked) == (before, [])

    async def test_more_than_a_batch_is_refused(
        self, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 1000)
        await draft.add(*["Ada"] * 101)
        answer = await draft.post("generate_ai")
        assert (answer.status_code, answer.json()["code"], answer.json()["at_most"]) == (
            400,
            "too-many-drafts",
            100,
        )
        assert llm.asked == []

    async def test_only_a_draft_campaign_is_written_for(
        self, draft: Draft, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await draft.add("Ada")
        await bring_to(liftoff, workspace_id, UUID(draft.id), "active")
        answer = await draft.post("generate_ai")
        assert (answer.status_code, answer.json()["code"]) == (400, "campaign-not-draft")


class TestFailures:
    async def test_exactly_what_failed_is_refunded(
        self, client: httpx.AsyncClient, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 20)
        leads = await draft.add("Ada", "Bob", "Cy", "Dee", "Eve")
        llm.react = reacting(Bob=Fail(500), Cy=Garbage(b"{}"), Dee=Say("No subject at all"), Eve=Cut())
        answer = await draft.generate()
        assert (answer["written"], answer["failed"]) == (1, 4)
        assert (answer["credits_charged"], answer["credits_refunded"]) == (2, 8)
        assert {each["prospect_id"]: each["reason"] for each in answer["failures"]} == {
            leads[1]: "unavailable",
            leads[2]: "unusable",
            leads[3]: "unusable",
            leads[4]: "unavailable",
        }
        assert [each["prospect_id"] for each in await draft.drafts()] == [leads[0]]
        assert await balance(client) == (18, 0)
        account = (await client.get("/api/credits")).json()
        assert [(entry["type"], entry["amount"]) for entry in account["ledger"]] == [
            ("refunded", 8),
            ("charged", 2),
            ("reserved", 10),
            ("granted", 20),
        ]

    @pytest.mark.parametrize("reaction", [Fail(500), Fail(401), Cut(), Garbage(b"no")])
    async def test_when_nothing_is_written_everything_goes_back(
        self,
        client: httpx.AsyncClient,
        draft: Draft,
        llm: LlmDouble,
        liftoff: Liftoff,
        workspace_id: UUID,
        reaction: Reaction,
    ) -> None:
        await grant(liftoff, workspace_id, 20)
        await draft.add("Ada", "Bob")
        llm.react = lambda _: reaction
        answer = await draft.post("generate_ai")
        assert (answer.status_code, answer.json()["code"]) == (503, "llm-unavailable")
        assert sum(answer.json()["reasons"].values()) == 2
        assert await balance(client) == (20, 0)
        assert await draft.drafts() == []

    async def test_a_launch_while_the_model_writes_refuses_the_drafts_and_refunds_them(
        self, client: httpx.AsyncClient, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 20)
        await draft.add("Ada")
        launched = asyncio.Event()
        llm.react = lambda _: Hang(launched, "Subject: Hello\n\nToo late")
        generating = asyncio.create_task(draft.post("generate_ai"))
        await llm.arrived.wait()
        assert await balance(client) == (18, 2)
        await bring_to(liftoff, workspace_id, UUID(draft.id), "launching")
        launched.set()
        answer = await generating
        assert (answer.status_code, answer.json()["code"]) == (400, "campaign-not-draft")
        assert (await balance(client), await draft.drafts()) == ((20, 0), [])

    async def test_what_a_person_writes_meanwhile_is_kept_and_the_model_s_text_refunded(
        self, client: httpx.AsyncClient, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 20)
        ada, _ = await draft.add("Ada", "Bob")
        edited = asyncio.Event()
        llm.react = lambda _: Hang(edited, "Subject: Hello\n\nBy the model")
        generating = asyncio.create_task(draft.post("generate_ai"))
        await llm.arrived.wait()
        await draft.edit(ada, draft.nodes[0], subject="Hi", body="By hand")
        edited.set()
        answer = (await generating).json()
        assert [each["reason"] for each in answer["failures"]] == ["superseded"]
        assert await draft.bodies() == [("manual", "By hand"), ("ai", "By the model")]
        assert await balance(client) == (18, 0)

    async def test_what_comes_after_the_reservation_was_given_back_is_not_written(
        self,
        client: httpx.AsyncClient,
        draft: Draft,
        llm: LlmDouble,
        liftoff: Liftoff,
        workspace_id: UUID,
        clock: MovableClock,
    ) -> None:
        await grant(liftoff, workspace_id, 20)
        await draft.add("Ada")
        swept = asyncio.Event()
        llm.react = lambda _: Hang(swept, "Subject: Hello\n\nToo late")
        generating = asyncio.create_task(draft.post("generate_ai"))
        await llm.arrived.wait()
        clock.move(RESERVATION_LIFETIME + timedelta(seconds=1))
        await liftoff.housekeeping.round()
        swept.set()
        answer = await generating
        assert (answer.status_code, answer.json()["code"]) == (409, "reservation-over")
        assert (await balance(client), await draft.drafts()) == ((20, 0), [])

    async def test_the_ledger_comes_back_from_the_log(
        self, draft: Draft, llm: LlmDouble, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        await grant(liftoff, workspace_id, 20)
        await draft.add("Ada", "Bob", "Cy")
        llm.react = reacting(Bob=Fail(500))
        await draft.generate()
        history = await liftoff.store.read_stream(workspace_id, streams.credits(workspace_id))
        ledger = credits.fold(history)
        assert (ledger.granted, ledger.balance, ledger.charged, ledger.open) == (20, 16, 4, {})
        assert await liftoff.pool.fetchval("SELECT count(*) FROM credit_reservations") == 0
