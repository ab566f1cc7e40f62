"""Launching through LinkedIn accounts: the provider is asked first, and what it says decides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace

from domain.refusal import Refused
from service.composition import Liftoff, assembled
from service.serving import projecting
from tests.api.fresh import app, client, clock, workspace_id
from tests.api.making import caller, log_of
from tests.http.conftest import MASTER_KEY, MovableClock
from tests.linkedin.double import Double
from tests.linkedin.orders import Faults, Manners
from tests.senders.conftest import connected, double, liftoff, read

__all__ = ["app", "client", "clock", "double", "liftoff", "workspace_id"]


async def drafted(client: httpx.AsyncClient, senders: Sequence[dict[str, Any]]) -> str:
    """A draft that nothing but its accounts could keep from being launched; answers its address."""
    body = {"type": "linkedin", "name": "Spring", "sender_account_ids": [sender["id"] for sender in senders]}
    campaign = (await client.post("/api/campaigns", json=body)).json()["campaign"]
    address = f"/api/campaigns/{campaign['id']}"
    prospects = [{"linkedin_url": f"https://www.linkedin.com/in/lead{number}"} for number in range(3)]
    added = await client.post(f"{address}/leads", json={"prospects": prospects})
    assert added.status_code == 200, added.text
    return address


async def test_accounts_that_work_are_no_obstacle(client: httpx.AsyncClient, double: Double) -> None:
    address = await drafted(client, [await connected(client)])
    report = (await client.get(f"{address}/validate")).json()
    assert (report["ready"], report["errors"], report["warnings"]) == (True, [], [])
    assert (await client.post(f"{address}/launch")).status_code == 200
    assert double.network.account("acc-1").asked["look_up"] == 3  # connecting, validating, launching


async def test_accounts_that_are_gone_are_named_and_disconnected(
    client: httpx.AsyncClient, double: Double, liftoff: Liftoff
) -> None:
    names = ["acc-1", "acc-2", "acc-3"]
    senders = [await connected(client, provider_account_id=name, display_name=name) for name in names]
    address = await drafted(client, senders)
    before = (await client.get(address)).json()
    double.network.account("acc-1").status = "GONE"
    double.network.account("acc-3").status = "CREDENTIALS"

    report = (await client.get(f"{address}/validate")).json()
    assert (report["ready"], report["checks"]["sender_accounts_ready"]) == (False, False)
    assert [error["code"] for error in report["errors"]] == ["linkedin-account-gone"] * 2
    assert (await read(client, senders[0]))["status"] == "connected"  # looking changes nothing

    answer = await client.post(f"{address}/launch")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "linkedin-account-gone")
    assert "acc-1" in problem["detail"]
    assert [blocker["sender_id"] for blocker in problem["blockers"]] == [senders[0]["id"], senders[2]["id"]]
    assert [(await read(client, sender))["status"] for sender in senders] == [
        "disconnected",
        "connected",
        "disconnected",
    ]
    after = (await client.get(address)).json()
    assert (after["campaign"]["status"], after["campaign"]["version"]) == (
        "draft",
        before["campaign"]["version"],
    )
    again = await client.post(f"{address}/launch")
    assert again.json()["code"] == "sender-not-active"


@pytest.mark.parametrize("faults", [Faults(busy=1.0), Faults(broken=1.0)], ids=["busy", "broken"])
async def test_a_provider_that_can_not_say_leaves_everything_as_it_was(
    client: httpx.AsyncClient, double: Double, liftoff: Liftoff, faults: Faults
) -> None:
    sender = await connected(client)
    address = await drafted(client, [sender])
    before = await log_of(liftoff)
    double.manners = Manners(faults=faults)

    report = (await client.get(f"{address}/validate")).json()
    assert (report["ready"], [caution["code"] for caution in report["warnings"]]) == (
        True,
        ["linkedin-unavailable"],
    )
    answer = await client.post(f"{address}/launch")
    assert (answer.status_code, answer.json()["code"]) == (503, "linkedin-unavailable")
    assert answer.headers["Retry-After"] == "30"
    assert answer.json()["sender_ids"] == [sender["id"]]
    assert await log_of(liftoff) == before

    double.manners = Manners()
    assert (await client.post(f"{address}/launch")).status_code == 200


async def test_a_gone_account_answers_before_a_silent_one(client: httpx.AsyncClient, double: Double) -> None:
    senders = [await connected(client, provider_account_id=name) for name in ("acc-1", "acc-2")]
    address = await drafted(client, senders)
    double.network.account("acc-1").status = "ERROR"
    double.network.account("acc-2").status = "GONE"
    answer = await client.post(f"{address}/launch")
    assert (answer.status_code, answer.json()["code"]) == (400, "linkedin-account-gone")
    assert [blocker["sender_id"] for blocker in answer.json()["blockers"]] == [senders[1]["id"]]
    assert (await read(client, senders[0]))["status"] == "connected"


async def test_what_the_campaign_lacks_answers_before_the_provider_is_asked(
    client: httpx.AsyncClient, double: Double
) -> None:
    body = {"type": "linkedin", "name": "Empty", "sender_account_ids": [(await connected(client))["id"]]}
    campaign = (await client.post("/api/campaigns", json=body)).json()["campaign"]
    double.network.account("acc-1").status = "GONE"
    answer = await client.post(f"/api/campaigns/{campaign['id']}/launch")
    assert answer.json()["code"] == "no-pending-leads"
    assert double.network.account("acc-1").asked["look_up"] == 1  # when it was connected


async def test_all_accounts_are_asked_at_once(client: httpx.AsyncClient, double: Double) -> None:
    senders = [await connected(client, provider_account_id=f"acc-{number}") for number in range(20)]
    address = await drafted(client, senders)
    double.most_in_flight = 0
    double.wait_for_a_crowd_of(20)  # nobody is answered unless all of them ask
    assert (await client.post(f"{address}/launch")).status_code == 200
    assert double.most_in_flight == 20


@pytest.fixture
async def impatient(database: str, clock: MovableClock, liftoff: Liftoff) -> AsyncIterator[Liftoff]:
    """The same service, whose launches wait for a tenth of a second."""
    settings = replace(liftoff.settings, linkedin_verify_seconds=0.1)
    async with assembled(settings, database, MASTER_KEY, clock) as parts, projecting(parts):
        yield parts


async def test_a_silent_provider_is_not_waited_for_after_the_deadline(
    client: httpx.AsyncClient, double: Double, impatient: Liftoff, workspace_id: UUID
) -> None:
    senders = [await connected(client, provider_account_id=f"acc-{number}") for number in range(3)]
    address = await drafted(client, senders)
    double.manners = Manners(faults=Faults(silent=1.0))
    with pytest.raises(Refused, match="3 sender accounts could not be verified") as refusal:
        await impatient.launching.launch(caller(workspace_id), UUID(address.rpartition("/")[2]))
    assert refusal.value.code == "linkedin-unavailable"
