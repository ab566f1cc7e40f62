"""The signed checkpoints over the API."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from service.access import Scope
from service.audit.verify import key_of, signed_text
from service.composition import Liftoff
from service.http.app import Application
from tests.api.asking import begin
from tests.api.fresh import client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def sealed(liftoff: Liftoff, client: httpx.AsyncClient) -> None:
    """Three checkpoints."""
    for name in ("one", "two", "three"):
        await begin(client, name)
        await liftoff.sealing.catch_up()


@pytest.mark.usefixtures("sealed")
async def test_checkpoints_are_listed_newest_first_page_by_page(client: httpx.AsyncClient) -> None:
    whole = (await client.get("/api/audit/checkpoints")).json()
    assert [each["size"] for each in whole["checkpoints"]] == [3, 2, 1]
    assert whole["next_cursor"] is None
    first = (await client.get("/api/audit/checkpoints?limit=2")).json()
    second = (
        await client.get("/api/audit/checkpoints", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    assert first["checkpoints"] + second["checkpoints"] == whole["checkpoints"]
    assert second["next_cursor"] is None


@pytest.mark.usefixtures("sealed")
async def test_a_checkpoint_is_signed_by_the_workspaces_key(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    [newest, *_] = (await client.get("/api/audit/checkpoints")).json()["checkpoints"]
    async with liftoff.pool.acquire() as connection:
        [key] = await liftoff.audit_keys.public(connection, workspace_id)
    origin, size, _, _ = signed_text(newest["note"].encode(), [key_of(key.key)]).split("\n")
    assert (origin, size) == (f"liftoff/{workspace_id}", "3")


@pytest.mark.usefixtures("sealed")
async def test_another_workspace_sees_its_own_only(foreigner: httpx.AsyncClient) -> None:
    assert (await foreigner.get("/api/audit/checkpoints")).json() == {
        "checkpoints": [],
        "next_cursor": None,
    }


async def test_a_key_for_audits_is_needed_and_enough(
    app: Application, liftoff: Liftoff, workspace_id: UUID
) -> None:
    async with await client_of(app, liftoff, workspace_id, Scope.AUDIT_READ) as auditor:
        assert (await auditor.get("/api/audit/checkpoints")).status_code == 200
    async with await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_READ) as other:
        refused = await other.get("/api/audit/checkpoints")
    assert (refused.status_code, "audit:read" in refused.text) == (403, True)
