"""``POST /api/inbound``: who may deliver, what is understood, and that each delivery has its effect once."""

from __future__ import annotations

import dataclasses
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace

from service.channels.standard_webhooks import sign
from service.composition import Liftoff
from service.http.app import Foundation
from service.http.routes import api
from service.ids import new_id
from service.inbound.pushed import PushedMail
from service.metrics import new_registry
from tests.api.making import make_sender
from tests.channels.messages import MAILBOX
from tests.dispatch.conftest import Launch, Worker
from tests.http.conftest import transport_to
from tests.inbound.conftest import SECRET, Sent, events_of, lead_now, send_one, suppressed_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/inbound"


def news(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": {"mailbox": MAILBOX, **data}}


def raw(message: bytes) -> dict[str, Any]:
    return news("message.raw", raw=b64encode(message).decode())


async def deliver(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    told: Any,
    *,
    id_: str = "",
    secret: str = SECRET,
    age: timedelta = timedelta(),
    headers: Mapping[str, str] = {},
) -> httpx.Response:
    """A provider's delivery, signed; ``headers`` may tell otherwise."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    id_, timestamp = id_ or new_id().hex, str(int((liftoff.clock.now() - age).timestamp()))
    signed = {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(secret, id_, timestamp, body),
        "authorization": "",
    }
    sent = {name.encode(): value.encode("latin-1") for name, value in (signed | dict(headers)).items()}
    return await client.post(PATH, content=body, headers=sent)


async def test_a_reply_is_taken_as_it_arrived(
    client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
) -> None:
    answer = await deliver(client, liftoff, raw(sent.reply("Yes, on Monday.")))
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await lead_now(client, liftoff, sent))["status"] == "replied"
    assert (await events_of(client, sent))[-1]["words"] == "Yes, on Monday."


async def test_a_reply_is_taken_in_parts(client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent) -> None:
    told = {"from": "ada.home@y.example", "in_reply_to": sent.message_id, "text": "Yes!"}
    await deliver(client, liftoff, news("message.received", **told))
    assert (await lead_now(client, liftoff, sent))["status"] == "replied"
    assert (await events_of(client, sent))[-1]["words"] == "Yes!"


async def test_an_automatic_answer_and_a_delay_change_nothing(
    client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
) -> None:
    away = {
        "from": "lead0@x.example",
        "in_reply_to": sent.message_id,
        "auto_submitted": "auto-replied; x=y",
    }
    for told in (
        news("message.received", **away),
        news("message.delayed", sent_message_id=sent.message_id),
        {"type": "message.opened", "data": {"anything": 1}},
        {"type": "ping"},
    ):
        assert (await deliver(client, liftoff, told)).status_code == 200
    assert (await lead_now(client, liftoff, sent))["status"] == "sent"


async def test_a_bounce_is_told_with_the_servers_words(
    client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
) -> None:
    told = news("message.bounced", sent_message_id=sent.message_id, code=550, reply="550 nobody here")
    assert (await deliver(client, liftoff, told)).status_code == 200
    assert (await lead_now(client, liftoff, sent))["status"] == "bounced"
    assert (await events_of(client, sent))[-1]["words"] == "550 nobody here"
    assert await suppressed_for(client) == ["hard-bounce"]


async def test_a_complaint_is_known_by_the_recipient_too(
    client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
) -> None:
    await deliver(client, liftoff, news("message.complained", recipient="Lead0@x.example"))
    assert (await lead_now(client, liftoff, sent))["status"] == "unsubscribed"
    assert await suppressed_for(client) == ["complaint"]


async def test_a_delivery_and_a_message_have_their_effect_once(
    client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
) -> None:
    await deliver(client, liftoff, raw(sent.report()), id_="msg_1")
    [entry] = (await client.get("/api/suppressions")).json()["suppressions"]
    await client.delete(f"/api/suppressions/{entry['id']}")
    for id_, message in (
        ("msg_1", sent.report()),
        ("msg_2", sent.report()),
        ("msg_1", sent.report(message_id="<x@y>")),
    ):
        assert (await deliver(client, liftoff, raw(message), id_=id_)).status_code == 200
    assert await suppressed_for(client) == []


async def test_it_reaches_every_workspace_that_has_the_mailbox(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, sender_id: UUID, sent: Sent
) -> None:
    elsewhere = await make_sender(liftoff, new_id(), MAILBOX)
    assert elsewhere != sender_id
    await deliver(client, liftoff, raw(sent.reply()))
    assert (await lead_now(client, liftoff, sent))["status"] == "replied"
    other = await send_one(launch, worker, sender_id)
    told = news("message.bounced", recipient="lead0@x.example") | {}
    told["data"]["mailbox"] = "nobody@nowhere.example"
    assert (await deliver(client, liftoff, told)).status_code == 200
    assert (await lead_now(client, liftoff, other))["status"] == "sent"


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,ü".encode().decode("latin-1")},
        {"webhook-id": "another"},
        {"webhook-id": ""},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "9" * 400},
    ],
    ids=str,
)
async def test_what_is_not_signed_is_not_taken(
    client: httpx.AsyncClient, liftoff: Liftoff, headers: dict[str, str]
) -> None:
    answer = await deliver(client, liftoff, {"type": "ping"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "webhook-not-authentic")


async def test_another_secret_or_an_old_delivery_is_not_taken(
    client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
) -> None:
    told = raw(sent.reply())
    foreign = await deliver(client, liftoff, told, secret="whsec_" + b64encode(bytes(24)).decode())
    old = await deliver(client, liftoff, told, age=timedelta(minutes=6))
    early = await deliver(client, liftoff, told, age=-timedelta(minutes=6))
    for answer in (foreign, old, early):
        assert (answer.status_code, answer.json()["code"]) == (401, "webhook-not-authentic")
    assert "5 minutes" in old.json()["detail"]
    assert (await lead_now(client, liftoff, sent))["status"] == "sent"


async def test_one_of_several_signatures_is_enough(client: httpx.AsyncClient, liftoff: Liftoff) -> None:
    timestamp = str(int(liftoff.clock.now().timestamp()))
    body = b'{"type": "ping"}'
    rotated = {"webhook-signature": f"v1,AAAA {sign(SECRET, 'x', timestamp, body)} v2,BBBB"}
    answer = await deliver(client, liftoff, body, id_="x", headers=rotated)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"\xff",
        b"[" * 5_000,
        {},
        {"type": 1},
        {"type": "message.raw"},
        {"type": "message.raw", "data": {"mailbox": MAILBOX, "raw": "no base64!"}},
        {"type": "message.received", "data": {"mailbox": "nobody", "from": "a@b.example"}},
        {"type": "message.bounced", "data": {"mailbox": MAILBOX, "code": "550"}},
    ],
    ids=lambda told: str(told)[:60],
)
async def test_what_can_not_be_understood_is_refused(
    client: httpx.AsyncClient, liftoff: Liftoff, told: Any
) -> None:
    answer = await deliver(client, liftoff, told)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-value")


async def test_where_no_secret_is_set_there_is_nothing(liftoff: Liftoff) -> None:
    settings = replace(liftoff.settings, inbound_webhook_secret=None)
    deaf = PushedMail(liftoff.pool, liftoff.vault, liftoff.senders, liftoff.mail_hearing, liftoff.clock, None)
    silent = dataclasses.replace(liftoff, settings=settings, pushed_mail=deaf)
    foundation = Foundation(
        settings=silent.settings,
        pool=silent.pool,
        clock=silent.clock,
        master_key=silent.master_key,
        registry=new_registry(),
    )
    transport = transport_to(api(silent, foundation))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await deliver(client, liftoff, {"type": "ping"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_nothing_else_under_api_is_open(client: httpx.AsyncClient, liftoff: Liftoff) -> None:
    for path in (f"{PATH}/x", "/api/inbounds", f"{PATH}/../campaigns"):
        answer = await client.post(path, headers={"authorization": ""})
        assert answer.status_code == 401, path


async def test_the_signature_is_that_of_the_specifications_example() -> None:
    body = b'{"test": 2432232314}'
    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
