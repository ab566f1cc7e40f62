"""The second story of the demo: a campaign on LinkedIn, against a provider that reaches nobody.

``make demo`` runs such a provider around the demo, and says where it is by names that are no settings: so the demo
never speaks to a real one. Without it the story is left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import httpx
from msgspec import Struct

from service.demo.proof import Claim
from service.demo.story import answer

PEOPLE: Final = 40
SEQUENCE: Final = [
    {
        "type": "connection_request",
        "include_message": True,
        "body": "Hello {{first_name}}, shall we connect?",
    },
    {"type": "message", "body": "Thank you, {{first_name}}. May I send you a page on quieter weeks?"},
    {"type": "end"},
]
_ACCOUNT: Final = "demo-account"


class Provider(Struct, frozen=True):
    """Where the provider is that reaches nobody, and the key for it."""

    url: str
    api_key: str

    @property
    def settings(self) -> Mapping[str, str]:
        """What the service is told of it; in a hurry."""
        return {
            "LIFTOFF_LINKEDIN_URL": self.url,
            "LIFTOFF_LINKEDIN_API_KEY": self.api_key,
            "LIFTOFF_LINKEDIN_GAP_SECONDS": "0",
            "LIFTOFF_LINKEDIN_LOOK_SECONDS": "1",
        }


def provider() -> Provider | None:
    """The provider around this demo, if there is one."""
    url = os.environ.get("LIFTOFF_DEMO_LINKEDIN_URL")
    return Provider(url, os.environ["LIFTOFF_DEMO_LINKEDIN_API_KEY"]) if url else None


def launch(api: httpx.Client) -> str:
    """Connect an account, draft a campaign for it, and launch it; answers the campaign's id."""
    account = {"type": "linkedin", "provider_account_id": _ACCOUNT, "display_name": "Robin Reyes"}
    sender = answer(api.post("/api/senders", json=account | {"daily_limit": 500}))["sender"]["id"]
    draft = {"type": "linkedin", "name": "Quieter weeks, in person", "sender_account_ids": [sender]}
    campaign_id: str = answer(api.post("/api/campaigns", json=draft))["campaign"]["id"]
    path = f"/api/campaigns/{campaign_id}"
    answer(api.patch(path, json={"sequence_nodes": SEQUENCE}))
    people = [_person(number) for number in range(1, PEOPLE + 1)]
    answer(api.post(f"{path}/leads", json={"prospects": people}))
    answer(api.post(f"{path}/launch"))
    return campaign_id


def claims(campaign: dict[str, Any], provider: Provider) -> list[Claim]:
    """What the provider has seen, beside what the campaign counts."""
    seen = httpx.get(f"{provider.url}/control", timeout=60, trust_env=False).json()[_ACCOUNT]
    invited, stats = seen["invited_ever"], campaign["campaign"]["stats"]
    return [
        Claim(
            f"the provider saw {len(invited)} people invited, stats.connection_sent is {stats['connection_sent']}",
            len(invited) == stats["connection_sent"] == PEOPLE,
        ),
        Claim("nobody was invited twice", set(invited.values()) == {1}),
        Claim(
            f"all who connected were written to: {stats['connected']} and {stats['message_sent']}",
            stats["connected"] == stats["message_sent"] == PEOPLE,
        ),
    ]


def _person(number: int) -> dict[str, str]:
    return {"linkedin_url": f"https://www.linkedin.com/in/demo-{number}", "first_name": f"Number {number}"}
