"""The assembled service with the double as its LinkedIn provider, and what tests begin with there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest

from service.composition import Liftoff, assembled
from service.serving import projecting
from service.settings import Settings
from tests.api.fresh import app, client, clock, foreigner, workspace_id
from tests.http.conftest import MASTER_KEY, MovableClock
from tests.linkedin.double import Double
from tests.linkedin.server import running

__all__ = ["app", "client", "clock", "foreigner", "workspace_id"]

WEBHOOK_SECRET: Final = "the secret of the webhooks"
ADA: Final = {"type": "linkedin", "provider_account_id": "acc-1", "display_name": "Ada Example"}


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    async with running(Double()) as double:
        yield double


@pytest.fixture
async def liftoff(database: str, clock: MovableClock, double: Double) -> AsyncIterator[Liftoff]:
    """The parts of the service, with a projector at work, and the double as their provider."""
    settings = Settings(
        linkedin_url=double.url,
        linkedin_api_key=double.api_key,
        linkedin_webhook_secret=WEBHOOK_SECRET,
        linkedin_verify_seconds=5.0,
    )
    async with assembled(settings, database, MASTER_KEY, clock) as parts, projecting(parts):
        yield parts


async def connected(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A sender account at the provider."""
    answer = await client.post("/api/senders", json=ADA | fields)
    assert answer.status_code == 201, answer.text
    sender: dict[str, Any] = answer.json()["sender"]
    return sender


async def read(client: httpx.AsyncClient, sender: dict[str, Any]) -> dict[str, Any]:
    """The sender account as it is now."""
    shown: dict[str, Any] = (await client.get(f"/api/senders/{sender['id']}")).json()["sender"]
    return shown
