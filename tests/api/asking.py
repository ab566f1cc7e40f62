"""What tests ask of the API again and again."""

from __future__ import annotations

from typing import Any, Final

import httpx

CAMPAIGN_FIELDS: Final = {
    *("id", "user_id", "type", "name", "status", "daily_limit", "stop_on_reply", "open_tracking"),
    *("signature", "skip_other_campaigns", "operating_hours", "stats", "pause_reason"),
    *("launch_at", "launched_at", "created_at", "updated_at", "version"),
}
"""All that a campaign shows of itself, beside its sender accounts."""


async def begin(client: httpx.AsyncClient, name: str = "Spring", **fields: Any) -> dict[str, Any]:
    """A new draft."""
    body = {"type": "email", "name": name, "sender_account_ids": [], **fields}
    answer = await client.post("/api/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    campaign: dict[str, Any] = answer.json()["campaign"]
    return campaign


def paths(answer: httpx.Response) -> list[str]:
    """What a refusal names as wrong."""
    assert answer.status_code == 400, answer.text
    return [error["path"] for error in answer.json()["errors"]]
