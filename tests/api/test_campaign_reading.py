"""Campaigns as clients read them: one, a list, and as they were."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, get_args
from uuid import UUID, uuid4

import httpx
import pytest
from openapi_spec_validator import validate

from domain.campaign.events import Status
from domain.campaign.state import MACHINE
from service.access import Scope
from service.composition import Liftoff
from service.http.app import Application
from service.http.links import LINKS
from tests.api.asking import CAMPAIGN_FIELDS, begin, paths
from tests.api.fresh import client_of
from tests.api.making import add_leads, bring_to, log_of, make_sender, remove_sender
from tests.http.conftest import MovableClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATS: Final = {
    *("total", "sent", "replied", "bounced", "completed", "timed_out", "connection_sent", "connected"),
    *("message_sent", "contacted", "unsubscribed", "failed", "outcome_unknown"),
}
EVERY_OPERATION: Final = [
    *(("GET", address) for address in ("", "/senders", "/validate", "?as_of=1", "/diff?from=1&to=1")),
    *(("POST", f"/{verb}") for verb in ("pause", "resume", "stop", "archive")),
    *(("PATCH", ""), ("DELETE", "")),
]


# --- Reading ---


async def test_a_client_sees_what_it_has_just_written(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    await add_leads(liftoff, workspace_id, UUID(made["id"]), 3)
    answer = await client.get(f"/api/campaigns/{made['id']}")
    assert answer.headers["ETag"] == '"2"'
    assert answer.json().keys() == {
        "campaign",
        "sequence_nodes",
        "prospects_by_status",
        "prospects_by_node",
        "sends_by_node",
    }
    assert answer.json()["prospects_by_status"] == {"pending": 3}
    assert answer.json()["prospects_by_node"] == {"__none__": 3}
    assert answer.json()["sends_by_node"] == {}
    await client.patch(f"/api/campaigns/{made['id']}", json={"name": "Summer"})
    [listed] = (await client.get("/api/campaigns")).json()["campaigns"]
    assert listed["name"] == "Summer"
    assert listed.keys() == CAMPAIGN_FIELDS | {"sender_accounts", "node_count"}
    assert listed["node_count"] == 2


async def test_stats_appear_with_the_launch(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    made = await begin(client)
    campaign_id = UUID(made["id"])
    await add_leads(liftoff, workspace_id, campaign_id, 3)
    await bring_to(liftoff, workspace_id, campaign_id, "launching", total=3)
    answer = (await client.get(f"/api/campaigns/{campaign_id}")).json()
    stats = answer["campaign"]["stats"]
    assert stats.keys() == STATS
    assert (stats["total"], sum(stats.values())) == (3, 3)
    assert sum(answer["prospects_by_status"].values()) == stats["total"]
    assert answer["campaign"]["launched_at"] == "2030-01-31T09:00:00Z"
    [listed] = (await client.get("/api/campaigns")).json()["campaigns"]
    assert listed["stats"] == stats


async def test_a_campaign_of_another_workspace_does_not_exist(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient, liftoff: Liftoff
) -> None:
    made = await begin(client)
    before = await log_of(liftoff)
    differing = {"instance", "request_id"}
    for method, address in EVERY_OPERATION:
        body: dict[str, str] | None = None if method == "GET" else {}
        foreign, unknown = [
            await foreigner.request(method, f"/api/campaigns/{id_}{address}", json=body)
            for id_ in (made["id"], uuid4())
        ]
        assert foreign.status_code == unknown.status_code == 404, address
        assert {k: v for k, v in foreign.json().items() if k not in differing} == {
            k: v for k, v in unknown.json().items() if k not in differing
        }
    assert await log_of(liftoff) == before


async def test_what_is_no_id_does_not_exist(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/campaigns/7")).status_code == 404
    assert (await client.patch("/api/campaigns/7", json={})).status_code == 404


async def test_active_and_paused_campaigns_come_first_then_drafts_then_the_rest(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, foreigner: httpx.AsyncClient
) -> None:
    order: list[Status] = ["archived", "draft", "active", "launching", "completed", "paused", "stopped"]
    for status in order:
        made = await begin(client, status)
        await bring_to(liftoff, workspace_id, UUID(made["id"]), status)
    await begin(foreigner)
    listed = (await client.get("/api/campaigns")).json()
    shown = [campaign["status"] for campaign in listed["campaigns"]]
    assert shown == ["paused", "active", "draft", "stopped", "completed", "launching", "archived"]
    assert listed["next_cursor"] is None
    for status in order:
        only = (await client.get(f"/api/campaigns?status={status}")).json()["campaigns"]
        assert [campaign["name"] for campaign in only] == [status]


@pytest.mark.parametrize("query", ["", "&status=draft"])
async def test_the_list_is_paged_by_cursor(client: httpx.AsyncClient, query: str) -> None:
    newest_first = [(await begin(client, f"Campaign {number}"))["id"] for number in range(5)][::-1]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        after = f"&cursor={cursor}" if cursor else ""
        page = (await client.get(f"/api/campaigns?limit=2{query}{after}")).json()
        seen += [campaign["id"] for campaign in page["campaigns"]]
        cursor = page["next_cursor"]
    assert seen == newest_first


async def test_a_cursor_belongs_to_its_list(client: httpx.AsyncClient, foreigner: httpx.AsyncClient) -> None:
    for name in ("Spring", "Summer"):
        await begin(client, name)
    cursor = (await client.get("/api/campaigns?limit=1")).json()["next_cursor"]
    for who, query in ((client, "status=draft"), (foreigner, "limit=1"), (client, "cursor=x")):
        answer = await who.get(f"/api/campaigns?cursor={cursor}&{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


async def test_a_list_that_makes_no_sense_is_refused(client: httpx.AsyncClient) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "status=flying"):
        answer = await client.get(f"/api/campaigns?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")


# --- As of ---


async def test_a_campaign_can_be_read_as_it_was(
    client: httpx.AsyncClient, clock: MovableClock, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    versions = [await begin(client, "Version 1", sender_account_ids=[str(sender_id)])]
    url = f"/api/campaigns/{versions[0]['id']}"
    for number in (2, 3):
        clock.move(timedelta(hours=1))
        answer = await client.patch(url, json={"name": f"Version {number}"})
        versions.append(answer.json()["campaign"])
    clock.move(timedelta(hours=1))
    await remove_sender(liftoff, workspace_id, sender_id)
    for version in versions:
        nodes, stats = version.pop("sequence_nodes"), version.pop("stats")
        by_number = await client.get(f"{url}?as_of={version['version']}")
        assert by_number.json() == {
            "campaign": {**version, "stats": stats},
            "sequence_nodes": nodes,
            "prospects_by_status": {},
            "prospects_by_node": {},
            "sends_by_node": {},
        }
        assert stats is None
        accounts = await client.get(f"{url}/senders?as_of={version['version']}")
        assert accounts.json() == {"senders": version["sender_accounts"]}
        by_time = await client.get(url, params={"as_of": version["updated_at"]})
        assert by_time.json() == by_number.json()
        assert by_time.headers["ETag"] == f'"{version["version"]}"'
    assert (await client.get(f"{url}?as_of=2030-01-31T11:59:59%2B01:00")).json()["campaign"]["version"] == 2
    assert (await client.get(url)).json()["campaign"]["sender_accounts"] == []


async def test_a_campaign_is_not_there_before_its_beginning_nor_at_versions_to_come(
    client: httpx.AsyncClient,
) -> None:
    made = await begin(client)
    for moment in ("0", "2", "999999999999999", "2030-01-31T08:59:59Z"):
        assert (await client.get(f"/api/campaigns/{made['id']}?as_of={moment}")).status_code == 404


async def test_what_is_no_moment_is_refused(client: httpx.AsyncClient) -> None:
    made = await begin(client)
    for moment in ("", "yesterday", "-1", "2030-01-31T09:00:00", "9" * 20):
        for address in ("", "/leads", "/senders"):
            answer = await client.get(f"/api/campaigns/{made['id']}{address}?as_of={moment}")
            assert paths(answer) == ["as_of"]


# --- Access and description ---


async def test_each_operation_needs_its_scope(app: Application, liftoff: Liftoff, workspace_id: UUID) -> None:
    async with (
        await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_WRITE) as writer,
        await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_READ) as reader,
    ):
        made = await begin(writer)
        url = f"/api/campaigns/{made['id']}"
        for refused in (
            await writer.get(url),
            await reader.patch(url, json={}),
            await reader.post(f"{url}/sequence/nodes", json={"type": "delay", "delay_days": 1}),
            await writer.post(f"{url}/pause"),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "missing-scope")


async def test_the_description_of_the_api_is_sound_and_tells_the_statuses_of_the_machine(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    validate(document)
    schemas = document["components"]["schemas"]
    assert schemas["CampaignDetail"]["properties"]["campaign"] == {
        "$ref": "#/components/schemas/CampaignView"
    }
    assert set(schemas["CampaignView"]["properties"]["status"]["enum"]) == set(MACHINE.statuses)
    assert set(get_args(Status)) == set(MACHINE.statuses)
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert len(operations) == sum(len(path) for path in document["paths"].values())
    assert LINKS.keys() <= operations.keys()
    for operation in operations.values():
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                taken = operations[link["operationId"]]["parameters"]
                assert link["parameters"].keys() == {
                    each["name"] for each in taken if each.get("in") == "path"
                }
