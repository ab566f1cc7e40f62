"""Makes drafts that can be launched, over the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import httpx

from service.composition import Liftoff
from service.ids import new_id
from tests.api.making import make_sender

MAIL: Final = [{"type": "email", "subject": "Hello", "body": "Hello {{first_name|there}}"}, {"type": "end"}]


async def ready_draft(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    leads: Sequence[str] = ("ada@x.example", "bob@x.example"),
    **settings: Any,
) -> str:
    """The address of a draft that nothing is wrong with, for people with these addresses."""
    sender_id = await make_sender(liftoff, workspace_id, f"{new_id().hex}@sender.example")
    body = {"type": "email", "name": new_id().hex, "sender_account_ids": [str(sender_id)]}
    created = await client.post("/api/campaigns", json=body)
    url = f"/api/campaigns/{created.json()['campaign']['id']}"
    changed = await client.patch(url, json={"sequence_nodes": MAIL, **settings})
    assert changed.status_code == 200, changed.text
    added = await client.post(f"{url}/leads", json={"prospects": [{"email": email} for email in leads]})
    assert added.status_code == 200, added.text
    return url


async def types_of(client: httpx.AsyncClient, url: str) -> list[str]:
    """The types of the campaign's events, in order."""
    return [event["type"] for event in (await client.get(f"{url}/events")).json()["events"]]
