"""A deployment that runs: any Liftoff service, through its public API."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from domain.lead.state import TERMINAL
from domain.schedule import WEEK
from tests.kit.deployment import Seen, Wish

LAST_WISHES: Final[tuple[Wish, ...]] = ("delete", "stop", "archive")


class OverHttp:
    """Campaigns of a running service, through its public API.

    Nothing is sent: operating hours open days later, and nobody has an address at ``.invalid`` (RFC 2606). Campaigns
    are cleared away at the end, and suppressions lifted, as far as the API does that.
    """

    def __init__(self, base_url: str, api_key: str, sender_id: str, patience_seconds: float = 30) -> None:
        """``sender_id``: an e-mail sender account that is ready. Work may be under way for ``patience_seconds``."""
        headers = {"Authorization": f"Bearer {api_key}"}
        self._api = httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False)
        self._sender_id = sender_id
        self._patience = patience_seconds
        self._campaigns: list[str] = []
        self._tag = uuid4().hex[:12]

    def draft(self) -> str:
        name = f"kit {self._tag} {len(self._campaigns)}"
        body = {"type": "email", "name": name, "sender_account_ids": [self._sender_id]}
        campaign_id: str = self._good("POST", "/api/campaigns", body)["campaign"]["id"]
        opens = WEEK[(datetime.now(UTC) + timedelta(days=3)).weekday()]
        hours = {"timezone": "UTC", opens: {"start": "12:00", "end": "13:00"}}
        mail = {"type": "email", "subject": "Hello", "body": "Hello"}
        change = {"sequence_nodes": [mail, {"type": "end"}], "operating_hours": hours}
        self._good("PATCH", f"/api/campaigns/{campaign_id}", change)
        self._campaigns.append(campaign_id)
        return campaign_id

    def join(self, campaign_id: str, addresses: Sequence[str]) -> int | None:
        people = [{"email": self._whose(address)} for address in addresses]
        answer = self._api.post(f"/api/campaigns/{campaign_id}/leads", json={"prospects": people})
        if not answer.is_success:
            self._refused(answer)
            return None
        told = answer.json()
        assert told["imported"] + told["duplicates"] == len(people)
        imported: int = told["imported"]
        return imported

    def wish(self, campaign_id: str, wish: Wish) -> bool:
        answer = self._api.request(*_request_of(campaign_id, wish))
        if not answer.is_success:
            self._refused(answer)
        return answer.is_success

    def suppress(self, address: str) -> None:
        self._good("POST", "/api/suppressions", {"suppressions": [{"email": self._whose(address)}]})

    def look(self, campaign_id: str) -> Seen | None:
        latest = time.monotonic() + self._patience
        while (seen := self._see(campaign_id)) and _is_under_way(seen) and time.monotonic() < latest:
            time.sleep(0.05)
        return seen

    def close(self) -> None:
        for campaign_id in self._campaigns:
            for wish in LAST_WISHES:
                self._api.request(*_request_of(campaign_id, wish))
        for person in self._good("GET", "/api/suppressions?limit=200")["suppressions"]:
            if (person["email"] or "").endswith(f"@{self._tag}.kit.invalid"):
                self._api.delete(f"/api/suppressions/{person['id']}")
        self._api.close()

    def _see(self, campaign_id: str) -> Seen | None:
        answer = self._api.get(f"/api/campaigns/{campaign_id}")
        if answer.status_code == 404:
            return None
        campaign, leads = answer.json()["campaign"], answer.json()["prospects_by_status"]
        statuses = {status: n for status, n in leads.items() if n}
        return Seen(campaign["status"], statuses, campaign["version"], campaign["launched_at"] is not None)

    def _whose(self, address: str) -> str:
        """The address, at a host that is this run's own."""
        return address.replace("@", f"@{self._tag}.")

    def _good(self, method: str, path: str, body: object = None) -> Any:
        answer = self._api.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def _refused(self, answer: httpx.Response) -> None:
        assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
        assert answer.status_code in (400, 404, 409), f"{answer.status_code} {answer.text}"


def _request_of(campaign_id: str, wish: Wish) -> tuple[str, str]:
    path = f"/api/campaigns/{campaign_id}"
    return ("DELETE", path) if wish == "delete" else ("POST", f"{path}/{wish}")


def _is_under_way(seen: Seen) -> bool:
    """Whether the service has something to do about the campaign before anybody wishes anything."""
    unfinished = any(status not in TERMINAL for status in seen.leads)
    match seen.status:
        case "launching":
            return True
        case "active":
            return not unfinished
        case "stopped" | "archived":
            return unfinished and seen.was_launched
        case _:
            return False
