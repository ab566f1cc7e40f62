"""A launched campaign, and the parts of a worker that a test drives by hand, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import httpx
import pytest

from domain.pacing import Gaps
from service.channels import outcome as channel
from service.composition import Liftoff, connection_patience
from service.dispatch.claims import Claim, Claims
from service.dispatch.mails import Mails
from service.dispatch.prepared import Prepared, Unsendable
from service.dispatch.recording import Finished, Recording
from service.engine import LaunchJob
from service.ids import new_id
from service.launch.run import LaunchRun
from tests.api.fresh import app, client, clock, liftoff, workspace_id
from tests.api.making import make_sender
from tests.http.conftest import MovableClock

__all__ = ["app", "client", "clock", "liftoff", "workspace_id"]

SEQUENCE: Final = [
    {"type": "email", "subject": "Hello", "body": "Hello {{first_name|there}}"},
    {"type": "delay", "delay_days": 1},
    {"type": "email", "is_reply": True, "body": "Again"},
    {"type": "end"},
]
SHARD: Final = 0


class Worker:
    """One worker: claims for all senders, and records what it is told became of them."""

    def __init__(self, parts: Liftoff, gap: timedelta = timedelta(), jitter: float = 0) -> None:
        self.id = new_id()
        self.parts = parts
        self.claims = Claims(
            parts.pool,
            parts.store,
            parts.campaigns,
            parts.suppressions,
            parts.unsubscribing,
            parts.clock,
            self.id,
            1,
            Gaps(email=gap, linkedin=gap, jitter=jitter),
        )
        self.mails = Mails(parts.materials, parts.tokens, parts.open_tokens, parts.clock, "http://test")
        self.recording = Recording(
            parts.store, parts.vault, parts.suppressions, parts.clock, connection_patience(parts.settings)
        )

    async def begin(self) -> int:
        """Take the shard over."""
        await self.parts.housekeeping.beat(self.id)
        return await self.claims.begin_generation(SHARD)

    async def claim(self, generation: int, at_most: int = 100) -> list[Claim] | None:
        """Claim within a generation; None when it is over."""
        return await self.claims.claim(SHARD, generation, at_most)

    async def take(self, at_most: int = 100) -> list[Claim]:
        """Claim whatever may be sent now."""
        claims = await self.claim(await self.begin(), at_most)
        assert claims is not None
        return claims

    async def prepare(self, claims: Sequence[Claim]) -> list[Prepared]:
        """The mails of the claims."""
        return await self.mails.prepare(claims)

    async def record(self, claims: Sequence[Claim], outcome: channel.Outcome) -> None:
        """Let this be what became of the claims."""
        await self.record_prepared(await self.mails.prepare(claims), outcome)

    async def record_prepared(self, prepared: Sequence[Prepared], outcome: channel.Outcome) -> None:
        """Let this be what became of mails that were made before; of those that weren't, why."""
        finished = [Finished(one, one.why if isinstance(one, Unsendable) else outcome) for one in prepared]
        await self.recording._store_for_sure(finished)


Launch: TypeAlias = Callable[..., Awaitable[UUID]]


@pytest.fixture
def launch(liftoff: Liftoff, client: httpx.AsyncClient, workspace_id: UUID) -> Launch:
    """Launches a campaign of so many leads over the API, and performs its run."""

    async def launched(leads: int, senders: Sequence[UUID] = (), **settings: Any) -> UUID:
        chosen = senders or [await make_sender(liftoff, workspace_id, f"{new_id().hex}@sender.example")]
        body = {"type": "email", "name": new_id().hex, "sender_account_ids": [str(id_) for id_ in chosen]}
        campaign_id = (await client.post("/api/campaigns", json=body)).json()["campaign"]["id"]
        path = f"/api/campaigns/{campaign_id}"
        changed = await client.patch(path, json={"sequence_nodes": SEQUENCE, **settings})
        assert changed.status_code == 200, changed.text
        prospects = [{"email": f"lead{number}@x.example"} for number in range(leads)]
        await client.post(f"{path}/leads", json={"prospects": prospects})
        answer = await client.post(f"{path}/launch")
        assert answer.status_code == 200, answer.text
        await run_of(liftoff).perform(LaunchJob(workspace_id, UUID(campaign_id), 1, new_id()))
        return UUID(campaign_id)

    return launched


def run_of(parts: Liftoff, gaps: Gaps | None = None) -> LaunchRun:
    """What performs the background runs of launches."""
    return LaunchRun(
        parts.pool,
        parts.store,
        parts.campaigns,
        parts.senders,
        parts.runs,
        parts.rollback,
        parts.clock,
        gaps or Gaps(),
    )


@pytest.fixture
def worker(liftoff: Liftoff) -> Worker:
    return Worker(liftoff)


async def statuses(client: httpx.AsyncClient, campaign_id: UUID) -> dict[str, int]:
    """How many leads of the campaign have which status, once the read model has caught up."""
    await client.get(f"/api/campaigns/{campaign_id}/leads")
    by_status: dict[str, int] = (await client.get(f"/api/campaigns/{campaign_id}")).json()[
        "prospects_by_status"
    ]
    return by_status


def tomorrow(moving: MovableClock) -> None:
    """Move the clock to the next day."""
    moving.move(timedelta(days=1))
