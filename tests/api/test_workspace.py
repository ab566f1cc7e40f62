"""``/api/workspace``: the postal address, which the log never holds, and the launch that it may forbid."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from service.composition import Liftoff
from tests.api.asking import begin

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDRESS = "Quieter Weeks Ltd\n1 Mill Lane\nBath"


async def put(client: httpx.AsyncClient, **settings: Any) -> dict[str, Any]:
    answer = await client.put("/api/workspace", json=settings)
    assert answer.status_code == 200, answer.text
    workspace: dict[str, Any] = answer.json()["workspace"]
    return workspace


async def blockers(client: httpx.AsyncClient, url: str) -> list[str]:
    """What forbids the launch."""
    return [found["code"] for found in (await client.get(f"{url}/validate")).json()["errors"]]


async def test_a_workspace_begins_without_an_address_and_without_the_need_of_one(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/api/workspace")
    assert answer.json() == {"workspace": {"postal_address": None, "require_postal_address": False}}


async def test_what_is_put_is_read_and_what_is_left_out_is_taken_back(client: httpx.AsyncClient) -> None:
    put_ = await put(client, postal_address=ADDRESS, require_postal_address=True)
    assert put_ == {"postal_address": ADDRESS, "require_postal_address": True}
    assert (await client.get("/api/workspace")).json() == {"workspace": put_}
    assert await put(client) == {"postal_address": None, "require_postal_address": False}


async def test_workspaces_do_not_see_each_others_address(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    await put(client, postal_address=ADDRESS)
    assert (await foreigner.get("/api/workspace")).json()["workspace"]["postal_address"] is None


async def test_the_log_names_the_address_and_does_not_hold_it(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    for _ in range(2):
        await put(client, postal_address=ADDRESS)
    query = "SELECT payload FROM events WHERE workspace_id = $1 AND type = 'workspace-changed'"
    rows = await liftoff.pool.fetch(query, workspace_id)
    assert len(rows) == 1
    assert "Mill Lane" not in rows[0]["payload"]


@pytest.mark.parametrize("address", ["", " \n ", "x" * 501, 7])
async def test_an_address_that_says_nothing_or_too_much_is_refused(
    client: httpx.AsyncClient, address: object
) -> None:
    assert (await client.put("/api/workspace", json={"postal_address": address})).status_code == 400


async def test_a_launch_without_the_required_address_is_blocked_until_there_is_one(
    client: httpx.AsyncClient,
) -> None:
    url = f"/api/campaigns/{(await begin(client))['id']}"
    assert "missing-postal-address" not in await blockers(client, url)
    await put(client, require_postal_address=True)
    assert "missing-postal-address" in await blockers(client, url)
    launch = await client.post(f"{url}/launch")
    assert launch.status_code == 400
    assert "missing-postal-address" in [found["code"] for found in launch.json()["blockers"]]
    await put(client, require_postal_address=True, postal_address=ADDRESS)
    assert "missing-postal-address" not in await blockers(client, url)
