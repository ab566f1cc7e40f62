"""A plan beside what then happens: the real claims on a clock that is moved, through a change of the clocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import httpx
import msgspec
import pytest

from domain.pacing import Gaps
from domain.schedule import WEEK, OperatingHours, is_open, sending_day
from service.channels.outcome import Accepted
from service.composition import Liftoff, assembled
from service.dispatch.claims import Claim
from service.engine import LaunchJob
from service.ids import new_id
from service.serving import projecting
from service.settings import Settings
from tests.api.making import make_sender
from tests.dispatch.conftest import Worker, run_of
from tests.http.conftest import MASTER_KEY, MovableClock

GAP: Final = timedelta(minutes=20)
ACCEPTED: Final = Accepted(250, "OK")
BERLIN: Final = {
    "timezone": "Europe/Berlin",
    **{day: {"start": "09:00", "end": "17:00"} for day in WEEK},
}
# At night, so that the two compete: from 31 March on, or until 9 March, they open at the same moment.
NEW_YORK: Final = {
    "timezone": "America/New_York",
    **{day: {"start": "03:00", "end": "11:00"} for day in WEEK if day != "saturday"},
}
FOLLOWED_UP: Final = [
    {"type": "email", "subject": "Hello", "body": "Hello"},
    {"type": "delay", "delay_days": 1},
    {"type": "email", "is_reply": True, "body": "Again"},
    {"type": "end"},
]
TWICE_FOLLOWED_UP: Final = [
    *FOLLOWED_UP[:-1],
    {"type": "delay", "delay_hours": 20},
    {"type": "email", "is_reply": True, "body": "And again"},
    {"type": "end"},
]


class Sent(NamedTuple):
    """One send that was accepted."""

    at: datetime
    campaign_id: UUID
    sender_id: UUID
    lead_id: UUID
    node_id: UUID


@pytest.fixture
async def liftoff(database: str, clock: MovableClock) -> AsyncIterator[Liftoff]:
    """The parts of the service, with the gap of these tests."""
    settings = Settings(send_gap_seconds=GAP.total_seconds(), send_jitter=0)
    async with assembled(settings, database, MASTER_KEY, clock) as parts, projecting(parts):
        yield parts


class Stage:
    """Drafts campaigns over the API, launches them, and lets time pass while a worker sends."""

    def __init__(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock
    ) -> None:
        self.sent: list[Sent] = []
        self._client = client
        self._liftoff = liftoff
        self._workspace_id = workspace_id
        self._clock = clock
        self._worker = Worker(liftoff, GAP)

    async def sender(self, daily_limit: int) -> UUID:
        sender_id = await make_sender(self._liftoff, self._workspace_id, f"{new_id().hex}@sender.example")
        await self._client.patch(f"/api/senders/{sender_id}", json={"daily_limit": daily_limit})
        return sender_id

    async def draft(self, leads: int, sender_ids: Sequence[UUID], **settings: Any) -> UUID:
        body = {"type": "email", "name": new_id().hex, "sender_account_ids": [str(id_) for id_ in sender_ids]}
        campaign_id = (await self._client.post("/api/campaigns", json=body)).json()["campaign"]["id"]
        path = f"/api/campaigns/{campaign_id}"
        changed = await self._client.patch(path, json=settings)
        assert changed.status_code == 200, changed.text
        prospects = [{"email": f"lead{number}-{campaign_id}@x.example"} for number in range(leads)]
        await self._client.post(f"{path}/leads", json={"prospects": prospects})
        return UUID(campaign_id)

    async def launch(self, campaign_id: UUID) -> None:
        answer = await self._client.post(f"/api/campaigns/{campaign_id}/launch")
        assert answer.status_code == 200, answer.text
        run = run_of(self._liftoff, Gaps(email=GAP))
        await run.perform(LaunchJob(self._workspace_id, campaign_id, 1, new_id()))

    async def plan(self, campaign_id: UUID) -> dict[str, Any]:
        answer = await self._client.get(f"/api/campaigns/{campaign_id}/plan")
        assert answer.status_code == 200, answer.text
        plan: dict[str, Any] = answer.json()["plan"]
        return plan

    async def pass_time(self, until: datetime, hours: Sequence[OperatingHours]) -> None:
        """Send what may be sent, gap by gap; nothing can happen while all campaigns are closed."""
        generation = await self._worker.begin()
        while (now := self._clock.now()) < until:
            if any(is_open(one, now) for one in hours):
                claims = await self._worker.claim(generation)
                assert claims is not None
                if claims:
                    await self._worker.record(claims, ACCEPTED)
                    self.sent += [_sent(now, claim) for claim in claims]
            self._clock.move(GAP)


def _sent(now: datetime, claim: Claim) -> Sent:
    due = claim.due
    return Sent(now, due.campaign_id, due.sender_id, due.lead_id, due.node_id)


def happened(sent: Sequence[Sent], campaign_id: UUID, since: datetime) -> list[dict[str, Any]]:
    """What was sent for the campaign, as a plan tells it."""
    moments: dict[tuple[str, str], list[datetime]] = {}
    for one in sent:
        if one.campaign_id == campaign_id and one.at >= since:
            moments.setdefault((str(sending_day(one.at)), str(one.sender_id)), []).append(one.at)
    return [
        {
            "day": day,
            "sender_id": sender_id,
            "sends": len(times),
            "first_at": _shown(min(times)),
            "last_at": _shown(max(times)),
        }
        for (day, sender_id), times in sorted(moments.items())
    ]


def planned(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in day.items() if name != "sender_name"} for day in plan["days"]]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "begins",
    [
        datetime(2030, 3, 28, 10, tzinfo=UTC),  # Berlin's clocks change on Sunday, 31 March
        datetime(2030, 3, 7, 10, tzinfo=UTC),  # New York's on Sunday, 10 March
    ],
)
async def test_what_happens_is_what_was_planned(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    clock: MovableClock,
    begins: datetime,
) -> None:
    clock.move(begins - clock.now())
    stage = Stage(client, liftoff, workspace_id, clock)
    first, shared, last = [await stage.sender(limit) for limit in (8, 12, 8)]
    both = msgspec.convert([BERLIN, NEW_YORK], list[OperatingHours])
    in_new_york = await stage.draft(
        40,
        [shared, last],
        operating_hours=NEW_YORK,
        sequence_nodes=TWICE_FOLLOWED_UP,
        daily_limit=14,
        account_limits=[{"account_id": str(shared), "daily_limit": 5}],
    )
    await stage.launch(in_new_york)
    await stage.pass_time(begins + timedelta(days=1), both)

    in_berlin = await stage.draft(
        55, [first, shared], operating_hours=BERLIN, sequence_nodes=FOLLOWED_UP, daily_limit=15
    )
    launched_at = clock.now()
    plan = await stage.plan(in_berlin)
    await stage.launch(in_berlin)
    plan_of_the_rest = await stage.plan(in_new_york)
    await stage.pass_time(_moment(max(plan["ends_at"], plan_of_the_rest["ends_at"])) + GAP, both)

    assert happened(stage.sent, in_berlin, launched_at) == planned(plan)
    assert happened(stage.sent, in_new_york, launched_at) == planned(plan_of_the_rest)
    assert (plan["total_sends"], plan["leads"]) == (110, 55)
    each_step_once = {(one.lead_id, one.node_id) for one in stage.sent}
    assert len(each_step_once) == len(stage.sent) == 55 * 2 + 40 * 3
    assert len({day["day"] for day in plan["days"]}) > 7
