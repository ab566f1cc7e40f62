"""A workspace whose campaigns are launched over the API, and whose background runs a test performs by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import httpx
from msgspec import Struct
from msgspec.structs import replace

from domain import streams
from domain.campaign.decide import Activate, StartRun
from domain.campaign.state import Campaign
from domain.event import Event, Recorded
from domain.lead.events import ImportedLead
from domain.pacing import Gaps
from domain.schedule import Planned
from service.caller import Caller
from service.channels.outcome import Accepted
from service.composition import Liftoff
from service.engine import LaunchJob
from service.ids import new_id
from service.launch.parts import Part
from service.launch.run import LaunchRun
from service.launch.runs import Progress
from service.projector.difference import Difference
from service.projector.replay import replay_and_compare
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

Step: TypeAlias = Literal["prepared", "start", "enrol", "second part", "activate"]
Meanwhile: TypeAlias = Callable[[], Awaitable[object]]


class Leftovers(Struct, frozen=True, kw_only=True):
    """The rows that launches of a campaign have made."""

    due: int = 0
    skips: int = 0
    runs: int = 0
    jobs: int = 0


class Standing(Struct, frozen=True, kw_only=True):
    """All there is to a campaign but its history: the fold, the rows of its leads, and what the API shows of both."""

    campaign: Campaign
    leads: list[dict[str, Any]]
    shown: dict[str, Any]
    shown_leads: dict[str, Any]


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

    async def launches_normally(self, campaign_id: UUID) -> None:
        """A launch goes through, everybody is sent to once, and the campaign completes."""
        answer = await self.launch(campaign_id)
        assert answer.status_code == 200, answer.text
        assert answer.json()["prospectsToProcess"] == LEADS - SKIPPED
        await self.perform(campaign_id, (await self.load(campaign_id)).epoch)
        sent = await self.send_all()
        assert len(sent) == len(set(sent)) == LEADS - SKIPPED
        assert await self.send_all() == []
        await self.parts.housekeeping.complete_campaigns()
        assert (await self.load(campaign_id)).status == "completed"

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

    async def standing(self, campaign_id: UUID) -> Standing:
        """How the campaign stands, with the read models caught up."""
        path, untold = f"/api/campaigns/{campaign_id}", {"updated_at", "version"}
        leads = (await self.client.get(f"{path}/leads?limit=500")).json()  # waits for the read models
        detail = (await self.client.get(path)).json()
        query = "SELECT * FROM leads WHERE campaign_id = $1 ORDER BY ordinal"
        rows = await self.parts.pool.fetch(query, campaign_id)
        return Standing(
            campaign=replace(await self.load(campaign_id), version=0, updated_at=_ANY_TIME, attempts=()),
            leads=[_without(dict(row.items()), untold) for row in rows],
            shown={**detail, "campaign": _without(detail["campaign"], untold)},
            shown_leads={**leads, "prospects": [_without(lead, untold) for lead in leads["prospects"]]},
        )

    async def differences(self) -> list[Difference]:
        """Where the read models differ from the log."""
        return list((await replay_and_compare(self.parts.pool, self.parts.feed)).differences)

    @property
    def caller(self) -> Caller:
        """Somebody of the workspace."""
        return Caller(self.workspace_id, "test", new_id())


class Died(Exception):
    """The process of a run is gone."""


async def die() -> None:
    """What happens meanwhile to a run that never wakes up."""
    raise Died


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
            Gaps(),
        )
        self._before = before
        self._meanwhile = meanwhile
        self._is_awake = False

    async def _start(self, caller: Caller, campaign: Campaign, start: StartRun) -> Campaign:
        await self._reach("start")
        return await super()._start(caller, campaign, start)

    async def _enrol(self, caller: Caller, campaign: Campaign) -> int:
        await self._reach("enrol")
        return await super()._enrol(caller, campaign)

    async def _prepare(
        self, caller: Caller, campaign: Campaign, schedule: Iterator[Planned], before: Progress
    ) -> Part | None:
        part = await super()._prepare(caller, campaign, schedule, before)
        await self._reach("prepared")
        return part

    async def _enrol_part(self, caller: Caller, campaign: Campaign, part: Part) -> Progress:
        if part.before.count:
            await self._reach("second part")
        return await super()._enrol_part(caller, campaign, part)

    async def _activate(self, caller: Caller, campaign: Campaign, activate: Activate) -> None:
        await self._reach("activate")
        await super()._activate(caller, campaign, activate)

    async def _reach(self, step: Step) -> None:
        if step == self._before and not self._is_awake:
            self._is_awake = True
            await self._meanwhile()


def _without(fields: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LEFTOVERS: Final = """
    SELECT
        (SELECT count(*) FROM dispatch_due WHERE workspace_id = $1 AND campaign_id = $2) AS due,
        (SELECT count(*) FROM roster
          WHERE workspace_id = $1 AND campaign_id = $2 AND skipped IS NOT NULL) AS skips,
        (SELECT count(*) FROM launch_runs WHERE workspace_id = $1 AND campaign_id = $2) AS runs,
        (SELECT count(*) FROM pgqueuer WHERE dedupe_key LIKE 'launch:' || $2::text || ':%') AS jobs
"""
