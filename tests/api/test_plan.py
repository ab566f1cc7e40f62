"""``GET /api/campaigns/{id}/plan``: a dry run of drafts, and of what launched campaigns have left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from service.campaigns import ahead, planning
from service.composition import Liftoff
from tests.api.asking import begin, paths
from tests.api.making import bring_to, log_of, make_sender
from tests.http.conftest import MovableClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = "2030-01-31T09:00:00Z"  # a Thursday
NODES = [
    {"type": "email", "subject": "Hi {{first_name|there}}", "body": "Dear {{first_name|reader}}"},
    {"type": "delay", "delay_days": 2},
    {"type": "email", "is_reply": True, "body": "Again"},
    {"type": "end"},
]


@pytest_asyncio.fixture(loop_scope="module")
async def sender_id(liftoff: Liftoff, workspace_id: UUID) -> str:
    return str(await make_sender(liftoff, workspace_id))


async def draft(
    client: httpx.AsyncClient, sender_ids: list[str], leads: int = 3, name: str = "Spring", **changes: Any
) -> str:
    """A draft, ready unless ``changes`` say otherwise; answers its address."""
    campaign = await begin(client, name, sender_account_ids=sender_ids)
    path = f"/api/campaigns/{campaign['id']}"
    changed = await client.patch(path, json={"sequence_nodes": NODES, **changes})
    assert changed.status_code == 200, changed.text
    if leads:
        await client.post(
            f"{path}/leads", json={"prospects": [{"email": f"{n}@x.example"} for n in range(leads)]}
        )
    return path


async def planned(client: httpx.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    answer = await client.get(f"{path}/plan", params=query)
    assert answer.status_code == 200, answer.text
    plan: dict[str, Any] = answer.json()["plan"]
    return plan


def brief(plan: dict[str, Any]) -> list[tuple[str, int, str, str]]:
    return [(day["day"], day["sends"], day["first_at"], day["last_at"]) for day in plan["days"]]


class TestDrafts:
    async def test_a_draft_is_planned_as_if_it_were_launched_now(
        self, client: httpx.AsyncClient, sender_id: str
    ) -> None:
        plan = await planned(client, await draft(client, [sender_id]))
        assert brief(plan) == [
            ("2030-01-31", 3, NOW, "2030-01-31T09:02:00Z"),
            ("2030-02-02", 3, "2030-02-02T09:00:00Z", "2030-02-02T09:02:00Z"),
        ]
        assert {day["sender_id"] for day in plan["days"]} == {sender_id}
        assert {day["sender_name"] for day in plan["days"]} == {"ada@example.com"}
        assert (plan["starts_at"], plan["ends_at"]) == (NOW, "2030-02-02T09:02:00Z")
        assert (plan["total_sends"], plan["leads"], plan["complete"]) == (6, 3, True)
        assert plan["blockers"] == []
        assert any("Nobody replies" in assumption for assumption in plan["assumptions"])

    async def test_a_draft_can_be_planned_for_a_later_launch(
        self, client: httpx.AsyncClient, sender_id: str
    ) -> None:
        path = await draft(client, [sender_id], leads=1)
        plan = await planned(client, path, start="2030-02-10T10:00:00+01:00")
        assert plan["starts_at"] == "2030-02-10T09:00:00Z"
        assert [day["day"] for day in plan["days"]] == ["2030-02-10", "2030-02-12"]

    async def test_limits_and_hours_stretch_a_plan(self, client: httpx.AsyncClient, sender_id: str) -> None:
        hours = {"timezone": "Europe/Berlin", "friday": {"start": "09:00", "end": "10:00"}}
        path = await draft(client, [sender_id], daily_limit=2, operating_hours=hours)
        plan = await planned(client, path)
        assert [(day, sends) for day, sends, *_ in brief(plan)] == [
            ("2030-02-01", 2),
            ("2030-02-08", 2),  # two follow-ups, equally long due as the third lead, who was added later
            ("2030-02-15", 1),
            ("2030-02-22", 1),
        ]

    async def test_leads_that_would_be_left_out_are_not_planned(
        self, client: httpx.AsyncClient, sender_id: str
    ) -> None:
        nodes = [{"type": "email", "subject": "Hi", "body": "Dear {{first_name}}"}, {"type": "end"}]
        path = await draft(client, [sender_id], sequence_nodes=nodes)
        await client.post(
            f"{path}/leads", json={"prospects": [{"email": "ada@x.example", "first_name": "Ada"}]}
        )
        plan = await planned(client, path)
        assert (plan["leads"], plan["total_sends"]) == (1, 1)

    async def test_other_campaigns_of_the_senders_take_their_share(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, sender_id: str
    ) -> None:
        path = await draft(client, [sender_id], leads=20)
        alone = await planned(client, path)
        other = await bring_to_active(client, liftoff, workspace_id, sender_id)
        await put_due(liftoff, workspace_id, other, UUID(sender_id), 28)
        beside = await planned(client, path)  # 30 a day, of which each gets half
        assert [(day["day"], day["sends"]) for day in alone["days"]] == [
            ("2030-01-31", 20),
            ("2030-02-02", 20),
        ]
        assert [day["sends"] for day in beside["days"]] == [15, 5, 15, 5]

    async def test_planning_writes_nothing(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sender_id: str
    ) -> None:
        path = await draft(client, [sender_id], skip_other_campaigns=True)
        before = await everything(liftoff)
        await planned(client, path)
        assert await everything(liftoff) == before


class TestWhatCanNotBePlanned:
    async def test_without_anybody_to_send_or_to_send_to_all_blockers_are_told(
        self, client: httpx.AsyncClient
    ) -> None:
        campaign = await begin(client)
        answer = await client.get(f"/api/campaigns/{campaign['id']}/plan")
        assert (answer.status_code, answer.json()["code"]) == (400, "no-sender-accounts")
        validated = (await client.get(f"/api/campaigns/{campaign['id']}/validate")).json()
        assert answer.json()["blockers"] == validated["errors"]

    async def test_when_everybody_would_be_left_out_there_is_nothing_to_plan(
        self, client: httpx.AsyncClient, sender_id: str
    ) -> None:
        nodes = [{"type": "email", "subject": "Hi", "body": "Dear {{first_name}}"}, {"type": "end"}]
        path = await draft(client, [sender_id], sequence_nodes=nodes)
        answer = await client.get(f"{path}/plan")
        assert (answer.status_code, answer.json()["code"]) == (400, "all-leads-skipped")

    async def test_what_else_blocks_a_launch_is_told_beside_the_plan(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
    ) -> None:
        warming = await make_sender(liftoff, workspace_id, "warm@example.com", warmup_status="warming")
        nodes = [{"type": "email", "subject": "Hi", "body": ""}, {"type": "end"}]
        path = await draft(client, [str(warming)], sequence_nodes=nodes)
        plan = await planned(client, path)
        assert [blocker["code"] for blocker in plan["blockers"]] == ["missing-content", "sender-not-active"]
        assert "warm@example.com" in plan["blockers"][1]["message"]
        assert plan["total_sends"] == 3

    @pytest.mark.parametrize(
        "start", ["2030-01-31T08:59:59Z", "2031-02-02T09:00:00Z", "9999-12-31T00:00:00Z"]
    )
    async def test_a_start_in_the_past_or_far_ahead_is_refused(
        self, client: httpx.AsyncClient, sender_id: str, start: str
    ) -> None:
        path = await draft(client, [sender_id])
        assert paths(await client.get(f"{path}/plan", params={"start": start})) == ["start"]

    async def test_only_a_draft_can_start_later(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, sender_id: str
    ) -> None:
        campaign_id = await bring_to_active(client, liftoff, workspace_id, sender_id)
        answer = await client.get(
            f"/api/campaigns/{campaign_id}/plan", params={"start": "2030-02-01T09:00:00Z"}
        )
        assert paths(answer) == ["start"]

    async def test_a_campaign_of_another_workspace_is_not_found(
        self, client: httpx.AsyncClient, foreigner: httpx.AsyncClient, sender_id: str
    ) -> None:
        path = await draft(client, [sender_id])
        assert (await foreigner.get(f"{path}/plan")).status_code == 404


class TestLaunched:
    async def test_a_launch_in_progress_is_planned_as_its_run_plans_it(
        self, client: httpx.AsyncClient, clock: MovableClock, sender_id: str
    ) -> None:
        path = await draft(client, [sender_id])
        await client.post(f"{path}/launch")
        clock.move(timedelta(seconds=30))
        plan = await planned(client, path)
        assert plan["starts_at"] == "2030-01-31T09:00:30Z"
        assert [(day["day"], day["sends"]) for day in plan["days"]] == [("2030-01-31", 3), ("2030-02-02", 3)]

    async def test_what_is_left_is_planned_with_the_limits_as_they_are_used_up(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, sender_id: str
    ) -> None:
        campaign_id = await bring_to_active(client, liftoff, workspace_id, sender_id)
        await put_due(liftoff, workspace_id, campaign_id, UUID(sender_id), 3, step=2)
        await liftoff.pool.execute("UPDATE dispatch_senders SET day = '2030-01-31', sent_today = 28")
        for status in ("active", "paused"):
            await liftoff.pool.execute("UPDATE dispatch_campaigns SET status = $1", status)
            plan = await planned(client, f"/api/campaigns/{campaign_id}")
            assert [(day["day"], day["sends"]) for day in plan["days"]] == [
                ("2030-01-31", 2),
                ("2030-02-01", 1),
            ]
            assert (plan["total_sends"], plan["leads"]) == (3, 3)

    @pytest.mark.parametrize("status", ["completed", "stopped", "archived"])
    async def test_a_campaign_that_has_ended_has_nothing_left(
        self, client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, status: Any
    ) -> None:
        campaign = await begin(client)
        await bring_to(liftoff, workspace_id, UUID(campaign["id"]), status)
        plan = await planned(client, f"/api/campaigns/{campaign['id']}")
        assert (plan["days"], plan["total_sends"], plan["ends_at"], plan["complete"]) == ([], 0, None, True)


class TestTooMuch:
    async def test_a_plan_too_long_is_cut_off_after_a_whole_day_and_says_so(
        self, client: httpx.AsyncClient, sender_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(planning, "MAX_SENDS", 4)
        path = await draft(client, [sender_id])
        plan = await planned(client, path)
        assert [(day["day"], day["sends"]) for day in plan["days"]] == [("2030-01-31", 3)]
        assert (plan["complete"], plan["ends_at"], plan["total_sends"]) == (False, None, 6)
        assert any("cut off" in assumption for assumption in plan["assumptions"])

    async def test_of_too_many_leads_those_due_first_are_planned(
        self,
        client: httpx.AsyncClient,
        liftoff: Liftoff,
        workspace_id: UUID,
        sender_id: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(ahead, "MAX_LEADS", 2)
        campaign_id = await bring_to_active(client, liftoff, workspace_id, sender_id)
        for day in (1, 2, 3):
            due_at = datetime(2030, 2, day, 12, tzinfo=UTC)
            await put_due(liftoff, workspace_id, campaign_id, UUID(sender_id), 1, step=2, due_at=due_at)
        plan = await planned(client, f"/api/campaigns/{campaign_id}")
        assert [day["day"] for day in plan["days"]] == ["2030-02-01", "2030-02-02"]
        assert (plan["complete"], plan["total_sends"], plan["leads"]) == (False, 3, 3)


async def bring_to_active(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, sender_id: str
) -> UUID:
    """A campaign that is active, with nothing due yet."""
    path = await draft(client, [sender_id], leads=0, name="Active")
    campaign_id = UUID(path.rpartition("/")[2])
    await bring_to(liftoff, workspace_id, campaign_id, "active")
    return campaign_id


async def put_due(
    liftoff: Liftoff,
    workspace_id: UUID,
    campaign_id: UUID,
    sender_id: UUID,
    count: int,
    step: int = 0,
    due_at: datetime = datetime(2030, 1, 31, 8, tzinfo=UTC),
) -> None:
    """So many leads are due for the node at position ``step``."""
    campaign = await liftoff.campaigns.load(workspace_id, campaign_id)
    await liftoff.pool.execute(
        "INSERT INTO dispatch_due (workspace_id, campaign_id, sender_id, node_id, due_at, "
        "lead_id, person_id, document_id, task) "
        "SELECT $1, $2, $3, $4, $5, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'email' "
        "FROM generate_series(1, $6)",
        workspace_id,
        campaign_id,
        sender_id,
        campaign.nodes[step].id,
        due_at,
        count,
    )


async def everything(liftoff: Liftoff) -> dict[str, object]:
    """The log, and every row that a launch or a claim would write."""
    tables = (
        "roster",
        "launch_runs",
        "dispatch_campaigns",
        "dispatch_senders",
        "dispatch_lanes",
        "dispatch_due",
    )
    rows: dict[str, object] = {
        table: [str(row) for row in await liftoff.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]
        for table in tables
    }
    return rows | {"log": await log_of(liftoff)}
