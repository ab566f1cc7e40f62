"""A launch set for later: checked at once, frozen until then, launched once, or told why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from domain.sender import decide as senders
from domain.sender import events as sender_events
from service.access import Scope
from service.composition import Liftoff
from service.http.app import Application
from service.launch.schedule import DueLaunch
from tests.api.asking import paths
from tests.api.drafting import MAIL, ready_draft, types_of
from tests.api.fresh import app, client, client_of, clock, foreigner, liftoff, workspace_id
from tests.api.making import caller, log_of
from tests.http.conftest import MovableClock

__all__ = ["app", "client", "clock", "foreigner", "liftoff", "workspace_id"]

LATER: Final = "2030-01-31T17:00:00Z"  # the clock stands at 9:00
HOURS: Final = timedelta(hours=8)


@pytest.fixture
async def url(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID) -> str:
    return await ready_draft(client, liftoff, workspace_id)


async def schedule(client: httpx.AsyncClient, url: str, launch_at: str = LATER) -> httpx.Response:
    return await client.post(f"{url}/launch", json={"launch_at": launch_at})


async def campaign(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(url)).json()["campaign"]
    return found


async def break_sender(liftoff: Liftoff, workspace_id: UUID, sender_id: UUID) -> None:
    """The account is no longer ready to send."""
    change = senders.Change(sender_events.SenderChange(warmup_status="warming"))
    await liftoff.senders.execute(
        caller(workspace_id), sender_id, lambda sender: senders.decide(sender, change)
    )


@asynccontextmanager
async def stopped_read_model(liftoff: Liftoff, client: httpx.AsyncClient) -> AsyncIterator[None]:
    """The list of suppressed people is not kept up with the log, and lacks somebody."""
    await liftoff.pool.execute(
        "UPDATE projections SET status = 'failed', failed_position = 0, error = 'Error' "
        "WHERE name = 'suppressions'"
    )
    await client.post("/api/suppressions", json={"suppressions": [{"email": "eve@x.example"}]})
    yield
    await liftoff.pool.execute(
        "UPDATE projections SET status = 'running', failed_position = NULL, error = NULL "
        "WHERE name = 'suppressions'"
    )


async def last_event(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{url}/events")).json()["events"][-1]
    return found


class TestScheduling:
    async def test_a_ready_draft_waits_and_says_until_when(self, client: httpx.AsyncClient, url: str) -> None:
        answer = await schedule(client, url, "2030-01-31T18:00:00+01:00")
        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "message": "Campaign launch scheduled",
            "launchAt": LATER,
        }
        read = await campaign(client, url)
        assert (read["status"], read["launch_at"], read["stats"]) == ("draft", LATER, None)
        [listed] = (await client.get("/api/campaigns")).json()["campaigns"]
        assert listed["launch_at"] == LATER

    async def test_a_draft_that_is_not_ready_is_refused_with_all_blockers(
        self, client: httpx.AsyncClient
    ) -> None:
        body = {"type": "email", "name": "Bare", "sender_account_ids": []}
        made = (await client.post("/api/campaigns", json=body)).json()["campaign"]
        answer = await schedule(client, f"/api/campaigns/{made['id']}")
        assert (answer.status_code, answer.json()["code"]) == (400, "no-sender-accounts")
        assert [blocker["code"] for blocker in answer.json()["blockers"]] == [
            "no-sender-accounts",
            "no-pending-leads",
            "missing-content",
        ]
        assert (await campaign(client, f"/api/campaigns/{made['id']}"))["version"] == made["version"]

    @pytest.mark.parametrize(
        "launch_at",
        ["2030-01-31T08:59:59Z", "2031-01-31T09:00:01Z", "9999-12-31T23:59:59-12:00", "tomorrow", 7],
    )
    async def test_a_time_that_can_not_be_is_refused(
        self, client: httpx.AsyncClient, liftoff: Liftoff, url: str, launch_at: object
    ) -> None:
        before = await log_of(liftoff)
        assert paths(await client.post(f"{url}/launch", json={"launch_at": launch_at})) == ["launch_at"]
        assert await log_of(liftoff) == before

    async def test_another_time_replaces_the_first(
        self, client: httpx.AsyncClient, liftoff: Liftoff, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        await schedule(client, url, "2030-02-01T17:00:00Z")
        clock.move(HOURS)
        await liftoff.scheduling.launch_due()
        assert (await campaign(client, url))["status"] == "draft"
        clock.move(timedelta(days=1))
        await liftoff.scheduling.launch_due()
        assert (await campaign(client, url))["status"] == "launching"

    async def test_what_was_reviewed_is_what_is_scheduled(
        self, client: httpx.AsyncClient, liftoff: Liftoff, url: str
    ) -> None:
        reviewed = (await client.get(url)).headers["ETag"]
        await client.patch(url, json={"daily_limit": 7})
        before = await log_of(liftoff)
        headers = {"If-Match": reviewed}
        for body in ({"launch_at": LATER}, {}):
            answer = await client.post(f"{url}/launch", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (412, "version-mismatch")
        assert await log_of(liftoff) == before

    async def test_only_who_may_launch_may_schedule_and_cancel(
        self, app: Application, liftoff: Liftoff, workspace_id: UUID, url: str
    ) -> None:
        async with await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_WRITE) as writer:
            assert (await schedule(writer, url)).status_code == 403
            assert (await writer.delete(f"{url}/launch")).status_code == 403


class TestAtOnce:
    @pytest.mark.parametrize(
        "request_",
        [
            {},
            {"json": {}},
            {"json": {"launch_at": None}},
            {"headers": {"Content-Type": "application/json"}},
            {"content": b"{}"},
        ],
        ids=["nothing", "{}", "null", "no body", "no type"],
    )
    async def test_without_a_time_it_is_launched_now(
        self, client: httpx.AsyncClient, url: str, request_: dict[str, Any]
    ) -> None:
        answer = await client.post(f"{url}/launch", **request_)
        assert (answer.status_code, answer.json()["message"]) == (200, "Campaign launch started")

    async def test_a_draft_that_waits_can_be_launched_now(
        self, client: httpx.AsyncClient, liftoff: Liftoff, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        assert (await client.post(f"{url}/launch")).json()["runId"].endswith("_1")
        assert (await campaign(client, url))["launch_at"] is None
        clock.move(HOURS)
        await liftoff.scheduling.launch_due()
        assert (await types_of(client, url)).count("campaign-launch-accepted") == 1


class TestFrozen:
    async def test_every_write_is_refused_and_names_the_time(
        self, client: httpx.AsyncClient, liftoff: Liftoff, url: str
    ) -> None:
        detail = (await client.get(url)).json()
        node_id = detail["sequence_nodes"][0]["id"]
        lead_id = (await client.get(f"{url}/leads")).json()["prospects"][0]["id"]
        await schedule(client, url)
        before = await log_of(liftoff)
        nodes, leads = f"{url}/sequence/nodes", f"{url}/leads"
        csv = {"Content-Type": "text/csv"}
        writes = [
            await client.patch(url, json={"name": "Other"}),
            await client.patch(url, json={"sequence_nodes": MAIL}),
            await client.delete(url),
            await client.post(f"{url}/archive"),
            await client.post(nodes, json={"type": "email"}),
            await client.patch(nodes, json={"nodeId": node_id, "toPosition": 0}),
            await client.request("DELETE", nodes, json={"nodeId": node_id}),
            await client.put(f"{nodes}/{node_id}", json={"subject": "Other"}),
            await client.post(leads, json={"prospects": [{"email": "c@x.example"}]}),
            await client.post(f"{leads}/import", content=b"email\nc@x.example\n", headers=csv),
            await client.patch(leads, json={"prospect_id": lead_id, "updates": {"company": "N"}}),
            await client.request("DELETE", leads, json={"prospect_ids": [lead_id]}),
            await client.request("DELETE", leads, json={"all": True}),
        ]
        for answer in writes:
            told = (answer.status_code, answer.json()["code"], answer.json().get("launch_at"))
            assert told == (409, "launch-scheduled", LATER), answer.request.url
            assert LATER in answer.json()["detail"]
        assert await log_of(liftoff) == before

    async def test_cancelling_sets_it_free(
        self, client: httpx.AsyncClient, liftoff: Liftoff, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        answer = await client.delete(f"{url}/launch")
        assert answer.status_code == 200
        assert answer.json()["campaign"]["launch_at"] is None
        assert answer.headers["ETag"] == f'"{answer.json()["campaign"]["version"]}"'
        assert (await client.patch(url, json={"daily_limit": 7})).status_code == 200
        clock.move(HOURS)
        await liftoff.scheduling.launch_due()
        assert (await campaign(client, url))["status"] == "draft"

    async def test_there_must_be_something_to_cancel(self, client: httpx.AsyncClient, url: str) -> None:
        answer = await client.delete(f"{url}/launch")
        assert (answer.status_code, answer.json()["code"]) == (409, "no-scheduled-launch")


class TestDue:
    async def test_it_is_launched_when_its_time_has_come_and_not_before(
        self, client: httpx.AsyncClient, liftoff: Liftoff, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        clock.move(HOURS - timedelta(seconds=1))
        await liftoff.housekeeping.round()
        assert (await campaign(client, url))["status"] == "draft"
        clock.move(timedelta(seconds=1))
        await liftoff.housekeeping.round()
        read = await campaign(client, url)
        assert (read["status"], read["launch_at"], read["launched_at"]) == ("launching", None, LATER)
        assert (await last_event(client, url))["actor"] == "scheduler"
        assert await liftoff.pool.fetchval("SELECT count(*) FROM scheduled_launches") == 0

    async def test_many_workers_that_find_it_at_once_launch_it_once(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        clock.move(HOURS)
        due = DueLaunch(workspace_id, UUID(url[-36:]), clock.now(), clock.now())
        await asyncio.gather(*(liftoff.scheduling.attempt(due) for _ in range(4)))
        await asyncio.gather(*(liftoff.housekeeping.round() for _ in range(2)))
        types = await types_of(client, url)
        assert types.count("campaign-launch-accepted") == 1
        assert "campaign-scheduled-launch-failed" not in types
        assert await liftoff.pool.fetchval("SELECT count(*) FROM launch_runs") == 1

    async def test_a_worker_that_found_it_before_it_was_cancelled_leaves_it_alone(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        clock.move(HOURS)
        due = DueLaunch(workspace_id, UUID(url[-36:]), clock.now(), clock.now())
        await client.delete(f"{url}/launch")
        await liftoff.scheduling.attempt(due)
        assert (await types_of(client, url))[-1] == "campaign-launch-unscheduled"

    async def test_a_refused_one_is_told_with_what_was_in_the_way_and_the_draft_is_free(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        sender_id = UUID((await campaign(client, url))["sender_accounts"][0]["id"])
        await break_sender(liftoff, workspace_id, sender_id)
        clock.move(HOURS)
        await liftoff.scheduling.launch_due()
        told = await last_event(client, url)
        assert (told["type"], told["actor"]) == ("campaign-scheduled-launch-failed", "scheduler")
        assert told["data"] == {
            "launch_at": LATER,
            "code": "sender-not-active",
            "obstacles": [{"code": "sender-not-active", "sender_id": str(sender_id)}],
        }
        assert (await campaign(client, url))["launch_at"] is None
        assert (await client.patch(url, json={"daily_limit": 7})).status_code == 200
        assert await liftoff.pool.fetchval("SELECT count(*) FROM scheduled_launches") == 0

    async def test_one_that_would_leave_everybody_out_says_so_by_reason(
        self, client: httpx.AsyncClient, liftoff: Liftoff, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        entries = [{"email": "ada@x.example"}, {"email": "bob@x.example"}]
        await client.post("/api/suppressions", json={"suppressions": entries})
        clock.move(HOURS)
        await liftoff.scheduling.launch_due()
        data = (await last_event(client, url))["data"]
        assert data["obstacles"] == [{"code": "all-leads-skipped", "reasons": {"suppressed": 2}}]


class TestOutOfReach:
    async def test_it_is_tried_again_for_a_quarter_of_an_hour(
        self, client: httpx.AsyncClient, liftoff: Liftoff, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        clock.move(HOURS)
        async with stopped_read_model(liftoff, client):
            for _ in range(29):
                await liftoff.scheduling.launch_due()
                clock.move(timedelta(seconds=30))
            assert (await campaign(client, url))["launch_at"] == LATER
            clock.move(timedelta(seconds=30))
            await liftoff.scheduling.launch_due()
        data = (await last_event(client, url))["data"]
        assert data["code"] == "service-unavailable"
        assert (await campaign(client, url))["launch_at"] is None

    async def test_it_is_launched_once_what_it_asks_answers_again(
        self, client: httpx.AsyncClient, liftoff: Liftoff, clock: MovableClock, url: str
    ) -> None:
        await schedule(client, url)
        clock.move(HOURS)
        async with stopped_read_model(liftoff, client):
            await liftoff.scheduling.launch_due()
        clock.move(timedelta(seconds=29))
        await liftoff.scheduling.launch_due()
        assert (await campaign(client, url))["status"] == "draft"
        clock.move(timedelta(seconds=1))
        await liftoff.scheduling.launch_due()
        assert (await campaign(client, url))["status"] == "launching"
