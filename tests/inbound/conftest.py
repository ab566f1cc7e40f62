"""A campaign under way through one mailbox, whose provider pushes what comes back.

The tests of a module share the service, each in a workspace of its own: to make one takes longer than all of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from msgspec import Struct

from service.access import Workspaces
from service.channels.message import message_id
from service.channels.outcome import Accepted, Outcome
from service.composition import Liftoff, assembled
from service.dispatch.claims import Claim
from service.http.app import Application
from service.http.routes import api
from service.ids import new_id
from service.metrics import new_registry
from service.serving import projecting
from service.settings import Settings
from tests.api.fresh import client_of
from tests.api.making import make_sender
from tests.channels import messages
from tests.channels.messages import MAILBOX
from tests.dispatch.conftest import Launch, Worker, launch, worker
from tests.http.conftest import MASTER_KEY, MovableClock
from tests.people.asking import caught_up

__all__ = ["launch", "worker"]

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACCEPTED: Final = Accepted(250, "OK")


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def liftoff(shared_database: str, clock: MovableClock) -> AsyncIterator[Liftoff]:
    """The parts of the service, with a projector at work."""
    settings = Settings(send_jitter=0, inbound_webhook_secret=SECRET)
    async with assembled(settings, shared_database, MASTER_KEY, clock) as parts, projecting(parts):
        yield parts


@pytest.fixture(scope="module")
def app(liftoff: Liftoff) -> Application:
    return api(
        liftoff,
        new_registry(),
    )


@pytest_asyncio.fixture(loop_scope="module")
async def workspace_id(liftoff: Liftoff) -> UUID:
    """A workspace that no other test knows."""
    return await Workspaces(liftoff.pool, liftoff.clock).take(new_id().hex)


@pytest_asyncio.fixture(loop_scope="module")
async def client(app: Application, liftoff: Liftoff, workspace_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the workspace that may do everything."""
    async with await client_of(app, liftoff, workspace_id) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def sender_id(liftoff: Liftoff, workspace_id: UUID) -> UUID:
    """The sender account with the mailbox."""
    return await make_sender(liftoff, workspace_id, MAILBOX)


class Sent(Struct, frozen=True):
    """A mail that was sent to a lead."""

    campaign_id: UUID
    claim: Claim

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return message_id(self.claim.send_id, MAILBOX)

    @property
    def url(self) -> str:
        """Where the lead's campaign is read."""
        return f"/api/campaigns/{self.campaign_id}"

    def reply(self, words: str = "Yes!", about: str | None = None, **headers: str) -> bytes:
        """The lead answers; ``about`` another mail or none, if it is told."""
        about = self.message_id if about is None else about
        return messages.reply(words, "lead0@x.example", about, **headers)

    def report(self, action: str = "failed", **told: str) -> bytes:
        """The mail comes back."""
        return messages.report(action, **{"recipient": "lead0@x.example", "about": self.message_id, **told})

    def complaint(self, **told: str) -> bytes:
        """The lead reports the mail as unwanted."""
        return messages.complaint(**{"recipient": "lead0@x.example", "about": self.message_id, **told})


async def claim_of(worker: Worker, campaign_id: UUID) -> Claim:
    """The claim of the campaign's one lead."""
    [claim] = [claim for claim in await worker.take() if claim.due.campaign_id == campaign_id]
    return claim


async def send_one(
    launch: Launch, worker: Worker, sender_id: UUID, outcome: Outcome = ACCEPTED, **settings: object
) -> Sent:
    """A campaign of one lead, and what became of its first mail."""
    campaign_id = await launch(1, [sender_id], **settings)
    claim = await claim_of(worker, campaign_id)
    await worker.record([claim], outcome)
    return Sent(campaign_id, claim)


@pytest_asyncio.fixture(loop_scope="module")
async def sent(launch: Launch, worker: Worker, sender_id: UUID) -> Sent:
    return await send_one(launch, worker, sender_id)


async def lead_now(client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent) -> dict[str, Any]:
    """The lead as the API shows it."""
    await caught_up(liftoff)
    [lead] = (await client.get(f"{sent.url}/leads")).json()["prospects"]
    shown: dict[str, Any] = lead
    return shown


async def events_of(client: httpx.AsyncClient, sent: Sent) -> list[dict[str, Any]]:
    """The lead's history."""
    answer = await client.get(f"{sent.url}/leads/{sent.claim.due.lead_id}/history")
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


async def suppressed_for(client: httpx.AsyncClient) -> list[str]:
    """Why people are suppressed."""
    return [each["reason"] for each in (await client.get("/api/suppressions")).json()["suppressions"]]
