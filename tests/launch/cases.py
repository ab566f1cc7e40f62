"""A launch to be tried: a draft made over the API, as somebody has designed it, and the request to launch it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

import httpx

from domain.sequence import Channel
from service.ids import new_id
from tests.api.making import make_sender
from tests.launch.stage import Stage, Tenant

Nodes: TypeAlias = list[dict[str, Any]]

LEADS: Final = 2
ACCOUNTS: Final = 3


@dataclass(kw_only=True)
class Design:
    """What a draft is made as; nothing is wrong with it until a defect says so."""

    channel: Channel
    nodes: Nodes
    accounts: int = ACCOUNTS
    without_inbox: frozenset[int] = frozenset()
    leads: int = LEADS
    is_elsewhere: bool = False


@dataclass
class Case:
    """A campaign and the request to launch it; ``names`` are what words in angle brackets stand for."""

    stage: Stage
    tenant: Tenant
    channel: Channel
    campaign_id: UUID
    sender_ids: list[UUID]
    identities: list[dict[str, str]]
    faults: AsyncExitStack
    names: dict[str, str]
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": "Bearer <key>"})
    is_overtaken: bool = False

    @property
    def path(self) -> str:
        """Where the campaign is."""
        return f"/api/campaigns/{self.campaign_id}"

    async def ask(self, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
        """The answer to the request, which somebody else may overtake."""

        async def send() -> httpx.Response:
            return await self.stage.client.request(method, path, headers=dict(headers))

        async def overtake() -> None:
            good(await self.tenant.client.patch(self.path, json={"name": new_id().hex}))

        return await (self.stage.while_selecting(send, overtake) if self.is_overtaken else send())

    def concerns(self, account: int) -> UUID:
        """What is wrong is wrong with this account."""
        sender_id = self.sender_ids[account]
        self.names |= {"sender": str(sender_id), "name": self.names[f"account {account}"]}
        return sender_id


async def made(stage: Stage, design: Design, faults: AsyncExitStack) -> Case:
    """The draft, as designed; ``faults`` are repaired when the case is over."""
    tenant = stage.elsewhere if design.is_elsewhere else stage.here
    accounts = [await _account(stage, tenant, design, number) for number in range(design.accounts)]
    body = {
        "type": design.channel,
        "name": new_id().hex,
        "sender_account_ids": [str(sender_id) for sender_id, _ in accounts],
    }
    campaign_id = good(await tenant.client.post("/api/campaigns", json=body))["campaign"]["id"]
    path = f"/api/campaigns/{campaign_id}"
    good(await tenant.client.patch(path, json={"sequence_nodes": design.nodes}))
    identities = [_identity(design.channel) for _ in range(design.leads)]
    if identities:
        good(await tenant.client.post(f"{path}/leads", json={"prospects": identities}))
    names = {f"account {number}": name for number, (_, name) in enumerate(accounts)}
    return Case(
        stage,
        tenant,
        design.channel,
        UUID(campaign_id),
        [sender_id for sender_id, _ in accounts],
        identities,
        faults,
        names | {"campaign": campaign_id, "key": stage.here.key},
    )


async def _account(stage: Stage, tenant: Tenant, design: Design, number: int) -> tuple[UUID, str]:
    """A sender account, and what people know it by."""
    name = new_id().hex
    if design.channel == "linkedin":
        body = {"type": "linkedin", "provider_account_id": name, "display_name": f"Ada {name}"}
        return UUID(good(await tenant.client.post("/api/senders", json=body))["sender"]["id"]), f"Ada {name}"
    address = f"{name}@sender.example"
    if number not in design.without_inbox:
        return await make_sender(stage.parts, tenant.workspace_id, address), address
    body = {"type": "email", "email_address": address, "warmup_status": "active"}
    return UUID(good(await tenant.client.post("/api/senders", json=body))["sender"]["id"]), address


def _identity(channel: Channel) -> dict[str, str]:
    name = new_id().hex
    if channel == "linkedin":
        return {"linkedin_url": f"https://www.linkedin.com/in/{name}"}
    return {"email": f"{name}@lead.example"}


def good(answer: httpx.Response) -> dict[str, Any]:
    """The body of a good answer."""
    assert answer.is_success, answer.text
    body: dict[str, Any] = answer.json()
    return body
