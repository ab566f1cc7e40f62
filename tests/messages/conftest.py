"""The assembled service with a language model on loopback, and a campaign whose first mail is written by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from domain.credits import Grant
from service.composition import Liftoff, assembled
from service.ids import new_id
from service.serving import projecting
from service.settings import Settings
from tests.api.fresh import app, client, clock, foreigner, workspace_id
from tests.api.making import caller, make_sender
from tests.http.conftest import MASTER_KEY, MovableClock
from tests.messages.llm_double import LlmDouble

__all__ = ["app", "client", "clock", "foreigner", "workspace_id"]

NODES: Final = [
    {"type": "ai", "body": "Write to {{first_name}} about {{custom_fields.plan|their plan}}."},
    {"type": "delay", "delay_days": 1},
    {"type": "email", "is_reply": True, "body": "Did this get lost, {{first_name}}?"},
    {"type": "end"},
]
LLM_KEY: Final = "sk-secret"


@pytest.fixture
async def llm() -> AsyncIterator[LlmDouble]:
    async with LlmDouble() as double:
        yield double


@pytest.fixture
async def liftoff(database: str, clock: MovableClock, llm: LlmDouble) -> AsyncIterator[Liftoff]:
    """The parts of the service, with a projector at work and the model configured."""
    settings = Settings(llm_url=llm.url, llm_model="tiny", llm_api_key=LLM_KEY)
    async with assembled(settings, database, MASTER_KEY, clock) as parts, projecting(parts):
        yield parts


class Draft:
    """A draft campaign, as a client sees it."""

    def __init__(self, client: httpx.AsyncClient, campaign: dict[str, Any]) -> None:
        self.id: str = campaign["id"]
        self.nodes: list[str] = [node["id"] for node in campaign["sequence_nodes"]]
        self.path = f"/api/campaigns/{self.id}"
        self.messages = f"{self.path}/generate-messages"
        self._client = client

    async def add(self, *names: str) -> list[str]:
        """Leads of these first names; a blank one has none. Answers their ids, in order."""
        rows = [
            {"email": f"lead{new_id().hex}@x.example", "first_name": name, "company": "Northwind"}
            for name in names
        ]
        await self._client.post(f"{self.path}/leads", json={"prospects": rows})
        listed = (await self._client.get(f"{self.path}/leads")).json()["prospects"]
        return [lead["id"] for lead in listed][-len(names) :]

    async def post(self, action: str, **fields: Any) -> httpx.Response:
        return await self._client.post(self.messages, json={"action": action, **fields})

    async def resolve(self) -> dict[str, Any]:
        return _good(await self.post("resolve"))

    async def generate(self, **fields: Any) -> dict[str, Any]:
        return _good(await self.post("generate_ai", **fields))

    async def edit(self, lead_id: str, node_id: str, **words: str) -> httpx.Response:
        body = {"prospect_id": lead_id, "node_id": node_id, **words}
        return await self._client.patch(self.messages, json=body)

    async def drafts(self, **query: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = _good(await self._client.get(self.messages, params=query))["drafts"]
        return listed

    async def bodies(self) -> list[tuple[str, str]]:
        """Origin and body of each draft, in order."""
        return [(draft["origin"], draft["body"]) for draft in await self.drafts()]


@pytest.fixture
async def draft(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID) -> Draft:
    """A campaign that could be launched but for its leads: a mail by the model, then a reply under it."""
    sender_id = await make_sender(liftoff, workspace_id)
    body = {"type": "email", "name": "Spring", "sender_account_ids": [str(sender_id)]}
    campaign = (await client.post("/api/campaigns", json=body)).json()["campaign"]
    path = f"/api/campaigns/{campaign['id']}"
    await client.patch(path, json={"sequence_nodes": NODES})
    return Draft(client, {"id": campaign["id"], **(await client.get(path)).json()})


async def grant(liftoff: Liftoff, workspace_id: UUID, amount: int) -> None:
    """Give the workspace credits."""
    await liftoff.credits.execute(caller(workspace_id), Grant(grant_id=new_id(), amount=amount))


async def balance(client: httpx.AsyncClient) -> tuple[int, int]:
    """What can be spent, and what is set aside."""
    account = (await client.get("/api/credits")).json()
    return account["balance"], account["reserved"]


def _good(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body
