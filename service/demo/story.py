"""The story of the demo, told through the API: senders, a campaign, a refused launch, its repair, and the launch."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

import httpx
from msgspec import Struct

LEADS: Final = files("service.demo") / "leads.csv"
SEQUENCE: Final = files("service.demo") / "sequence.json"
SENDERS: Final = (("Robin", "Reyes"), ("Sam", "Sato"))
NAME: Final = "Quieter weeks"


class Told(Struct, frozen=True):
    """What happened: the campaign's id, the refusal of the first launch, the import's answer and the launch's."""

    campaign_id: str
    refusal: dict[str, Any]
    imported: dict[str, Any]
    launched: dict[str, Any]


def tell(api: httpx.Client, sink_url: str) -> Told:
    """Draft a campaign, be refused, complete it, and launch it."""
    campaign_id = _draft(api)
    refused = api.post(f"/api/campaigns/{campaign_id}/launch")
    imported = _complete(api, campaign_id, sink_url)
    launched = answer(api.post(f"/api/campaigns/{campaign_id}/launch"))
    return Told(campaign_id, refused.json(), imported, launched)


def _draft(api: httpx.Client) -> str:
    body = {"type": "email", "name": NAME, "sender_account_ids": []}
    campaign_id: str = answer(api.post("/api/campaigns", json=body))["campaign"]["id"]
    return campaign_id


def _complete(api: httpx.Client, campaign_id: str, sink_url: str) -> dict[str, Any]:
    """Give the draft what the refusal said it lacks; answers what became of the leads' rows."""
    senders = [_sender(api, first, last, sink_url) for first, last in SENDERS]
    changes = {"sender_account_ids": senders, "sequence_nodes": json.loads(SEQUENCE.read_text())}
    answer(api.patch(f"/api/campaigns/{campaign_id}", json=changes))
    rows = api.post(
        f"/api/campaigns/{campaign_id}/leads/import",
        content=LEADS.read_bytes(),
        headers={"Content-Type": "text/csv"},
    )
    return answer(rows)


def _sender(api: httpx.Client, first: str, last: str, sink_url: str) -> str:
    body = {
        "type": "email",
        "email_address": f"{first}.{last}@quieter.example".lower(),
        "display_name": f"{first} {last}",
        "signature": f"{first} {last}\nQuieter Ltd, 1 Example Street, Exampletown",
        "daily_limit": 500,
        "inbox": {"smtp_url": sink_url},
        "warmup_status": "active",
    }
    sender_id: str = answer(api.post("/api/senders", json=body))["sender"]["id"]
    return sender_id


def answer(response: httpx.Response) -> dict[str, Any]:
    """The body of a good answer. Raises ``RuntimeError`` with the problem of any other."""
    if response.is_error:
        raise RuntimeError(f"{response.request.method} {response.request.url.path}: {response.text}")
    body: dict[str, Any] = response.json()
    return body
