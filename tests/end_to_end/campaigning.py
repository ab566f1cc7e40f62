"""Campaigns made and followed over HTTP, as a client would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import httpx

PATIENCE_SECONDS: Final = 120.0
SEQUENCE: Final = [
    {"type": "email", "subject": "A question, {{first_name}}", "body": "Hello {{first_name}}"},
    {"type": "email", "is_reply": True, "subject": "", "body": "Did you see my mail?"},
    {"type": "end"},
]


def connect(url: str, key: str) -> httpx.AsyncClient:
    """A client of the service."""
    return httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
        limits=httpx.Limits(max_connections=250),
        trust_env=False,
    )


async def make_ready(
    api: httpx.AsyncClient, sink_url: str, leads: int, senders: int, name: str = "Spring"
) -> str:
    """A draft with two mails for each of so many leads, ready to launch; answers its id."""
    ids = [await make_sender(api, sink_url, f"{name}-{number}".lower()) for number in range(senders)]
    body = {"type": "email", "name": name, "sender_account_ids": ids}
    campaign_id: str = good(await api.post("/api/campaigns", json=body))["campaign"]["id"]
    good(await api.patch(f"/api/campaigns/{campaign_id}", json={"sequence_nodes": SEQUENCE}))
    rows = "email,first_name\n" + "".join(f"lead{n}@{name.lower()}.example,Lead{n}\n" for n in range(leads))
    answer = good(
        await api.post(
            f"/api/campaigns/{campaign_id}/leads/import",
            content=rows.encode(),
            headers={"Content-Type": "text/csv"},
        )
    )
    assert answer["imported"] == leads
    return campaign_id


async def make_sender(api: httpx.AsyncClient, sink_url: str, who: str) -> str:
    """A sender account that is ready; answers its id."""
    body = {
        "type": "email",
        "email_address": f"{who}@sender.example",
        "daily_limit": 500,
        # Its own log-in, so that it has connections of its own.
        "inbox": {"smtp_url": sink_url.replace("smtp://", f"smtp://{who}:secret@")},
        "warmup_status": "active",
    }
    sender = good(await api.post("/api/senders", json=body))["sender"]
    assert sender["status"] == "active", sender
    sender_id: str = sender["id"]
    return sender_id


async def follow(
    api: httpx.AsyncClient, campaign_id: str, until: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Read the campaign again and again until it is as wanted."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            detail = good(await api.get(f"/api/campaigns/{campaign_id}"))
            if until(detail):
                return detail
            await asyncio.sleep(0.1)


def has_status(status: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a campaign has come to a status."""

    def reached(detail: dict[str, Any]) -> bool:
        return bool(detail["campaign"]["status"] == status)

    return reached


def good(response: httpx.Response) -> dict[str, Any]:
    """The body of a good answer."""
    assert response.is_success, f"{response.request.url.path}: {response.status_code} {response.text}"
    body: dict[str, Any] = response.json() if response.content else {}
    return body
