"""Sender accounts over HTTP: connecting, verifying, changing, listing and removing them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from domain.refusal import Refused
from service.access import Scope
from service.caller import Caller
from service.composition import Liftoff
from service.http.app import Application
from service.ids import new_id
from service.senders.forms import SenderUpdate
from tests.api.fresh import client_of
from tests.api.making import bring_to, log_of
from tests.channels.servers import LOOPBACK, PASSWORD, Hang, ScriptedServer
from tests.dispatch.waiting import until_somebody_waits

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA = {
    "type": "email",
    "email_address": "ada@example.com",
    "display_name": "Ada Example",
    "first_name": "Ada",
    "last_name": "Example",
    "signature": "Best, Ada",
}
NOT_OF_A_MAILBOX = dict.fromkeys(
    ("provider_account_id", "is_premium", "weekly_connection_limit", "weekly_message_limit")
)


@pytest_asyncio.fixture(loop_scope="module")
async def mail_server() -> AsyncIterator[ScriptedServer]:
    """A mail server that knows one password."""
    server = ScriptedServer()
    await server.start()
    yield server
    await server.stop()


def inbox_at(server: ScriptedServer, password: str = PASSWORD) -> dict[str, str]:
    return {"smtp_url": f"smtp://ada:{password.replace(' ', '%20')}@{LOOPBACK}:{server.port}"}


async def created(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/senders", json=ADA | fields)
    assert answer.status_code == 201, answer.text
    sender: dict[str, Any] = answer.json()["sender"]
    return sender


# --- Connecting and verifying -----------------------------------------------------------------------------------------


async def test_a_sender_without_an_inbox_is_pending_and_has_the_default_limit(
    client: httpx.AsyncClient,
) -> None:
    sender = await created(client)
    assert sender == ADA | NOT_OF_A_MAILBOX | {
        "id": sender["id"],
        "daily_limit": 30,
        "inbox_configured": False,
        "warmup_status": "not_started",
        "status": "pending",
        "error_detail": None,
        "usage": {"today_sent": 0, "weekly_connections_sent": 0, "weekly_messages_sent": 0},
        "created_at": "2030-01-31T09:00:00Z",
        "updated_at": "2030-01-31T09:00:00Z",
    }
    assert (await client.get(f"/api/senders/{sender['id']}")).json() == {"sender": sender}


@pytest.mark.parametrize(
    ("warmup_status", "status"), [("not_started", "pending"), ("warming", "warming"), ("active", "active")]
)
async def test_an_inbox_is_verified_when_it_is_given(
    client: httpx.AsyncClient, mail_server: ScriptedServer, warmup_status: str, status: str
) -> None:
    sender = await created(client, inbox=inbox_at(mail_server), warmup_status=warmup_status)
    assert (sender["status"], sender["inbox_configured"]) == (status, True)
    assert mail_server.connections == 1


async def test_a_refused_log_in_is_an_error_with_the_words_of_the_server_until_a_verification_succeeds(
    client: httpx.AsyncClient, mail_server: ScriptedServer
) -> None:
    sender = await created(client, inbox=inbox_at(mail_server, "battery"), warmup_status="active")
    assert sender["status"] == "error"
    assert "535" in sender["error_detail"]
    assert "battery" not in str(sender)

    address = f"/api/senders/{sender['id']}"
    again = (await client.post(f"{address}/verify")).json()["sender"]
    assert (again["status"], again["error_detail"]) == ("error", sender["error_detail"])

    repaired = (await client.patch(address, json={"inbox": inbox_at(mail_server)})).json()["sender"]
    assert (repaired["status"], repaired["error_detail"]) == ("active", None)
    assert (await client.get(address)).json()["sender"] == repaired


async def test_a_server_that_has_gone_is_found_by_verifying_again(
    client: httpx.AsyncClient, mail_server: ScriptedServer
) -> None:
    sender = await created(client, inbox=inbox_at(mail_server), warmup_status="active")
    await mail_server.stop()
    verified = await client.post(f"/api/senders/{sender['id']}/verify")
    assert verified.status_code == 200
    assert verified.json()["sender"]["status"] == "error"
    assert "Can't reach" in verified.json()["sender"]["error_detail"]


async def test_a_sender_without_an_inbox_can_not_be_verified(client: httpx.AsyncClient) -> None:
    sender = await created(client)
    answer = await client.post(f"/api/senders/{sender['id']}/verify")
    assert (answer.status_code, answer.json()["code"]) == (400, "sender-inbox-missing")


async def test_what_is_found_of_an_inbox_that_was_replaced_meanwhile_is_not_recorded(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, mail_server: ScriptedServer
) -> None:
    sender = await created(client, inbox=inbox_at(mail_server), warmup_status="active")
    hang = Hang(asyncio.Event())
    mail_server.on("greeting", hang)
    slow = asyncio.create_task(client.post(f"/api/senders/{sender['id']}/verify"))
    while mail_server.connections < 2:
        await asyncio.sleep(0)
    changed = await client.patch(
        f"/api/senders/{sender['id']}", json={"inbox": inbox_at(mail_server, "battery")}
    )
    assert changed.json()["sender"]["status"] == "error"
    hang.released.set()
    assert (await slow).json()["sender"]["status"] == "error"


async def test_credentials_and_names_are_found_neither_in_answers_nor_in_the_log(
    client: httpx.AsyncClient, liftoff: Liftoff, mail_server: ScriptedServer
) -> None:
    sender = await created(client, inbox=inbox_at(mail_server))
    listed = await client.get("/api/senders")
    told = "".join([str(sender), listed.text, *await log_of(liftoff)])
    assert "correct" not in told
    assert "smtp://" not in told
    for text in ("ada@example.com", "Ada Example", "Best, Ada"):
        assert text not in "".join(await log_of(liftoff))


# --- Bodies that make no sense ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"type": "fax"}, ["type"]),
        ({"email_address": "nobody"}, ["email_address"]),
        ({"email_address": None}, ["email_address"]),
        ({"daily_limit": 0}, ["daily_limit"]),
        ({"daily_limit": 501}, ["daily_limit"]),
        ({"daily_limit": "30"}, ["daily_limit"]),
        ({"warmup_status": "hot"}, ["warmup_status"]),
        ({"inbox": {}}, ["inbox"]),
        ({"inbox": {"smtp_url": "http://mail.example.com"}}, ["inbox.smtp_url"]),
        (
            {"inbox": {"smtp_url": "smtp://a:secret word@mail", "imap_url": "imap://x"}},
            ["inbox.smtp_url", "inbox.imap_url"],
        ),
        ({"inbox": {"smtp_url": "smtp://mail", "pop_url": "pop://x"}}, ["inbox"]),
        ({"provider_account_id": "acc", "is_premium": True}, ["provider_account_id", "is_premium"]),
        ({"status": "active"}, ["status"]),
        ({"display_name": "x" * 201}, ["display_name"]),
    ],
)
async def test_a_sender_that_makes_no_sense_is_refused_naming_the_fields_and_repeating_no_secret(
    client: httpx.AsyncClient, liftoff: Liftoff, fields: dict[str, Any], paths: list[str]
) -> None:
    before = await log_of(liftoff)
    answer = await client.post("/api/senders", json=ADA | fields)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-value"
    assert [error["path"] for error in answer.json()["errors"]] == paths
    assert "secret" not in answer.text
    assert await log_of(liftoff) == before


async def test_an_email_account_needs_an_address(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/senders", json={"type": "email"})
    assert [error["path"] for error in answer.json()["errors"]] == ["email_address"]


async def test_a_linkedin_account_is_refused_where_there_is_no_provider(client: httpx.AsyncClient) -> None:
    body = {"type": "linkedin", "provider_account_id": "acc_1", "display_name": "Ada"}
    answer = await client.post("/api/senders", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-value")
    [error] = answer.json()["errors"]
    assert (error["path"], "LIFTOFF_LINKEDIN_URL" in error["message"]) == ("type", True)


# --- One account for an address ---------------------------------------------------------------------------------------


async def test_an_address_has_one_account_of_a_workspace_however_it_is_spelt(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    await created(client)
    answer = await client.post("/api/senders", json=ADA | {"email_address": " Ada@EXAMPLE.com"})
    assert (answer.status_code, answer.json()["code"]) == (409, "sender-exists")
    await created(foreigner)


async def test_of_many_who_connect_an_address_at_once_one_succeeds(
    client: httpx.AsyncClient, liftoff: Liftoff
) -> None:
    before = await log_of(liftoff)
    answers = await asyncio.gather(*(client.post("/api/senders", json=ADA) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(await log_of(liftoff)) == len(before) + 1


async def test_a_removed_account_leaves_its_address_free(client: httpx.AsyncClient) -> None:
    first = await created(client)
    assert (await client.delete(f"/api/senders/{first['id']}")).status_code == 204
    second = await created(client)
    assert second["id"] != first["id"]


# --- Changing ---------------------------------------------------------------------------------------------------------


async def test_a_change_leaves_what_it_does_not_name(
    client: httpx.AsyncClient, mail_server: ScriptedServer
) -> None:
    before = await created(client, inbox=inbox_at(mail_server), warmup_status="warming")
    change = {"display_name": "A. Example", "daily_limit": 77, "warmup_status": "active"}
    after = (await client.patch(f"/api/senders/{before['id']}", json=change)).json()["sender"]
    assert after == before | change | {"status": "active"}
    assert mail_server.connections == 1


@pytest.mark.parametrize(
    "change", [{}, {"display_name": "Ada Example"}, {"daily_limit": 30, "signature": "Best, Ada"}]
)
async def test_a_change_that_changes_nothing_leaves_no_trace(
    client: httpx.AsyncClient, liftoff: Liftoff, change: dict[str, Any]
) -> None:
    sender, before = await created(client), await log_of(liftoff)
    answer = await client.patch(f"/api/senders/{sender['id']}", json=change)
    assert (answer.status_code, answer.json()["sender"]) == (200, sender)
    assert await log_of(liftoff) == before


@pytest.mark.parametrize(
    "change", [{"email_address": "eve@example.com"}, {"type": "email"}, {"inbox": None}, {"daily_limit": 0}]
)
async def test_what_can_not_be_changed_is_refused_by_name(
    client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    sender = await created(client)
    answer = await client.patch(f"/api/senders/{sender['id']}", json=change)
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == list(change)


async def test_changes_made_at_once_all_count(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender = await created(client)
    by = Caller(workspace_id, "test", new_id())
    updates = [SenderUpdate(first_name="Eve"), SenderUpdate(last_name="Ex"), SenderUpdate(daily_limit=31)]
    await asyncio.gather(*(liftoff.accounts.change(by, UUID(sender["id"]), update) for update in updates))
    after = (await client.get(f"/api/senders/{sender['id']}")).json()["sender"]
    assert (after["first_name"], after["last_name"], after["daily_limit"]) == ("Eve", "Ex", 31)


# --- Listing ----------------------------------------------------------------------------------------------------------


async def test_the_list_is_paged_newest_first_and_filtered_by_type(client: httpx.AsyncClient) -> None:
    made = [await created(client, email_address=f"a{number}@example.com") for number in range(5)]
    newest_first = [sender["id"] for sender in reversed(made)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await client.get(f"/api/senders?type=email&limit=2{cursor}")).json()
        seen += [sender["id"] for sender in page["senders"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == newest_first
    assert (await client.get("/api/senders?type=linkedin")).json()["senders"] == []
    assert (await client.get("/api/senders?type=fax")).status_code == 400


async def test_a_removed_account_is_gone(client: httpx.AsyncClient) -> None:
    sender = await created(client)
    address = f"/api/senders/{sender['id']}"
    assert (await client.delete(address)).status_code == 204
    assert (await client.get("/api/senders")).json()["senders"] == []
    assert (await client.get(address)).status_code == 404
    assert (await client.patch(address, json={"daily_limit": 31})).status_code == 404
    assert (await client.post(f"{address}/verify")).status_code == 404
    assert (await client.delete(address)).status_code == 404


# --- Who may, and whose -----------------------------------------------------------------------------------------------


async def test_an_account_of_another_workspace_does_not_exist(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    address = f"/api/senders/{(await created(foreigner))['id']}"
    unknown = f"/api/senders/{uuid4()}"
    for method, body in (("GET", None), ("PATCH", {"daily_limit": 31}), ("DELETE", None)):
        foreign = await client.request(method, address, json=body)
        missing = await client.request(method, unknown, json=body)
        assert (foreign.status_code, foreign.json()["detail"]) == (404, missing.json()["detail"])
    assert (await client.post(f"{address}/verify")).status_code == 404
    assert (await client.get("/api/senders")).json()["senders"] == []


async def test_reading_needs_another_scope_than_writing(
    app: Application, liftoff: Liftoff, workspace_id: UUID
) -> None:
    async with await client_of(app, liftoff, workspace_id, Scope.CAMPAIGNS_READ) as reader:
        assert (await reader.get("/api/senders")).status_code == 200
        refused = await reader.post("/api/senders", json=ADA)
        assert (refused.status_code, refused.json()["scope"]) == (403, "senders:write")
    async with await client_of(app, liftoff, workspace_id, Scope.SENDERS_WRITE) as writer:
        await created(writer)
        assert (await writer.get("/api/senders")).status_code == 403


# --- Removing an account that is used ---------------------------------------------------------------------------------


async def campaign_with(client: httpx.AsyncClient, sender_id: str, name: str = "Spring") -> UUID:
    body = {"type": "email", "name": name, "sender_account_ids": [sender_id]}
    answer = await client.post("/api/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["campaign"]["id"])


@pytest.mark.parametrize("status", ["launching", "active", "paused"])
async def test_an_account_that_a_running_campaign_sends_through_is_not_removed(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    status: Any,
) -> None:
    sender = await created(client)
    campaign_id = await campaign_with(client, sender["id"])
    await bring_to(liftoff, workspace_id, campaign_id, status)
    answer = await client.delete(f"/api/senders/{sender['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "sender-in-use")
    assert answer.json()["campaigns"] == [{"id": str(campaign_id), "name": "Spring"}]
    assert "Spring" in answer.json()["detail"]
    assert (await client.get(f"/api/senders/{sender['id']}")).status_code == 200


@pytest.mark.parametrize("status", ["draft", "completed", "stopped"])
async def test_an_account_of_campaigns_that_send_nothing_is_removed(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, status: Any
) -> None:
    sender = await created(client)
    campaign_id = await campaign_with(client, sender["id"])
    await bring_to(liftoff, workspace_id, campaign_id, status)
    assert (await client.delete(f"/api/senders/{sender['id']}")).status_code == 204


async def test_an_account_is_not_removed_under_a_launch_that_is_just_being_accepted(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender = await created(client)
    campaign_id = await campaign_with(client, sender["id"])
    by = Caller(workspace_id, "test", new_id())
    async with liftoff.pool.acquire() as launching, launching.transaction():
        await launching.execute(
            "INSERT INTO dispatch_campaigns (workspace_id, campaign_id, status, epoch)"
            " VALUES ($1, $2, 'launching', 1)",
            workspace_id,
            campaign_id,
        )
        await launching.execute(
            "INSERT INTO dispatch_lanes (workspace_id, sender_id, campaign_id) VALUES ($1, $2, $3)",
            workspace_id,
            UUID(sender["id"]),
            campaign_id,
        )
        removal = asyncio.create_task(liftoff.accounts.remove(by, UUID(sender["id"])))
        await until_somebody_waits(liftoff.pool)
    with pytest.raises(Refused) as refusal:
        await removal
    assert refusal.value.code == "sender-in-use"
