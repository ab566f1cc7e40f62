"""A LinkedIn campaign, driven by hand against the double: on a clock that jumps to where something is due next."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx

from domain.breaker import FAILURES_IN_A_ROW
from domain.pacing import Gaps
from service.caller import Caller
from service.channels.linkedin.client import LinkedInClient
from service.channels.linkedin.wire import Timeouts
from service.composition import Liftoff, connection_patience
from service.dispatch.approaches import ApproachCarrier, ReadyApproach
from service.dispatch.breakers import Breakers
from service.dispatch.claims import Claim, Claims
from service.dispatch.prepared import Prepared, Unsendable
from service.dispatch.recording import Finished, Recording
from service.dispatch.relations import Relations
from service.dispatch.tracing import Tracing
from service.dispatch.watch import Watch
from service.engine import LaunchJob
from service.ids import new_id
from tests.dispatch.conftest import SHARD, run_of
from tests.http.conftest import MovableClock
from tests.linkedin.double import Double

SEQUENCE: Final[Sequence[dict[str, Any]]] = [
    {"type": "connection_request", "include_message": True, "body": "Hello {{first_name|there}}"},
    {"type": "delay", "delay_days": 1},
    {"type": "message", "body": "Thank you for connecting, {{first_name|friend}}."},
    {"type": "end"},
]
PATIENT: Final = Timeouts(connect=10.0, question=10.0, action=10.0)
IMPATIENT: Final = Timeouts(connect=10.0, question=1.5, action=1.5)
"""For a double that sometimes never answers; long enough for a busy machine to answer ``AT_ONCE`` questions in time.
Giving up too early is a doubt more, which is settled like any other; ten in a row would close the account.
"""
AT_ONCE: Final = 40
LOOK_EVERY: Final = timedelta(hours=1)
STALLED_AFTER: Final = 20
"""Rounds at the same moment after which an account may have been closed."""
STUCK_AFTER: Final = 500
"""Rounds at the same moment after which nothing can be expected to move any more."""


class LinkedInWorker:
    """What a worker does for LinkedIn: claims, approaches, and the watch."""

    def __init__(self, parts: Liftoff, client: LinkedInClient, clock: MovableClock) -> None:
        self.id = new_id()
        self.sent_at: defaultdict[str, list[datetime]] = defaultdict(list)
        """When each account sent invitations, by the clock; filled by the double's own count."""
        self._parts = parts
        self._clock = clock
        self._claims = Claims(
            parts.pool,
            parts.store,
            parts.campaigns,
            parts.suppressions,
            parts.unsubscribing,
            clock,
            self.id,
            1,
            Gaps(),
        )
        self._carrier = ApproachCarrier(parts.materials, client, parts.accounts)
        patience = connection_patience(parts.settings)
        self._recording = Recording(parts.store, parts.vault, parts.suppressions, clock, patience)
        tracing = Tracing(parts.pool, parts.store, parts.vault, parts.materials, client, clock, patience)
        relations = Relations(
            parts.pool, parts.store, parts.senders, parts.vault, parts.answers, client, clock, LOOK_EVERY
        )
        self.watch = Watch(parts.store, tracing, relations, clock)

    async def take(self, at_most: int = 100) -> list[Claim]:
        """Claim whatever may be done now."""
        await self._parts.housekeeping.beat(self.id)
        claims = await self._claims.claim(SHARD, await self._claims.begin_generation(SHARD), at_most)
        assert claims is not None
        return claims

    async def hand_over(self, claims: Sequence[Claim]) -> list[Finished]:
        """Do what was claimed; nothing is recorded yet."""
        return await asyncio.gather(*map(self._hand_over, await self._carrier.prepare(claims)))

    async def _hand_over(self, prepared: Prepared) -> Finished:
        if isinstance(prepared, Unsendable):
            return Finished(prepared, prepared.why)
        assert isinstance(prepared, ReadyApproach)
        return Finished(prepared, await self._carrier.hand_over(prepared))

    async def record(self, finished: Sequence[Finished]) -> None:
        """Record what became of it."""
        await self._recording._store_for_sure(finished)
        for each in finished:
            if isinstance(each.prepared, ReadyApproach):
                await self._carrier.heed(each.prepared, each.outcome)

    async def work(self, at_most: int = 100) -> int:
        """Claim, do, record, and look; answers how much was claimed."""
        claims = await self.take(at_most)
        await self.record(await self.hand_over(claims))
        await self.watch.round()
        return len(claims)


