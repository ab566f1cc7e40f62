"""LinkedIn sender accounts over HTTP: connecting, verifying, limiting them, and what is theirs alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx

from service.caller import Caller
from service.composition import Liftoff
from service.ids import new_id
from service.texts import SenderProfile, unpack
from tests.api.asking import paths
from tests.api.making import log_of
from tests.linkedin.double import Double
from tests.linkedin.orders import Faults, Manners
from tests.senders.conftest import ADA, connected, read

# --- Connecting -------------------------------------------------------------------------------------------------------


async def test_an_account_that_the_provider_knows_is_connected_and_has_the_usual_limits(
    client: httpx.AsyncClient,
) -> None:
    sender = await connected(client)
    assert sender == {
        "id": sender["id"],
        "type": "linkedin",
        "email_address": None,
        "provider_account_id": "acc-1",
        "is_premium": False,
        "display_name": "Ada Example",
        "first_name": "",
        "last_name": "",
        "signature": "",
        "daily_limit": 30,
        "weekly_connection_limit": 80,
        "weekly_message_limit": 100,
        "inbox_configured": False,
        "warmup_status": None,
        "status": "connected",
        "error_detail": None,
        "usage": {"today_sent": 0, "weekly_connections_sent": 0, "weekly_messages_sent": 0},
        "created_at": "2030-01-31T09:00:00Z",
        "updated_at": "2030-01-31T09:00:00Z",
    }
    assert await read(client, sender) == sender


async def test_a_premium_account_may_send_more(client: httpx.AsyncClient) -> None:
    sender = await connected(client, is_premium=True)
    assert (sender["weekly_connection_limit"], sender["weekly_message_limit"]) == (100, 150)


async def test_an_account_that_the_provider_does_not_know_is_disconnected(
    client: httpx.AsyncClient, double: Double
) -> None:
    double.network.account("acc-1").status = "GONE"
    sender = await connected(client)
    assert (sender["status"], sender["error_detail"]) == (
        "disconnected",
        "404 Resource not found.: Account not found.",
    )


async def test_an_account_of_which_the_provider_can_not_say_is_in_error(
    client: httpx.AsyncClient, double: Double
) -> None:
    double.manners = Manners(faults=Faults(busy=1.0))
    sender = await connected(client)
    assert sender["status"] == "error"
    assert sender["error_detail"].startswith("429 ")


async def test_an_account_is_connected_once_in_a_workspace_and_once_in_another(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    await connected(client)
    answer = await client.post("/api/senders", json=ADA | {"provider_account_id": " acc-1 "})
    assert (answer.status_code, answer.json()["code"]) == (409, "sender-exists")
    await connected(client, provider_account_id="acc-2")
    await connected(foreigner)


async def test_the_providers_id_is_found_neither_in_the_log_nor_in_the_clear_anywhere(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender = await connected(client, provider_account_id="acc-very-secret")
    assert "acc-very-secret" not in "".join(await log_of(liftoff))
    state = await liftoff.senders.load(workspace_id, UUID(sender["id"]))
    async with liftoff.pool.acquire() as connection:
        opened = await liftoff.vault.open(connection, workspace_id, state.profile_id)
    assert unpack(opened, SenderProfile).provider_account_id == "acc-very-secret"


# --- Verifying --------------------------------------------------------------------------------------------------------


async def test_a_verification_follows_what_the_provider_says(
    client: httpx.AsyncClient, double: Double
) -> None:
    sender = await connected(client)
    account, address = double.network.account("acc-1"), f"/api/senders/{sender['id']}/verify"
    seen = []
    for status in ("CREDENTIALS", "ERROR", "OK", "GONE", "OK"):
        account.status = status
        shown = (await client.post(address)).json()["sender"]
        seen.append((shown["status"], shown["error_detail"] is None))
    assert seen == [
        ("disconnected", False),
        ("error", False),
        ("connected", True),
        ("disconnected", False),
        ("connected", True),
    ]
    assert (await read(client, sender))["status"] == "connected"


async def test_a_verification_that_finds_nothing_new_leaves_no_trace(
    client: httpx.AsyncClient, liftoff: Liftoff
) -> None:
    sender = await connected(client)
    before = await log_of(liftoff)
    assert (await client.post(f"/api/senders/{sender['id']}/verify")).json()["sender"] == sender
    assert await log_of(liftoff) == before


# --- What each type has alone -----------------------------------------------------------------------------------------


async def test_a_linkedin_account_has_nothing_of_an_email_account(
    client: httpx.AsyncClient, liftoff: Liftoff
) -> None:
    sender = await connected(client)
    before = await log_of(liftoff)
    foreign: dict[str, Any] = {
        "email_address": "ada@example.com",
        "first_name": "Ada",
        "signature": "Best",
        "inbox": {"smtp_url": "smtp://localhost:25"},
        "warmup_status": "active",
    }
    for name, value in foreign.items():
        assert paths(await client.post("/api/senders", json=ADA | {name: value})) == [name]
        assert paths(await client.patch(f"/api/senders/{sender['id']}", json={name: value})) == [name]
    assert set(paths(await client.post("/api/senders", json=ADA | foreign))) == set(foreign)
    assert await log_of(liftoff) == before


async def test_an_email_account_has_nothing_of_a_linkedin_account(client: httpx.AsyncClient) -> None:
    mail = {"type": "email", "email_address": "ada@example.com"}
    sender = (await client.post("/api/senders", json=mail)).json()["sender"]
    foreign: dict[str, Any] = {
        "provider_account_id": "acc-1",
        "is_premium": False,
        "weekly_connection_limit": 10,
        "weekly_message_limit": 10,
    }
    for name, value in foreign.items():
        assert paths(await client.post("/api/senders", json=mail | {name: value})) == [name]
        assert paths(await client.patch(f"/api/senders/{sender['id']}", json={name: value})) == [name]


async def test_a_linkedin_account_needs_the_providers_id(client: httpx.AsyncClient) -> None:
    for given in ({}, {"provider_account_id": ""}, {"provider_account_id": "  "}):
        answer = await client.post("/api/senders", json={"type": "linkedin"} | given)
        assert paths(answer) == ["provider_account_id"]


# --- Limits -----------------------------------------------------------------------------------------------------------


async def test_the_weekly_limits_are_given_and_changed(client: httpx.AsyncClient) -> None:
    sender = await connected(client, weekly_connection_limit=1, weekly_message_limit=1000)
    assert (sender["weekly_connection_limit"], sender["weekly_message_limit"]) == (1, 1000)
    change = {
        "weekly_connection_limit": 20,
        "weekly_message_limit": 30,
        "daily_limit": 5,
        "display_name": "A.",
    }
    answer = await client.patch(f"/api/senders/{sender['id']}", json=change)
    assert answer.json()["sender"] == sender | change


async def test_a_weekly_limit_out_of_range_is_refused(client: httpx.AsyncClient) -> None:
    sender = await connected(client)
    for field in ("weekly_connection_limit", "weekly_message_limit"):
        for limit in (0, 1001, -1, "80", None, 1.5):
            assert paths(await client.post("/api/senders", json=ADA | {field: limit})) == [field]
            assert paths(await client.patch(f"/api/senders/{sender['id']}", json={field: limit})) == [field]


# --- What others see of it --------------------------------------------------------------------------------------------


async def test_a_campaign_shows_its_linkedin_accounts(client: httpx.AsyncClient) -> None:
    sender = await connected(client)
    body = {"type": "linkedin", "name": "Spring", "sender_account_ids": [sender["id"]]}
    campaign = (await client.post("/api/campaigns", json=body)).json()["campaign"]
    assert campaign["sender_accounts"] == [
        {
            "id": sender["id"],
            "type": "linkedin",
            "display_name": "Ada Example",
            "email_address": None,
            "provider_account_id": "acc-1",
            "is_premium": False,
            "status": "connected",
            "daily_limit": 30,
            "campaign_daily_limit": None,
        }
    ]


async def test_nothing_is_claimed_for_an_account_that_is_not_connected(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender_id = UUID((await connected(client))["id"])
    assert await is_usable(liftoff, sender_id)
    by = Caller(workspace_id, "worker", new_id())
    await liftoff.accounts.record_disconnection(by, sender_id, "401 Disconnected account")
    assert not await is_usable(liftoff, sender_id)
    await client.post(f"/api/senders/{sender_id}/verify")
    assert await is_usable(liftoff, sender_id)


async def test_a_disconnection_that_many_sends_meet_is_told_once(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender = await connected(client)
    by = Caller(workspace_id, "worker", new_id())
    for words in ("401 first", "401 second"):
        await liftoff.accounts.record_disconnection(by, UUID(sender["id"]), words)
    shown = await read(client, sender)
    assert (shown["status"], shown["error_detail"]) == ("disconnected", "401 first")
    told = [event for event in await log_of(liftoff) if "occasion" in event]
    assert len(told) == 1
    documents = await liftoff.pool.fetchval(
        "SELECT count(*) FROM documents WHERE owner_id = $1", UUID(sender["id"])
    )
    assert documents == 2  # the profile and the first words


async def is_usable(liftoff: Liftoff, sender_id: UUID) -> bool:
    usable: bool = await liftoff.pool.fetchval(
        "SELECT usable FROM dispatch_senders WHERE sender_id = $1", sender_id
    )
    return usable
