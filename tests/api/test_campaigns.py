"""Campaigns over HTTP: begun, changed, thrown away."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest

from domain.campaign.events import EDITABLE
from domain.campaign.state import MACHINE
from service.composition import Liftoff
from tests.api.asking import CAMPAIGN_FIELDS, begin, paths
from tests.api.making import bring_to, log_of, make_sender, remove_sender

pytestmark = pytest.mark.asyncio(loop_scope="module")

LAUNCHED: Final = [status for status in MACHINE.statuses if status != "draft"]
NOBODY: Final = "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41"
VALUES: Final[dict[str, Any]] = {
    "name": "Another",
    "operating_hours": {"timezone": "UTC", "monday": {"start": "09:00", "end": "17:00"}},
    "daily_limit": 7,
    "account_limits": [],
    "skip_other_campaigns": True,
    "stop_on_reply": False,
    "open_tracking": True,
    "signature": "Yours",
    "sender_account_ids": [],
    "sequence_nodes": [{"type": "end"}],
}


# --- Beginning ---


@pytest.mark.parametrize(
    ("channel", "seed"), [("email", ["email", "end"]), ("linkedin", ["connection_request", "end"])]
)
async def test_a_campaign_begins_as_a_draft_with_a_seeded_sequence(
    client: httpx.AsyncClient, workspace_id: UUID, channel: str, seed: list[str]
) -> None:
    body = {"type": channel, "name": "  Spring ", "sender_account_ids": []}
    answer = await client.post("/api/campaigns", json=body)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    campaign = answer.json()["campaign"]
    assert campaign.keys() == CAMPAIGN_FIELDS | {"sender_accounts", "sequence_nodes"}
    assert campaign["user_id"] == str(workspace_id)
    assert (campaign["name"], campaign["status"], campaign["stats"]) == ("Spring", "draft", None)
    assert campaign["created_at"] == campaign["updated_at"] == "2030-01-31T09:00:00Z"
    assert [node["type"] for node in campaign["sequence_nodes"]] == seed
    assert [node["position"] for node in campaign["sequence_nodes"]] == [0, 1]


async def test_everything_a_campaign_is_begun_with_is_kept(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender_id = str(await make_sender(liftoff, workspace_id))
    given = {
        "daily_limit": 500,
        "stop_on_reply": False,
        "open_tracking": True,
        "skip_other_campaigns": True,
        "signature": "Ada\n--",
        "operating_hours": {"timezone": "Europe/Berlin", "monday": {"start": "09:00", "end": "17:00"}},
    }
    limits = [{"account_id": sender_id, "daily_limit": 20}]
    made = await begin(client, "Spring", **given, sender_account_ids=[sender_id], account_limits=limits)
    read = (await client.get(f"/api/campaigns/{made['id']}")).json()["campaign"]
    assert {name: read[name] for name in given if name != "operating_hours"} == {
        name: value for name, value in given.items() if name != "operating_hours"
    }
    assert read["operating_hours"]["monday"] == {"start": "09:00", "end": "17:00"}
    assert read["operating_hours"]["sunday"] is None
    expected = {
        "id": sender_id,
        "type": "email",
        "display_name": "Ada Example",
        "email_address": "ada@example.com",
        "provider_account_id": None,
        "is_premium": None,
        "status": "active",
        "daily_limit": 30,
        "campaign_daily_limit": 20,
    }
    assert read["sender_accounts"] == [expected]
    senders = await client.get(f"/api/campaigns/{made['id']}/senders")
    assert senders.json() == {"senders": [expected]}


SENSELESS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"type": "carrier-pigeon"}, "type"),
    ({"name": "  "}, "name"),
    ({"name": ""}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"name": None}, "name"),
    ({"name": "nul\0"}, "name"),
    ({"sender_account_ids": ["7"]}, "sender_account_ids[0]"),
    ({"sender_account_ids": [NOBODY]}, "sender_account_ids[0]"),
    ({"daily_limit": 0}, "daily_limit"),
    ({"daily_limit": 501}, "daily_limit"),
    ({"daily_limit": "5"}, "daily_limit"),
    ({"daily_limit": 2**53}, "daily_limit"),
    ({"signature": "x" * 10_001}, "signature"),
    ({"account_limits": [{"account_id": NOBODY, "daily_limit": 5}]}, "account_limits[0].account_id"),
    ({"account_limits": [{"account_id": NOBODY, "more": 5}]}, "account_limits[0]"),
    ({"operating_hours": {"timezone": "Mars/Olympus"}}, "operating_hours.timezone"),
    (
        {"operating_hours": {"timezone": "UTC", "monday": {"start": "17:00", "end": "09:00"}}},
        "operating_hours.monday.end",
    ),
    ({"status": "active"}, "status"),
    ({"sequence_nodes": []}, "sequence_nodes"),
]


async def test_a_campaign_that_makes_no_sense_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    before = await log_of(liftoff)
    for fields, path in SENSELESS:
        body = {"type": "email", "name": "Spring", "sender_account_ids": [], **fields}
        assert path in paths(await client.post("/api/campaigns", json=body)), fields
    assert await log_of(liftoff) == before
    names = "SELECT count(*) FROM campaign_names WHERE workspace_id = $1"
    assert await liftoff.pool.fetchval(names, workspace_id) == 0


async def test_what_a_campaign_needs_is_named(client: httpx.AsyncClient) -> None:
    assert sorted(paths(await client.post("/api/campaigns", json={}))) == [
        "name",
        "sender_account_ids",
        "type",
    ]


async def test_a_sender_of_the_other_type_removed_or_of_another_workspace_is_refused(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    linkedin = await make_sender(liftoff, workspace_id, channel="linkedin")
    removed = await make_sender(liftoff, workspace_id)
    await remove_sender(liftoff, workspace_id, removed)
    foreign = await make_sender(liftoff, uuid4())
    good = await make_sender(liftoff, workspace_id)
    ids = [str(id_) for id_ in (good, linkedin, removed, foreign, good)]
    body = {"type": "email", "name": "Spring", "sender_account_ids": ids}
    answer = await client.post("/api/campaigns", json=body)
    assert paths(answer) == [f"sender_account_ids[{index}]" for index in (1, 2, 3, 4)]
    messages = [error["message"] for error in answer.json()["errors"]]
    assert messages[1] == messages[2]


# --- Names ---


async def test_a_name_is_taken_once_in_a_workspace(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    await begin(client, "Spring")
    body = {"type": "linkedin", "name": " Spring", "sender_account_ids": []}
    answer = await client.post("/api/campaigns", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "name-taken")
    assert (await foreigner.post("/api/campaigns", json=body)).status_code == 201


async def test_of_many_campaigns_begun_at_once_with_one_name_one_is(client: httpx.AsyncClient) -> None:
    body = {"type": "email", "name": "Spring", "sender_account_ids": []}
    answers = await asyncio.gather(*(client.post("/api/campaigns", json=body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert len((await client.get("/api/campaigns")).json()["campaigns"]) == 1


async def test_a_name_is_free_again_once_its_campaign_is_renamed_or_deleted(
    client: httpx.AsyncClient,
) -> None:
    first = await begin(client, "Spring")
    assert (await client.patch(f"/api/campaigns/{first['id']}", json={"name": "Summer"})).status_code == 200
    second = await begin(client, "Spring")
    taken = await client.patch(f"/api/campaigns/{second['id']}", json={"name": "Summer"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name-taken")
    assert (await client.delete(f"/api/campaigns/{first['id']}")).status_code == 204
    renamed = await client.patch(f"/api/campaigns/{second['id']}", json={"name": "Summer"})
    assert renamed.json()["campaign"]["name"] == "Summer"


async def test_campaigns_that_swap_their_names_do_not_wait_for_each_other(client: httpx.AsyncClient) -> None:
    first, second = await begin(client, "Spring"), await begin(client, "Summer")
    for _ in range(5):
        answers = await asyncio.gather(
            client.patch(f"/api/campaigns/{first['id']}", json={"name": "Summer"}),
            client.patch(f"/api/campaigns/{second['id']}", json={"name": "Spring"}),
        )
        assert [answer.status_code for answer in answers] == [409, 409]


# --- Changing ---


async def test_each_field_of_a_draft_changes_alone_and_once(client: httpx.AsyncClient) -> None:
    before = await begin(client, daily_limit=9, signature="Ada")
    for field in CAMPAIGN_FIELDS & VALUES.keys():
        change = {field: VALUES[field]}
        answer = await client.patch(f"/api/campaigns/{before['id']}", json=change)
        after = answer.json()["campaign"]
        assert {name for name in CAMPAIGN_FIELDS if after[name] != before[name]} == {field, "version"}
        assert field == "operating_hours" or after[field] == VALUES[field]
        again = await client.patch(f"/api/campaigns/{before['id']}", json=change)
        assert again.json() == answer.json()
        assert again.headers["ETag"] == answer.headers["ETag"] == f'"{after["version"]}"'
        before = after


async def test_what_is_null_is_taken_away_and_what_is_left_out_stays(client: httpx.AsyncClient) -> None:
    hours = VALUES["operating_hours"]
    made = await begin(client, daily_limit=9, signature="Ada", operating_hours=hours)
    url = f"/api/campaigns/{made['id']}"
    changed = (await client.patch(url, json={"signature": None})).json()["campaign"]
    assert (changed["signature"], changed["daily_limit"]) == (None, 9)
    changed = (await client.patch(url, json={"daily_limit": None, "operating_hours": None})).json()
    assert changed["campaign"]["daily_limit"] is changed["campaign"]["operating_hours"] is None
    assert paths(await client.patch(url, json={"name": None})) == ["name"]


async def test_a_field_that_is_fixed_in_a_status_is_refused_by_name_and_nothing_is_applied(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    for status in LAUNCHED:
        made = await begin(client, status)
        await bring_to(liftoff, workspace_id, UUID(made["id"]), status)
        url = f"/api/campaigns/{made['id']}"
        before = (await client.get(url)).json()
        frozen = [name for name in VALUES if status not in EDITABLE[name]]
        answer = await client.patch(url, json=VALUES)
        assert (answer.status_code, answer.json()["code"]) == (400, "field-not-editable")
        assert sorted(paths(answer)) == sorted(frozen)
        assert all(f"'{name}'" in answer.json()["detail"] for name in frozen)
        assert status in answer.json()["detail"]
        assert (await client.get(url)).json() == before
        allowed = {name: value for name, value in VALUES.items() if name not in frozen}
        changed = await client.patch(url, json=allowed | ({"name": f"New {status}"} if allowed else {}))
        assert changed.status_code == 200


async def test_a_limit_goes_with_its_sender_account(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    ids = [str(await make_sender(liftoff, workspace_id, f"{who}@example.com")) for who in ("ada", "bob")]
    limits = [{"account_id": id_, "daily_limit": 20 + number} for number, id_ in enumerate(ids)]
    made = await begin(client, sender_account_ids=ids, account_limits=limits)
    url = f"/api/campaigns/{made['id']}"
    answer = await client.patch(url, json={"sender_account_ids": ids[1:]})
    [account] = answer.json()["campaign"]["sender_accounts"]
    assert (account["id"], account["campaign_daily_limit"]) == (ids[1], 21)
    twice = await client.patch(url, json={"account_limits": [limits[1], limits[1]]})
    assert paths(twice) == ["account_limits[1].account_id"]


async def test_if_match_guards_a_change(client: httpx.AsyncClient) -> None:
    made = await begin(client)
    url = f"/api/campaigns/{made['id']}"
    changed = await client.patch(url, json={"daily_limit": 5}, headers={"If-Match": '"1"'})
    assert changed.headers["ETag"] == '"2"'
    for method in ("PATCH", "DELETE"):
        stale = await client.request(method, url, json={"daily_limit": 6}, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "version-mismatch")
    assert (await client.delete(url, headers={"If-Match": '"2"'})).status_code == 204


async def test_changes_at_the_same_moment_are_all_applied(client: httpx.AsyncClient) -> None:
    made = await begin(client)
    url = f"/api/campaigns/{made['id']}"
    changes: list[dict[str, Any]] = [{"daily_limit": 5}, {"open_tracking": True}, {"signature": "Ada"}]
    answers = await asyncio.gather(*(client.patch(url, json=change) for change in changes))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    read = (await client.get(url)).json()["campaign"]
    assert (read["daily_limit"], read["open_tracking"], read["signature"]) == (5, True, "Ada")
    assert read["version"] == 4


async def test_the_log_holds_no_text(client: httpx.AsyncClient, liftoff: Liftoff) -> None:
    before = await log_of(liftoff)
    texts = ["Secret name", "Secret signature", "Secret subject", "Secret body"]
    made = await begin(client, texts[0], signature=texts[1])
    nodes = [{"type": "email", "subject": texts[2], "body": texts[3]}, {"type": "end"}]
    answer = await client.patch(f"/api/campaigns/{made['id']}", json={"sequence_nodes": nodes})
    assert answer.json()["campaign"]["sequence_nodes"][0]["body"] == texts[3]
    log = await log_of(liftoff)
    assert len(log) == len(before) + 2
    assert "Secret" not in "".join(log)


# --- Throwing away ---


async def test_a_deleted_draft_is_gone_but_for_its_history(
    client: httpx.AsyncClient, liftoff: Liftoff
) -> None:
    before = await log_of(liftoff)
    made = await begin(client)
    url = f"/api/campaigns/{made['id']}"
    assert (await client.delete(url)).status_code == 204
    assert (await client.get(url)).status_code == 404
    assert (await client.delete(url)).status_code == 404
    assert (await client.get("/api/campaigns")).json()["campaigns"] == []
    assert (await client.get(f"{url}?as_of=1")).json()["campaign"]["name"] == "Spring"
    assert (await client.get(f"{url}?as_of=2")).status_code == 404
    assert len(await log_of(liftoff)) == len(before) + 2


async def test_only_a_draft_can_be_deleted(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    for status in LAUNCHED:
        made = await begin(client, status)
        await bring_to(liftoff, workspace_id, UUID(made["id"]), status)
        answer = await client.delete(f"/api/campaigns/{made['id']}")
        assert (answer.status_code, answer.json()["code"]) == (400, "campaign-not-draft")
        assert status in answer.json()["detail"]
