"""The events of the LinkedIn provider: who may deliver them, what they lead to, and that each does so once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace

from domain.identity import identity_bytes
from service.composition import Liftoff
from service.database.pool import Connection
from service.http.routes import api
from service.metrics import new_registry
from service.senders.hearing import REMEMBERED, Hearing
from tests.api.making import log_of
from tests.http.conftest import MovableClock, transport_to
from tests.linkedin import answers
from tests.linkedin.double import Double
from tests.linkedin.orders import Faults, Manners
from tests.senders.conftest import WEBHOOK_SECRET, connected, read

HEADERS = {"Unipile-Auth": WEBHOOK_SECRET}
PATH = "/webhooks/linkedin"


class Recorder:
    """Writes down what it hears; while it ``fails``, it fails."""

    def __init__(self) -> None:
        self.heard: list[tuple[UUID, UUID, UUID, str | None]] = []
        self.fails = False

    async def connected(
        self,
        connection: Connection,
        workspace_id: UUID,
        sender_id: UUID,
        person_id: UUID,
        correlation_id: UUID,
    ) -> None:
        self._write(workspace_id, sender_id, person_id, None)

    async def replied(
        self,
        connection: Connection,
        workspace_id: UUID,
        sender_id: UUID,
        person_id: UUID,
        correlation_id: UUID,
        words: str,
    ) -> None:
        self._write(workspace_id, sender_id, person_id, words)

    def _write(self, workspace_id: UUID, sender_id: UUID, person_id: UUID, words: str | None) -> None:
        if self.fails:
            raise OSError("out of paper")
        self.heard.append((workspace_id, sender_id, person_id, words))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def provider(liftoff: Liftoff, recorder: Recorder) -> AsyncIterator[httpx.AsyncClient]:
    """What delivers webhooks to the service; it knows the secret."""
    async with httpx.AsyncClient(
        transport=transport_to(_app(liftoff, recorder)), base_url="http://test", headers=HEADERS
    ) as opened:
        yield opened


def _app(liftoff: Liftoff, recorder: Recorder) -> Any:
    hearing = Hearing(
        liftoff.pool,
        liftoff.store,
        liftoff.vault,
        liftoff.senders,
        liftoff.accounts,
        recorder,
        liftoff.linkedin,
        liftoff.clock,
    )
    return api(dataclasses.replace(liftoff, hearing=hearing), new_registry())


def relation(double: Double, name: str = "bob", account: str = "acc-1") -> dict[str, Any]:
    return answers.new_relation(double.network.account(account), double.network.person(name))


def reply(double: Double, words: str = "Yes!", name: str = "bob", own: bool = False) -> dict[str, Any]:
    account, person = double.network.account("acc-1"), double.network.person(name)
    return answers.message_received(account, person, double.network.say(account, person, words, own))


def status(double: Double, said: str) -> dict[str, Any]:
    account = double.network.account("acc-1")
    account.status = said
    return answers.account_status(account)


def person_id(liftoff: Liftoff, workspace_id: UUID, name: str = "bob") -> UUID:
    canonical = identity_bytes("linkedin", f"https://www.linkedin.com/in/{name}")
    return liftoff.vault.identity_digest(workspace_id, "linkedin", canonical)


# --- Who may ----------------------------------------------------------------------------------------------------------


async def test_without_the_secret_nothing_is_taken(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, recorder: Recorder
) -> None:
    await connected(client)
    del provider.headers["Unipile-Auth"]
    for header in ({}, {b"Unipile-Auth": b""}, {b"Unipile-Auth": b"wrong"}, {b"Unipile-Auth": b"\xc3\xbc"}):
        answer = await provider.post(PATH, json=relation(double), headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "webhook-not-authentic")
    assert recorder.heard == []


async def test_where_no_secret_is_set_there_is_nothing(
    liftoff: Liftoff, recorder: Recorder, double: Double
) -> None:
    silent = dataclasses.replace(liftoff, settings=replace(liftoff.settings, linkedin_webhook_secret=None))
    transport = transport_to(_app(silent, recorder))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=HEADERS) as provider:
        answer = await provider.post(PATH, json=relation(double))
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


# --- What people did --------------------------------------------------------------------------------------------------


async def test_a_new_relation_is_brought_to_the_dispatch(
    client: httpx.AsyncClient,
    provider: httpx.AsyncClient,
    double: Double,
    recorder: Recorder,
    liftoff: Liftoff,
    workspace_id: UUID,
) -> None:
    sender = await connected(client)
    assert (await provider.post(PATH, json=relation(double))).status_code == 200
    assert recorder.heard == [(workspace_id, UUID(sender["id"]), person_id(liftoff, workspace_id), None)]


async def test_a_reply_is_brought_under_the_public_name_of_its_writer(
    client: httpx.AsyncClient,
    provider: httpx.AsyncClient,
    double: Double,
    recorder: Recorder,
    liftoff: Liftoff,
    workspace_id: UUID,
) -> None:
    sender = await connected(client)
    assert (await provider.post(PATH, json=reply(double, "Ja, gern"))).status_code == 200
    assert recorder.heard == [
        (workspace_id, UUID(sender["id"]), person_id(liftoff, workspace_id), "Ja, gern")
    ]
    assert double.network.account("acc-1").asked["profile"] == 1


async def test_what_names_the_writer_spares_the_question(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, recorder: Recorder
) -> None:
    await connected(client)
    body = reply(double)
    body["sender"]["attendee_public_identifier"] = "bob"
    await provider.post(PATH, json=body)
    assert len(recorder.heard) == 1
    assert double.network.account("acc-1").asked["profile"] == 0


async def test_what_the_account_itself_wrote_is_no_reply(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, recorder: Recorder
) -> None:
    await connected(client)
    for marks in ({}, {"is_sender": True, "account_info": None}):
        answer = await provider.post(PATH, json=reply(double, own=True) | marks)
        assert answer.status_code == 200
    assert recorder.heard == []


async def test_each_workspace_that_connects_the_account_hears_of_it(
    client: httpx.AsyncClient,
    foreigner: httpx.AsyncClient,
    provider: httpx.AsyncClient,
    double: Double,
    recorder: Recorder,
) -> None:
    mine, theirs = await connected(client), await connected(foreigner)
    await connected(foreigner, provider_account_id="acc-2")
    await provider.post(PATH, json=relation(double))
    assert {str(heard[1]) for heard in recorder.heard} == {mine["id"], theirs["id"]}


# --- Once -------------------------------------------------------------------------------------------------------------


async def test_an_event_that_comes_again_changes_nothing(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, recorder: Recorder
) -> None:
    await connected(client)
    body = reply(double)
    given = await asyncio.gather(*(provider.post(PATH, json=body) for _ in range(5)))
    assert [answer.status_code for answer in given] == [200] * 5
    assert len(recorder.heard) == 1
    await provider.post(PATH, json=reply(double))
    assert len(recorder.heard) == 2


async def test_an_event_that_had_no_effect_is_heard_when_it_comes_again(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, recorder: Recorder
) -> None:
    await connected(client)
    body = relation(double)
    recorder.fails = True
    assert (await provider.post(PATH, json=body)).status_code == 503
    recorder.fails = False
    assert (await provider.post(PATH, json=body)).status_code == 200
    assert len(recorder.heard) == 1


async def test_an_event_whose_writer_can_not_be_named_now_is_to_come_again(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, recorder: Recorder
) -> None:
    await connected(client)
    body = reply(double)
    double.manners = Manners(faults=Faults(busy=1.0))
    answer = await provider.post(PATH, json=body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    double.manners = Manners()
    await provider.post(PATH, json=body)
    assert len(recorder.heard) == 1


async def test_what_was_heard_long_ago_is_forgotten(
    client: httpx.AsyncClient,
    provider: httpx.AsyncClient,
    double: Double,
    liftoff: Liftoff,
    clock: MovableClock,
) -> None:
    await connected(client)
    await provider.post(PATH, json=relation(double, "bob"))
    clock.move(REMEMBERED + timedelta(seconds=1))
    await provider.post(PATH, json=relation(double, "eve"))
    assert await liftoff.pool.fetchval("SELECT count(*) FROM linkedin_events") == 1


# --- What became of an account ----------------------------------------------------------------------------------------


async def test_an_account_is_what_the_provider_says(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double
) -> None:
    sender = await connected(client)
    seen = []
    for said in ("CREDENTIALS", "CREDENTIALS", "CONNECTING", "OK", "OK", "GONE"):
        assert (await provider.post(PATH, json=status(double, said))).status_code == 200
        seen.append((await read(client, sender))["status"])
    assert seen == ["disconnected"] * 3 + ["connected"] * 2 + ["disconnected"]
    assert "DELETED" in (await read(client, sender))["error_detail"]


async def test_an_old_event_about_an_account_that_comes_again_changes_nothing(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, liftoff: Liftoff
) -> None:
    sender = await connected(client)
    broken = status(double, "CREDENTIALS") | {"event_id": "1"}
    works = status(double, "OK") | {"event_id": "2"}
    for body in (works, broken, works | {"event_id": "3"}):
        await provider.post(PATH, json=body)
    before = await log_of(liftoff)
    for body in (broken, works):
        assert (await provider.post(PATH, json=body)).status_code == 200
    assert (await read(client, sender))["status"] == "connected"
    assert await log_of(liftoff) == before


# --- What matters to nobody -------------------------------------------------------------------------------------------


async def test_what_is_of_no_interest_is_taken_and_leads_to_nothing(
    client: httpx.AsyncClient,
    provider: httpx.AsyncClient,
    double: Double,
    liftoff: Liftoff,
    recorder: Recorder,
) -> None:
    await connected(client)
    before = await log_of(liftoff)
    for body in (
        {"event": "message_reaction", "account_id": "acc-1"},
        {"event": "an_event_of_tomorrow", "account_id": "acc-1", "anything": [1, 2]},
        {"AccountStatus": {"account_id": "acc-1", "account_type": "LINKEDIN", "message": "CONNECTING"}},
        relation(double, account="an account of somebody else"),
    ):
        answer = await provider.post(PATH, json=body)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (recorder.heard, await log_of(liftoff)) == ([], before)


async def test_a_writer_whom_nobody_knows_is_nobody(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, double: Double, recorder: Recorder
) -> None:
    await connected(client)
    body = reply(double)
    double.manners = Manners(missing=frozenset({double.network.person("bob").provider_id}))
    assert (await provider.post(PATH, json=body)).status_code == 200
    assert recorder.heard == []


NO_EVENTS = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b"{}",
    b'{"event": 7}',
    b'{"AccountStatus": {"account_id": "acc-1"}}',
    b'{"event": "new_relation", "account_id": "acc-1"}',
    b'{"event": "new_relation", "user_public_identifier": "bob"}',
    b'{"event": "message_received", "account_id": "acc-1", "sender": {"attendee_provider_id": "x"}}',
    b'{"event": "message_received", "account_id": "acc-1", "message_id": "1", "sender": null}',
]


async def test_what_is_no_event_is_refused_with_what_is_wrong(
    client: httpx.AsyncClient, provider: httpx.AsyncClient, recorder: Recorder
) -> None:
    await connected(client)
    for body in NO_EVENTS:
        answer = await provider.post(PATH, content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-value"), body
        assert "event" in answer.json()["detail"] or "message" in answer.json()["detail"]
    assert recorder.heard == []
