"""A workspace whose campaigns are launched over the API, and whose background runs a test performs by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import httpx
from msgspec import Struct

from domain import streams
from domain.campaign.state import Campaign
from domain.event import Event, Recorded
from domain.lead.events import ImportedLead
from domain.schedule import Planned
from service.caller import Caller
from service.channels.outcome import Accepted
from service.composition import Liftoff
from service.engine import LaunchJob
from service.ids import new_id
from service.launch.run import LaunchRun
from tests.api.making import make_sender
from tests.dispatch.conftest import Worker, run_of
from tests.http.conftest import MovableClock

STALE: Final = timedelta(seconds=121)
"""Older than the stale window, and longer than a run may be silent."""
LEADS: Final = 5
SKIPPED: Final = 1
"""Of the leads of a draft, so many are left out: they lack a variable."""

_SEQUENCE: Final = [
    {"type": "email", "subject": "Hello {{first_name}}", "body": "A question"},
    {"type": "end"},
]

Step: TypeAlias = Literal["start", "enrol", "second part", "activate"]
Meanwhile: TypeAlias = Callable[[], Awaitable[object]]


class Leftovers(Struct, frozen=True, kw_only=True):
    """The rows that launches of a campaign have made."""

    due: int = 0
    skips: int = 0
    runs: int = 0
    jobs: int = 0


class Scene(Struct, frozen=True):
    """The workspace, through the parts of the service and through its API."""

    parts: Liftoff
    client: httpx.AsyncClient
    clock: MovableClock
    workspace_id: UUID

    async def draft(self) -> UUID:
        """A draft that can be launched."""
        sender_id = await make_sender(self.parts, self.workspace_id, f"{new_id().hex}@sender.example")
        body = {"type": "email", "name": new_id().hex, "sender_account_ids": [str(sender_id)]}
        campaign_id = (await self.client.post("/api/campaigns", json=body)).json()["campaign"]["id"]
        path = f"/api/campaigns/{campaign_id}"
        await self.client.patch(path, json={"sequence_nodes": _SEQUENCE})
        named = [{"email": f"l{n}@x.example", "first_name": f"L{n}"} for n in range(LEADS - SKIPPED)]
        nameless = [{"email": f"nameless{n}@x.example"} for n in range(SKIPPED)]
        await self.client.post(f"{path}/leads", json={"prospects": named + nameless})
        return UUID(campaign_id)

    async def launch(self, campaign_id: UUID) -> httpx.Response:
        """Ask for a launch."""
        return await self.client.post(f"/api/campaigns/{campaign_id}/launch")

    async def launched(self) -> UUID:
        """A campaign whose launch was accepted a moment ago; nobody has taken its run up."""
        campaign_id = await self.draft()
        answer = await self.launch(campaign_id)
        assert answer.status_code == 200, answer.text
        return campaign_id

    async def perform(self, campaign_id: UUID, epoch: int, run: LaunchRun | None = None) -> None:
        """Perform the run of a launch attempt."""
        await (run or run_of(self.parts)).perform(self.job(campaign_id, epoch))

    def job(self, campaign_id: UUID, epoch: int) -> LaunchJob:
        """What the engine has of a run."""
        return LaunchJob(self.workspace_id, campaign_id, epoch, new_id())

    async def load(self, campaign_id: UUID) -> Campaign:
        """The campaign, folded from its stream."""
        return await self.parts.campaigns.load(self.workspace_id, campaign_id)

    async def history(self, campaign_id: UUID) -> list[Recorded]:
        """What the log has of the campaign and its roster, in order."""
        names = [streams.campaign(campaign_id), streams.roster(campaign_id)]
        found = await self.parts.store.read_streams(self.workspace_id, names)
        return sorted((each for name in names for each in found[name]), key=lambda each: each.position)

    async def facts(self, campaign_id: UUID) -> list[Event]:
        """As ``history``, the events alone."""
        return [recorded.event for recorded in await self.history(campaign_id)]

    async def leftovers(self, campaign_id: UUID) -> Leftovers:
        """What the tables beside the log hold of the campaign's launches."""
        row = await self.parts.pool.fetchrow(_LEFTOVERS, self.workspace_id, campaign_id)
        assert row is not None
        return Leftovers(**dict(row.items()))

    async def send_all(self) -> list[UUID]:
        """Let a worker send whatever is due; answers to which leads it did."""
        worker = Worker(self.parts)
        claims = await worker.take()
        await worker.record(claims, Accepted(250, "OK"))
        return [claim.due.lead_id for claim in claims]

    async def suppress(self, campaign_id: UUID) -> ImportedLead:
        """The campaign's first lead wants no more mail; answers who that is."""
        [imported, *_] = [
            lead
            for event in await self.facts(campaign_id)
            for lead in getattr(event, "leads", ())
            if isinstance(lead, ImportedLead)
        ]
        async with self.parts.store.transaction() as connection:
            person = (self.workspace_id, imported.person_id)
            await self.parts.suppressions.suppress(connection, [person], "unsubscribed", "test", new_id())
        return imported

    @property
    def caller(self) -> Caller:
        """Somebody of the workspace."""
        return Caller(self.workspace_id, "test", new_id())


class InterruptedRun(LaunchRun):
    """A run whose worker is frozen before one of its steps, while the world goes on; then it wakes up."""

    def __init__(self, parts: Liftoff, before: Step, meanwhile: Meanwhile) -> None:
        super().__init__(
            parts.pool,
            parts.store,
            parts.campaigns,
            parts.senders,
            parts.runs,
            parts.rollback,
            parts.clock,
            timedelta(),
        )
        self._before = before
        self._meanwhile = meanwhile
        self._is_awake = False

    async def _start(self, caller: Caller, job: LaunchJob) -> Campaign:
        await self._reach("start")
        return await super()._start(caller, job)

    async def _enrol(self, caller: Caller, campaign: Campaign) -> int:
        await self._reach("enrol")
        return await super()._enrol(caller, campaign)

    async def _enrol_part(
        self, caller: Caller, campaign: Campaign, schedule: Iterator[Planned], passed: int
    ) -> int:
        if passed:
            await self._reach("second part")
        return await super()._enrol_part(caller, campaign, schedule, passed)

    async def _activate(self, caller: Caller, job: LaunchJob, prepared: int) -> None:
        await self._reach("activate")
        await super()._activate(caller, job, prepared)

    async def _reach(self, step: Step) -> None:
        if step == self._before and not self._is_awake:
            self._is_awake = True
            await self._meanwhile()


_LEFTOVERS: Final = """
    SELECT
        (SELECT count(*) FROM dispatch_due WHERE workspace_id = $1 AND campaign_id = $2) AS due,
        (SELECT count(*) FROM roster
          WHERE workspace_id = $1 AND campaign_id = $2 AND skipped IS NOT NULL) AS skips,
        (SELECT count(*) FROM launch_runs WHERE workspace_id = $1 AND campaign_id = $2) AS runs,
        (SELECT count(*) FROM pgqueuer WHERE dedupe_key LIKE 'launch:' || $2::text || ':%') AS jobs
"""
