"""The sequence of a draft over HTTP, node by node and as a whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.campaign.state import MACHINE
from service.composition import Liftoff
from tests.api.asking import begin, paths
from tests.api.making import bring_to, log_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

Nodes = list[dict[str, Any]]


async def draft(client: httpx.AsyncClient, *nodes: dict[str, Any], **fields: Any) -> tuple[str, Nodes]:
    """A new draft with these nodes before the end: the address of its nodes, and the nodes."""
    made = await begin(client, **fields)
    whole = {"sequence_nodes": [*nodes, {"type": "end"}]}
    answer = await client.patch(f"/api/campaigns/{made['id']}", json=whole)
    assert answer.status_code == 200, answer.text
    return f"/api/campaigns/{made['id']}/sequence/nodes", answer.json()["campaign"]["sequence_nodes"]


def mail(subject: str) -> dict[str, Any]:
    return {"type": "email", "subject": subject, "body": f"About {subject}"}


def subjects(answer: httpx.Response) -> list[str | None]:
    """The subjects of the sequence that is answered, which must be in order."""
    assert answer.is_success, answer.text
    nodes = answer.json()["sequence_nodes"]
    assert [node["position"] for node in nodes] == list(range(len(nodes)))
    assert nodes[-1]["type"] == "end"
    return [node["subject"] for node in nodes[:-1]]


async def delete(client: httpx.AsyncClient, url: str, body: object, **headers: str) -> httpx.Response:
    return await client.request("DELETE", url, json=body, headers=headers)


# --- Node by node ---


async def test_a_node_is_inserted_before_the_end_or_where_it_is_wanted(client: httpx.AsyncClient) -> None:
    url, _ = await draft(client, mail("one"))
    last = await client.post(url, json=mail("last"))
    assert last.status_code == 201
    assert subjects(last) == ["one", "last"]
    first = await client.post(url, json={**mail("first"), "position": 0})
    assert subjects(first) == ["first", "one", "last"]
    assert first.headers["ETag"] == '"4"'
    campaign = await client.get(url.removesuffix("/sequence/nodes"))
    assert campaign.json()["sequence_nodes"] == first.json()["sequence_nodes"]


async def test_a_node_shows_all_that_it_is(client: httpx.AsyncClient) -> None:
    url, _ = await draft(client)
    answer = await client.post(url, json={"type": "delay", "delay_days": 1, "delay_minutes": 30})
    node = answer.json()["sequence_nodes"][0]
    assert node.pop("id") != node.pop("campaign_id")
    assert node == {
        "position": 0,
        "type": "delay",
        "subject": None,
        "body": None,
        "is_reply": False,
        "include_message": False,
        "delay_days": 1,
        "delay_hours": 0,
        "delay_minutes": 30,
        "ai_node": False,
    }


async def test_a_node_moves_and_the_end_stays_last(client: httpx.AsyncClient) -> None:
    url, nodes = await draft(client, mail("a"), mail("b"), mail("c"))
    moved = await client.patch(url, json={"nodeId": nodes[0]["id"], "toPosition": 2})
    assert (moved.status_code, subjects(moved)) == (200, ["b", "c", "a"])
    same = await client.patch(url, json={"nodeId": nodes[0]["id"], "toPosition": 2})
    assert same.headers["ETag"] == moved.headers["ETag"]
    for body, path in (
        ({"nodeId": nodes[0]["id"], "toPosition": 3}, "toPosition"),
        ({"nodeId": nodes[3]["id"], "toPosition": 0}, "nodeId"),
        ({"nodeId": nodes[0]["id"], "toPosition": -1}, "toPosition"),
        ({"nodeId": "7", "toPosition": 0}, "nodeId"),
        ({"nodeId": nodes[0]["id"]}, "toPosition"),
    ):
        assert paths(await client.patch(url, json=body)) == [path]


async def test_a_node_is_removed_but_never_the_end(client: httpx.AsyncClient) -> None:
    url, nodes = await draft(client, mail("a"), mail("b"))
    removed = await delete(client, url, {"nodeId": nodes[0]["id"]})
    assert (removed.status_code, subjects(removed)) == (200, ["b"])
    assert paths(await delete(client, url, {"nodeId": nodes[2]["id"]})) == ["nodeId"]
    assert paths(await delete(client, url, {})) == ["nodeId"]
    assert (await client.delete(url)).status_code == 400


async def test_an_edit_changes_what_it_gives_and_leaves_the_rest(client: httpx.AsyncClient) -> None:
    url, nodes = await draft(client, mail("a"), mail("b"))
    node = f"{url}/{nodes[1]['id']}"
    answer = await client.put(node, json={"body": "Other words"})
    assert answer.json()["sequence_nodes"][1] == nodes[1] | {"body": "Other words"}
    answer = await client.put(node, json={"is_reply": True, "subject": None})
    changed = {"body": "Other words", "is_reply": True, "subject": None}
    assert answer.json()["sequence_nodes"] == [nodes[0], nodes[1] | changed, nodes[2]]
    again = await client.put(node, json=changed)
    assert again.headers["ETag"] == answer.headers["ETag"]


async def test_a_node_of_another_type_begins_anew(client: httpx.AsyncClient) -> None:
    url, nodes = await draft(client, mail("a"))
    node = f"{url}/{nodes[0]['id']}"
    assert paths(await client.put(node, json={"type": "delay"})) == ["delay_minutes"]
    answer = await client.put(node, json={"type": "delay", "delay_days": 2})
    assert subjects(answer) == [None]
    assert answer.json()["sequence_nodes"][0]["id"] == nodes[0]["id"]
    for type_ in ("end", "message"):
        assert paths(await client.put(node, json={"type": type_})) == ["type"]


async def test_a_node_that_makes_no_sense_is_refused_and_nothing_is_written(
    client: httpx.AsyncClient, liftoff: Liftoff
) -> None:
    url, nodes = await draft(client, mail("a"))
    before = await log_of(liftoff)
    for fields, path in (
        ({}, "type"),
        ({"type": "fax"}, "type"),
        ({"type": "message", "body": "x"}, "type"),
        ({"type": "end"}, "type"),
        ({"type": "email", "subject": "x" * 999}, "subject"),
        ({"type": "email", "body": "x" * 100_001}, "body"),
        ({"type": "email", "include_message": True}, "include_message"),
        ({"type": "email", "delay_days": 1}, "delay_days"),
        ({"type": "delay"}, "delay_minutes"),
        ({"type": "delay", "delay_days": 30, "delay_minutes": 1}, "delay_minutes"),
        ({"type": "delay", "delay_days": -1}, "delay_days"),
        ({"type": "delay", "delay_days": 2**53 - 1}, "delay_minutes"),
        ({"type": "delay", "delay_hours": 1.5}, "delay_hours"),
        ({"type": "delay", "delay_days": 1, "body": "x"}, "body"),
        ({"type": "delay", "delay_days": 1, "position": 2}, "position"),
        ({"type": "delay", "delay_days": 1, "color": "red"}, "color"),
    ):
        assert paths(await client.post(url, json=fields)) == [path], fields
    assert (await client.put(f"{url}/{nodes[0]['id']}", content=b"{")).json()["code"] == "malformed-json"
    assert await log_of(liftoff) == before


async def test_an_invitation_has_room_for_300_characters(client: httpx.AsyncClient) -> None:
    url, nodes = await draft(client, {"type": "connection_request"}, type="linkedin")
    node = f"{url}/{nodes[0]['id']}"
    long = await client.put(node, json={"include_message": True, "body": "x" * 301})
    assert paths(long) == ["body"]
    fits = await client.put(node, json={"include_message": True, "body": "x" * 300})
    assert fits.status_code == 200


async def test_a_sequence_holds_at_most_fifty_nodes(client: httpx.AsyncClient) -> None:
    url, _ = await draft(client, *(mail(f"{number}") for number in range(49)))
    assert paths(await client.post(url, json=mail("one more"))) == ["sequence_nodes"]


async def test_what_is_not_there_is_not_found(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    url, nodes = await draft(client, mail("a"))
    unknown = str(uuid4())
    for answer in (
        await client.patch(url, json={"nodeId": unknown, "toPosition": 0}),
        await delete(client, url, {"nodeId": unknown}),
        await client.put(f"{url}/{unknown}", json={}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "node-not-found")
    for answer in (
        await client.put(f"{url}/7", json={}),
        await foreigner.post(url, json=mail("b")),
        await foreigner.patch(url, json={"nodeId": nodes[0]["id"], "toPosition": 0}),
        await delete(foreigner, url, {"nodeId": nodes[0]["id"]}),
        await foreigner.put(f"{url}/{nodes[0]['id']}", json={"body": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_only_the_sequence_of_a_draft_changes(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    for status in MACHINE.statuses[1:]:
        url, nodes = await draft(client, mail("a"), name=status)
        await bring_to(liftoff, workspace_id, UUID(nodes[0]["campaign_id"]), status)
        for answer in (
            await client.post(url, json=mail("b")),
            await client.patch(url, json={"nodeId": nodes[0]["id"], "toPosition": 0}),
            await delete(client, url, {"nodeId": nodes[0]["id"]}),
            await client.put(f"{url}/{nodes[0]['id']}", json={"body": "x"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (400, "campaign-not-draft")
            assert status in answer.json()["detail"]


async def test_if_match_guards_the_sequence(client: httpx.AsyncClient) -> None:
    url, nodes = await draft(client, mail("a"), mail("b"))
    stale = {"If-Match": '"1"'}
    node_id = nodes[0]["id"]
    for answer in (
        await client.post(url, json=mail("b"), headers=stale),
        await client.patch(url, json={"nodeId": node_id, "toPosition": 1}, headers=stale),
        await delete(client, url, {"nodeId": node_id}, **stale),
        await client.put(f"{url}/{node_id}", json={"body": "x"}, headers=stale),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "version-mismatch")
    assert subjects(await delete(client, url, {"nodeId": node_id}, **{"If-Match": '"2"'})) == ["b"]


# --- As a whole ---


async def test_a_whole_sequence_is_taken_in_its_order_and_known_nodes_stay_themselves(
    client: httpx.AsyncClient,
) -> None:
    _, foreign = await draft(client, mail("x"), name="Another")
    url, nodes = await draft(client, mail("a"), mail("b"))
    campaign = url.removesuffix("/sequence/nodes")
    wanted = [nodes[1], {**foreign[0], "subject": "new"}, nodes[0], nodes[2]]
    answer = await client.patch(campaign, json={"sequence_nodes": wanted})
    after = answer.json()["campaign"]["sequence_nodes"]
    assert [node["subject"] for node in after] == ["b", "new", "a", None]
    assert [node["position"] for node in after] == [0, 1, 2, 3]
    assert [after[index]["id"] for index in (0, 2, 3)] == [
        node["id"] for node in (nodes[1], nodes[0], nodes[2])
    ]
    assert after[1]["id"] != foreign[0]["id"]
    assert after[1]["campaign_id"] == nodes[0]["campaign_id"]


async def test_a_whole_sequence_is_refused_with_everything_wrong_at_once(
    client: httpx.AsyncClient,
) -> None:
    url, nodes = await draft(client, mail("a"))
    campaign = url.removesuffix("/sequence/nodes")
    wrong = [{"type": "delay", "delay_days": 31}, {"type": "message"}, nodes[0], nodes[0]]
    answer = await client.patch(campaign, json={"sequence_nodes": wrong})
    assert paths(answer) == [
        "sequence_nodes",
        "sequence_nodes",
        "sequence_nodes[0].delay_minutes",
        "sequence_nodes[1].type",
    ]
    long = {"sequence_nodes": [{"type": "email", "subject": "x" * 999}, {"type": "end"}]}
    assert paths(await client.patch(campaign, json=long)) == ["sequence_nodes[0].subject"]
    assert (await client.get(campaign)).json()["sequence_nodes"] == nodes


async def test_a_text_that_does_not_change_keeps_its_document(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    url, nodes = await draft(client, mail("a"), mail("b"))
    campaign_id = UUID(nodes[0]["campaign_id"])
    before = await liftoff.campaigns.load(workspace_id, campaign_id)
    documents = await liftoff.pool.fetchval("SELECT count(*) FROM documents")
    await client.patch(url, json={"nodeId": nodes[0]["id"], "toPosition": 1})
    await client.put(f"{url}/{nodes[0]['id']}", json={"subject": "a", "is_reply": True})
    await client.patch(url.removesuffix("/sequence/nodes"), json={"sequence_nodes": nodes})
    after = await liftoff.campaigns.load(workspace_id, campaign_id)
    assert after.version > before.version
    assert after.nodes == before.nodes
    assert await liftoff.pool.fetchval("SELECT count(*) FROM documents") == documents