@asynccontextmanager
async def working(
    parts: Liftoff, double: Double, clock: MovableClock, timeouts: Timeouts = PATIENT
) -> AsyncIterator[LinkedInWorker]:
    """A worker with a client of the double."""
    async with LinkedInClient(double.url, double.api_key, timeouts) as client:
        yield LinkedInWorker(parts, client, clock)


async def run_to_the_end(parts: Liftoff, double: Double, worker: LinkedInWorker, clock: MovableClock) -> None:
    """Work until no lead of any campaign has anything left to do; fails when something is due and never done."""
    invited: Counter[str] = Counter()
    rounds_at: Counter[datetime] = Counter()
    while (ahead := await _next_moment(parts, clock.now())) is not None:
        rounds_at[ahead] += 1
        assert rounds_at[ahead] < STUCK_AFTER, f"something has been due since {ahead} and nobody does it"
        clock.move(ahead - clock.now())
        await worker.work(AT_ONCE)
        if rounds_at[ahead] % STALLED_AFTER == 0:
            await _see_to_closed_accounts(parts)
        for account in double.network.accounts.values():
            count = account.invited_ever.total()
            worker.sent_at[account.id] += [clock.now()] * (count - invited[account.id])
            invited[account.id] = count
        await asyncio.sleep(0)


async def _see_to_closed_accounts(parts: Liftoff) -> None:
    """Do what a person does about an account that failed too often in a row: on a busy machine here some do."""
    rows = await parts.pool.fetch(
        "SELECT workspace_id, sender_id FROM dispatch_failures WHERE in_row >= $1", FAILURES_IN_A_ROW
    )
    await Breakers(parts.pool, parts.accounts).round()
    for row in rows:
        await parts.accounts.verify(Caller(row["workspace_id"], "test", new_id()), row["sender_id"])


async def _next_moment(parts: Liftoff, now: datetime) -> datetime | None:
    """When something may be done next; None when nothing is left to do."""
    row = await parts.pool.fetchrow(
        """
        SELECT min(greatest(d.due_at, s.next_free_at, q.next_free_at, l.next_free_at)) AS at
          FROM dispatch_due AS d
          JOIN dispatch_senders AS s USING (workspace_id, sender_id)
          JOIN dispatch_lanes AS l USING (workspace_id, sender_id, campaign_id)
          LEFT JOIN dispatch_quotas AS q
            ON q.workspace_id = d.workspace_id AND q.sender_id = d.sender_id AND q.action = d.task
        """
    )
    assert row is not None
    at: datetime | None = row["at"]
    return None if at is None else max(at, now)


async def make_linkedin_sender(client: httpx.AsyncClient, account: str, **fields: Any) -> UUID:
    """A LinkedIn account of the workspace, verified."""
    body = {"type": "linkedin", "provider_account_id": account, "display_name": account, **fields}
    answer = await client.post("/api/senders", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["sender"]["status"] == "connected", answer.text
    return UUID(answer.json()["sender"]["id"])


async def launch_on_linkedin(
    parts: Liftoff,
    client: httpx.AsyncClient,
    workspace_id: UUID,
    senders: Sequence[UUID],
    leads: int,
    sequence: Sequence[dict[str, Any]] = SEQUENCE,
    **settings: Any,
) -> UUID:
    """A launched campaign of so many leads, named ``lead-0`` and so on, its run performed."""
    body = {"type": "linkedin", "name": new_id().hex, "sender_account_ids": [str(id_) for id_ in senders]}
    campaign_id = (await client.post("/api/campaigns", json=body)).json()["campaign"]["id"]
    path = f"/api/campaigns/{campaign_id}"
    changed = await client.patch(path, json={"sequence_nodes": list(sequence), **settings})
    assert changed.status_code == 200, changed.text
    prospects = [{"linkedin_url": f"https://www.linkedin.com/in/lead-{number}"} for number in range(leads)]
    added = await client.post(f"{path}/leads", json={"prospects": prospects})
    assert added.json()["imported"] == leads, added.text
    answer = await client.post(f"{path}/launch")
    assert answer.status_code == 200, answer.text
    await run_of(parts).perform(LaunchJob(workspace_id, UUID(campaign_id), 1, new_id()))
    return UUID(campaign_id)
