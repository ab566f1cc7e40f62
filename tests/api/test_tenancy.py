"""A key of another workspace sees nothing: whatever it names is answered as if it did not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
import pytest_asyncio

from service.cli.document import api_document
from service.composition import Liftoff
from tests.api.drafting import ready_draft

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT: Final = msgspec.json.decode(api_document())
LISTS: Final = {
    "campaign.list": "campaigns",
    "sender.list": "senders",
    "suppression.list": "suppressions",
    "event.list": "events",
    "checkpoint.list": "checkpoints",
}


def operations(with_ids: bool) -> Iterator[tuple[str, str, Any]]:
    """Method, path and description of the operations whose address holds ids, or does not."""
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            ids = [each["name"] for each in described.get("parameters", []) if each.get("in") == "path"]
            if bool(ids) == with_ids and ids != ["identity"]:
                yield method, path, described


@pytest_asyncio.fixture(loop_scope="module")
async def theirs(client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID) -> Mapping[str, str]:
    """The ids of things of the first workspace, by the names of the parameters that take them."""
    url = await ready_draft(client, liftoff, workspace_id)
    detail = (await client.get(url)).json()
    launched = (await client.post(f"{url}/launch")).json()
    await client.post("/api/suppressions", json={"suppressions": [{"email": "eve@x.example"}]})
    suppressions = (await client.get("/api/suppressions")).json()["suppressions"]
    return {
        "campaign_id": detail["campaign"]["id"],
        "node_id": detail["sequence_nodes"][0]["id"],
        "lead_id": (await client.get(f"{url}/leads")).json()["prospects"][0]["id"],
        "sender_id": detail["campaign"]["sender_accounts"][0]["id"],
        "run_id": launched["runId"],
        "event_id": (await client.get(f"{url}/events")).json()["events"][0]["id"],
        "suppression_id": suppressions[0]["id"],
        "key_id": (await client.get("/api/keys")).json()["keys"][0]["id"],
    }


async def answered(
    client: httpx.AsyncClient, method: str, path: str, described: Mapping[str, Any], ids: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """The answer, without what tells one request from another."""
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    content: dict[str, Any] = described.get("requestBody", {}).get("content", {})
    media_type, body = next(iter(content.items()), ("", dict[str, Any]()))
    example = msgspec.json.encode(body["example"]) if "example" in body else b""
    query = {
        each["name"]: "1" for each in described.get("parameters", []) if each.get("name") in ("from", "to")
    }
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await client.request(method, path, content=example, headers=headers, params=query)
    problem = answer.json() if answer.content else {}
    return answer.status_code, {
        name: value for name, value in problem.items() if name not in {"instance", "request_id"}
    }


async def test_what_belongs_to_another_workspace_is_answered_as_what_does_not_exist(
    foreigner: httpx.AsyncClient, theirs: Mapping[str, str]
) -> None:
    nothing = dict.fromkeys(theirs, str(uuid4())) | {"run_id": f"run_{uuid4().hex}_1"}
    told = {}
    for method, path, described in operations(with_ids=True):
        foreign = await answered(foreigner, method, path, described, theirs)
        assert foreign == await answered(foreigner, method, path, described, nothing)
        told[described["operationId"]] = (foreign[0], foreign[1].get("code"))
    assert told == dict.fromkeys(told, (404, "not-found"))
    assert len(told) > 30


async def test_lists_hold_nothing_of_another_workspace(
    foreigner: httpx.AsyncClient, theirs: Mapping[str, str]
) -> None:
    for method, path, described in operations(with_ids=False):
        if (name := LISTS.get(described["operationId"])) is not None:
            assert (await foreigner.request(method, path)).json()[name] == []
        elif method == "get":
            text = (await foreigner.get(path)).text
            assert not [value for value in theirs.values() if value in text]


async def test_ids_of_another_workspace_in_a_body_are_answered_as_those_of_nothing(
    foreigner: httpx.AsyncClient, theirs: Mapping[str, str]
) -> None:
    body = {"type": "email", "name": "Own", "sender_account_ids": []}
    own = (await foreigner.post("/api/campaigns", json=body)).json()["campaign"]
    url = f"/api/campaigns/{own['id']}"

    async def answers(sender: str, lead: str, node: str) -> list[tuple[int, Any]]:
        told = [
            await foreigner.post("/api/campaigns", json={**body, "sender_account_ids": [sender]}),
            await foreigner.patch(url, json={"sender_account_ids": [sender]}),
            await foreigner.patch(f"{url}/leads", json={"prospect_id": lead, "updates": {"company": "X"}}),
            await foreigner.request("DELETE", f"{url}/leads", json={"prospect_ids": [lead]}),
            await foreigner.get(f"{url}/leads/{lead}/history"),
            await foreigner.get(f"{url}/generate-messages", params={"prospect_id": lead}),
            await foreigner.patch(
                f"{url}/generate-messages", json={"prospect_id": lead, "node_id": node, "body": "X"}
            ),
            await foreigner.put(f"{url}/sequence/nodes/{node}", json={"body": "X"}),
            await foreigner.patch(f"{url}/sequence/nodes", json={"nodeId": node, "toPosition": 0}),
            await foreigner.request("DELETE", f"{url}/sequence/nodes", json={"nodeId": node}),
        ]
        return [(answer.status_code, _without(answer, sender, lead, node)) for answer in told]

    nothing = await answers(str(uuid4()), str(uuid4()), str(uuid4()))
    foreign = await answers(theirs["sender_id"], theirs["lead_id"], theirs["node_id"])
    for one, other in zip(foreign, nothing, strict=True):
        assert one == other


def _without(answer: httpx.Response, *ids: str) -> dict[str, Any]:
    """The answer without what was asked for, and without what tells one request from another."""
    text = answer.text
    for each in ids:
        text = text.replace(each, "…")
    return {**msgspec.json.decode(text), "request_id": None}
