"""What comes back by mail, told to the leads: what each kind of message leads to, and that it does so once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from service.audit import verify as verifier
from service.channels.outcome import Unknown
from service.channels.received import recognise
from service.composition import Liftoff
from service.ids import new_id
from service.inbound.hearing import REMEMBERED, Mailbox, message_key
from tests.audit.histories import export
from tests.channels import messages
from tests.channels.messages import MAILBOX
from tests.dispatch.conftest import Launch, Worker, tomorrow
from tests.http.conftest import MovableClock
from tests.inbound.conftest import ACCEPTED, Sent, claim_of, events_of, lead_now, send_one, suppressed_for
from tests.people.asking import caught_up

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def hear(liftoff: Liftoff, sent: Sent, raw: bytes) -> None:
    """The message arrives at the mailbox now."""
    due, message = sent.claim.due, recognise(raw)
    mailbox = Mailbox(due.workspace_id, due.sender_id, MAILBOX)
    keys = [message_key(message.message_id)]
    await liftoff.mail_hearing.hear(mailbox, message, liftoff.clock.now(), keys, new_id())


async def is_due(liftoff: Liftoff, sent: Sent) -> bool:
    """Whether anything is still to be done about the lead."""
    due: bool = await liftoff.pool.fetchval(
        "SELECT EXISTS (SELECT FROM dispatch_due WHERE lead_id = $1)", sent.claim.due.lead_id
    )
    return due


async def notes(liftoff: Liftoff, workspace_id: UUID) -> int:
    """How many messages are remembered."""
    count: int = await liftoff.pool.fetchval(
        "SELECT count(*) FROM heard_messages WHERE workspace_id = $1", workspace_id
    )
    return count


class TestAReply:
    async def test_stops_the_lead_and_its_words_are_kept(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, sent.reply("Yes, on Monday."))
        assert (await lead_now(client, liftoff, sent))["status"] == "replied"
        assert not await is_due(liftoff, sent)
        last = (await events_of(client, sent))[-1]
        assert (last["type"], last["words"]) == ("lead-replied", "Yes, on Monday.")

    async def test_is_told_once_however_often_it_arrives(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await asyncio.gather(*(hear(liftoff, sent, sent.reply()) for _ in range(5)))
        assert [event["type"] for event in await events_of(client, sent)].count("lead-replied") == 1

    async def test_without_stop_on_reply_lets_the_sequence_go_on(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, sender_id: UUID
    ) -> None:
        sent = await send_one(launch, worker, sender_id, stop_on_reply=False)
        await hear(liftoff, sent, sent.reply())
        lead = await lead_now(client, liftoff, sent)
        assert (lead["status"], lead["replied_at"] is not None) == ("sent", True)
        assert await is_due(liftoff, sent)

    async def test_from_another_address_is_known_by_the_mail_it_names(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, messages.reply("From home", "ada.home@y.example", sent.message_id))
        assert (await lead_now(client, liftoff, sent))["status"] == "replied"

    async def test_that_names_no_mail_is_known_by_its_address(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, messages.reply("A new thread", "Lead0@X.example", about=""))
        assert (await lead_now(client, liftoff, sent))["status"] == "replied"

    async def test_by_address_must_have_come_after_what_it_could_answer(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        due, message = sent.claim.due, recognise(sent.reply(about=""))
        before = liftoff.clock.now() - timedelta(minutes=1)
        mailbox = Mailbox(due.workspace_id, due.sender_id, MAILBOX)
        await liftoff.mail_hearing.hear(mailbox, message, before, [b"old"], new_id())
        assert (await lead_now(client, liftoff, sent))["status"] == "sent"

    async def test_of_somebody_nobody_wrote_to_changes_nothing_and_is_not_kept(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, messages.reply("Hi!", "stranger@y.example", about=""))
        await hear(liftoff, sent, messages.reply("Hi!", "not an address", about=f"<{new_id()}@y.example>"))
        assert (await lead_now(client, liftoff, sent))["status"] == "sent"
        assert await notes(liftoff, sent.claim.due.workspace_id) == 0

    async def test_of_the_sender_itself_is_a_copy_of_what_it_wrote(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, messages.reply("As I said", MAILBOX, sent.message_id))
        assert (await lead_now(client, liftoff, sent))["status"] == "sent"

    async def test_to_a_send_of_unknown_outcome_shows_that_it_was_made(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, sender_id: UUID
    ) -> None:
        sent = await send_one(launch, worker, sender_id, Unknown("the connection was lost"))
        await hear(liftoff, sent, sent.reply())
        assert (await lead_now(client, liftoff, sent))["status"] == "replied"


@pytest.mark.parametrize("kind", ["out of office", "delayed"])
async def test_an_automatic_answer_and_a_report_of_a_delay_change_nothing(
    client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent, kind: str
) -> None:
    away = sent.reply("Back on Monday", Auto_Submitted="auto-replied")
    await hear(liftoff, sent, away if kind == "out of office" else sent.report("delayed"))
    assert (await lead_now(client, liftoff, sent))["status"] == "sent"
    assert await is_due(liftoff, sent)
    assert await suppressed_for(client) == []


class TestADeliveryReport:
    async def test_bounces_the_lead_keeps_the_servers_words_and_suppresses_the_address(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, sent.report(diagnostic="smtp; 550 5.1.1 no lead0@x.example here"))
        lead = await lead_now(client, liftoff, sent)
        assert (lead["status"], lead["bounced_at"] is not None) == ("bounced", True)
        last = (await events_of(client, sent))[-1]
        assert (last["type"], last["data"]["code"]) == ("mail-bounced", 550)
        assert last["words"] == "550 5.1.1 no lead0@x.example here"
        assert await suppressed_for(client) == ["hard-bounce"]
        assert not await is_due(liftoff, sent)
        log = await liftoff.pool.fetch("SELECT payload FROM events")
        assert "x.example" not in "".join(row["payload"] for row in log)

    async def test_bounces_a_lead_that_is_through_with_its_sequence(
        self,
        client: httpx.AsyncClient,
        liftoff: Liftoff,
        launch: Launch,
        worker: Worker,
        sender_id: UUID,
        clock: MovableClock,
    ) -> None:
        sent = await send_one(launch, worker, sender_id)
        tomorrow(clock)
        follow_up = [claim for claim in await worker.take() if claim.due.key == sent.claim.due.key]
        await worker.record(follow_up, ACCEPTED)
        assert (await lead_now(client, liftoff, sent))["status"] == "completed"
        await hear(liftoff, sent, sent.report())
        assert (await lead_now(client, liftoff, sent))["status"] == "bounced"

    async def test_of_a_full_mailbox_bounces_the_lead_and_suppresses_nobody(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, sent.report(diagnostic="smtp; 552 5.2.2 over quota", status="5.2.2"))
        assert (await lead_now(client, liftoff, sent))["status"] == "bounced"
        assert await suppressed_for(client) == []

    async def test_that_returns_nothing_is_known_by_the_recipient(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, sent.report(about="<nothing>"))
        assert (await lead_now(client, liftoff, sent))["status"] == "bounced"

    async def test_counts_once_for_the_bounce_guard(self, liftoff: Liftoff, sent: Sent) -> None:
        for number in range(3):
            await hear(liftoff, sent, sent.report(message_id=f"<{number}@mx.example>"))
        tally = await liftoff.pool.fetchrow(
            "SELECT sent, bounced FROM dispatch_tallies WHERE campaign_id = $1", sent.campaign_id
        )
        assert tuple(tally or ()) == (1, 1)

    async def test_is_not_heard_again_after_the_suppression_was_lifted(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, sent.report())
        [entry] = (await client.get("/api/suppressions")).json()["suppressions"]
        assert (await client.delete(f"/api/suppressions/{entry['id']}")).status_code == 204
        await hear(liftoff, sent, sent.report())
        assert await suppressed_for(client) == []

    async def test_that_comes_before_the_outcome_lets_it_be_recorded(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, sender_id: UUID
    ) -> None:
        campaign_id = await launch(1, [sender_id])
        claim = await claim_of(worker, campaign_id)
        sent = Sent(campaign_id, claim)
        await hear(liftoff, sent, sent.report())
        await worker.record([claim], ACCEPTED)
        assert (await lead_now(client, liftoff, sent))["status"] == "bounced"
        assert not await is_due(liftoff, sent)
        stats = (await client.get(sent.url)).json()["campaign"]["stats"]
        assert (stats["sent"], stats["bounced"]) == (1, 1)


class TestAComplaint:
    async def test_ends_the_lead_and_suppresses_the_person_for_good(
        self, client: httpx.AsyncClient, liftoff: Liftoff, sent: Sent
    ) -> None:
        await hear(liftoff, sent, sent.complaint())
        assert (await lead_now(client, liftoff, sent))["status"] == "unsubscribed"
        assert not await is_due(liftoff, sent)
        [entry] = (await client.get("/api/suppressions")).json()["suppressions"]
        assert entry["reason"] == "complaint"
        refused = await client.delete(f"/api/suppressions/{entry['id']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "complained-for-good")

    async def test_ends_what_is_under_way_to_the_person_in_other_campaigns_too(
        self, client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, sender_id: UUID
    ) -> None:
        sent = await send_one(launch, worker, sender_id)
        other = await send_one(launch, worker, sender_id)
        await hear(liftoff, sent, sent.complaint())
        assert (await lead_now(client, liftoff, other))["status"] == "unsubscribed"


async def test_what_was_heard_is_forgotten_after_a_while(
    liftoff: Liftoff, launch: Launch, worker: Worker, sender_id: UUID, clock: MovableClock
) -> None:
    sent = await send_one(launch, worker, sender_id)
    await hear(liftoff, sent, sent.report())
    clock.move(REMEMBERED + timedelta(days=1))
    await hear(liftoff, sent, sent.report(message_id="<another@mx.example>"))
    assert await notes(liftoff, sent.claim.due.workspace_id) == 1


async def test_counters_lists_and_the_verified_history_agree_after_all_of_it(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    launch: Launch,
    worker: Worker,
    sender_id: UUID,
    tmp_path: Path,
) -> None:
    replied = await send_one(launch, worker, sender_id)
    await hear(liftoff, replied, replied.reply(message_id="<a@x.example>"))
    lost = await send_one(launch, worker, sender_id, Unknown("the connection was lost"))
    await hear(liftoff, lost, lost.report(message_id="<b@x.example>"))
    await caught_up(liftoff)
    for sent, milestone in ((replied, "replied"), (lost, "bounced")):
        campaign = (await client.get(sent.url)).json()["campaign"]
        assert (campaign["stats"]["sent"], campaign["stats"][milestone]) == (1, 1)
        assert (await client.post(f"{sent.url}/sync-stats")).json()["differences"] == []
    await export(liftoff, workspace_id, tmp_path / "export")
    assert verifier.main([str(tmp_path / "export")]) == 0
