"""Inboxes read by IMAP: every message has its effect once, whatever happens to connections, readers and numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from domain.sender import events as sender_events
from service.channels.imap import ImapFailed
from service.channels.outcome import Unknown
from service.channels.received import recognise
from service.composition import Liftoff
from service.ids import new_id
from service.inbound.hearing import Mailbox, message_key
from service.inbound.places import LEASE, LeaseLost, Place, Places
from service.inbound.readers import Readers
from service.inbound.reconciling import LOOKED_FOR, Reconciling
from service.inbound.visits import Unreadable, Visits
from service.texts import Inbox, pack
from tests.api.making import caller
from tests.channels import messages
from tests.channels.certificates import TlsEnds, make_tls_ends
from tests.channels.messages import MAILBOX
from tests.dispatch.conftest import Launch, Worker
from tests.http.conftest import MovableClock
from tests.inbound.conftest import Sent, events_of, lead_now, send_one, suppressed_for
from tests.inbound.imap import Folder, ImapServer, imap_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

Configure: TypeAlias = Callable[[ImapServer], Awaitable[None]]


@pytest.fixture(scope="module")
def tls_ends(tmp_path_factory: pytest.TempPathFactory) -> TlsEnds:
    return make_tls_ends(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture(loop_scope="module")
async def server(tls_ends: TlsEnds, configure: Configure) -> AsyncIterator[ImapServer]:
    """The mailbox of the sender."""
    async with imap_server(tls_ends.server) as opened:
        await configure(opened)
        yield opened


@pytest.fixture
def configure(liftoff: Liftoff, workspace_id: UUID, sender_id: UUID) -> Configure:
    """Lets the sender account read its mail at a server."""

    async def configured(server: ImapServer) -> None:
        async with liftoff.store.transaction() as connection:
            inbox = pack(Inbox("smtp://127.0.0.1:2525", server.url))
            inbox_id = await liftoff.vault.seal(connection, workspace_id, sender_id, inbox)
        events = (sender_events.InboxConfigured(inbox_id=inbox_id), sender_events.InboxVerified())
        await liftoff.senders.execute(caller(workspace_id), sender_id, lambda _: events)

    return configured


@pytest.fixture
def places(liftoff: Liftoff) -> Places:
    return Places(liftoff.pool, liftoff.clock)


@pytest.fixture
def visits(liftoff: Liftoff, places: Places, tls_ends: TlsEnds) -> Visits:
    return Visits(
        liftoff.pool,
        liftoff.vault,
        liftoff.senders,
        places,
        liftoff.mail_hearing,
        Reconciling(liftoff.pool, liftoff.resolutions, liftoff.clock),
        tls_ends.client,
        ThreadPoolExecutor(4),
        stay_seconds=5.0,
    )


async def never() -> bool:
    return False


async def take(places: Places, sender_id: UUID) -> Place:
    """The lease of the sender's inbox."""
    [place] = [place for place in await places.take(100) if place.sender_id == sender_id]
    return place


@pytest_asyncio.fixture(loop_scope="module")
async def read(visits: Visits, places: Places, sender_id: UUID) -> Callable[[], Awaitable[None]]:
    """Visits the sender's inbox once."""

    async def visit() -> None:
        place = await take(places, sender_id)
        try:
            await visits.visit(place, never)
        finally:
            await places.leave(place, timedelta())

    return visit


Read: TypeAlias = Callable[[], Awaitable[None]]


async def replies(client: httpx.AsyncClient, sent: Sent) -> int:
    return [event["type"] for event in await events_of(client, sent)].count("lead-replied")


async def test_what_is_in_the_inbox_is_heard(
    client: httpx.AsyncClient, liftoff: Liftoff, server: ImapServer, sent: Sent, read: Read
) -> None:
    now = liftoff.clock.now()
    server.deliver(messages.reply("Hi!", "stranger@y.example", about=""), now)
    server.deliver(sent.reply("Back on Monday", Auto_Submitted="auto-replied"), now)
    server.deliver(sent.report("delayed"), now)
    await read()
    assert (await lead_now(client, liftoff, sent))["status"] == "sent"
    server.deliver(sent.reply("Yes, on Monday."), now)
    await read()
    assert (await lead_now(client, liftoff, sent))["status"] == "replied"
    assert (await events_of(client, sent))[-1]["words"] == "Yes, on Monday."


async def test_a_message_is_heard_once_however_often_the_inbox_is_read_and_renumbered(
    client: httpx.AsyncClient, liftoff: Liftoff, server: ImapServer, sent: Sent, read: Read
) -> None:
    server.deliver(sent.report(), liftoff.clock.now())
    await read()
    [entry] = (await client.get("/api/suppressions")).json()["suppressions"]
    await client.delete(f"/api/suppressions/{entry['id']}")
    fetched = server.commands.count("FETCH")
    await read()
    assert server.commands.count("FETCH") == fetched
    server.renumber()
    server.deliver(sent.reply(message_id="<late@x.example>"), liftoff.clock.now())
    await read()
    assert server.commands.count("FETCH") == fetched + 2
    assert await suppressed_for(client) == []
    assert (await lead_now(client, liftoff, sent))["status"] == "bounced"


async def test_mails_from_before_there_was_the_sender_are_left_alone(
    client: httpx.AsyncClient, liftoff: Liftoff, server: ImapServer, sent: Sent, read: Read
) -> None:
    long_ago = liftoff.clock.now() - timedelta(days=30)
    server.deliver(messages.reply("An old thread", "lead0@x.example", about=""), long_ago)
    server.deliver(
        messages.reply("This morning", "lead0@x.example", about=""), liftoff.clock.now().replace(hour=1)
    )
    await read()
    assert server.commands.count("FETCH") == 1
    assert (await lead_now(client, liftoff, sent))["status"] == "sent"


async def test_who_was_told_by_webhook_is_not_told_again_by_the_inbox(
    client: httpx.AsyncClient, liftoff: Liftoff, server: ImapServer, sent: Sent, read: Read
) -> None:
    due = sent.claim.due
    message = recognise(sent.reply())
    mailbox = Mailbox(due.workspace_id, due.sender_id, MAILBOX)
    key = message_key(message.message_id)
    await liftoff.mail_hearing.hear(mailbox, message, liftoff.clock.now(), [key], new_id())
    server.deliver(sent.reply(), liftoff.clock.now())
    await read()
    assert await replies(client, sent) == 1


async def test_a_lost_connection_loses_no_message(
    client: httpx.AsyncClient, liftoff: Liftoff, server: ImapServer, sent: Sent, read: Read
) -> None:
    server.deliver(messages.reply("Hi!", "stranger@y.example", about=""), liftoff.clock.now())
    server.deliver(sent.reply(), liftoff.clock.now())
    original = server.folders["INBOX"].messages[1].raw
    server.folders["INBOX"].messages[1].raw = _Cutting(original, server)
    with pytest.raises(ImapFailed):
        await read()
    assert (await lead_now(client, liftoff, sent))["status"] == "sent"
    server.folders["INBOX"].messages[1].raw = original
    await read()
    assert server.commands.count("FETCH") == 3
    assert await replies(client, sent) == 1


class _Cutting(bytes):
    """A message at which the server breaks down."""

    def __new__(cls, content: bytes, server: ImapServer) -> _Cutting:
        made = super().__new__(cls, content)
        made.server = server
        return made

    server: ImapServer

    def __add__(self, other: bytes) -> bytes:  # type: ignore[override]
        self.server.cut()
        return b""


async def test_a_refused_log_in_is_tried_again_later_and_later(
    liftoff: Liftoff,
    server: ImapServer,
    places: Places,
    visits: Visits,
    sender_id: UUID,
    clock: MovableClock,
) -> None:
    server.lets_in = False
    waited: list[float] = []
    for _ in range(3):
        place = await take(places, sender_id)
        with pytest.raises(ImapFailed, match="log in"):
            await visits.visit(place, never)
        await places.fail(place)
        look_at = await liftoff.pool.fetchval(
            "SELECT look_at FROM inbox_readings WHERE sender_id = $1", sender_id
        )
        waited.append((look_at - clock.now()).total_seconds())
        clock.move(look_at - clock.now())
    assert waited == [15.0, 30.0, 60.0]


async def test_one_reads_at_a_time_and_who_lost_the_lease_changes_nothing(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    server: ImapServer,
    sent: Sent,
    places: Places,
    visits: Visits,
    sender_id: UUID,
    clock: MovableClock,
) -> None:
    frozen = await take(places, sender_id)
    assert sender_id not in {place.sender_id for place in await places.take(100)}
    clock.move(LEASE)
    successor = await take(places, sender_id)
    server.deliver(sent.reply(), clock.now())
    with pytest.raises(LeaseLost):
        await visits.visit(frozen, never)
    assert (await lead_now(client, liftoff, sent))["status"] == "sent"
    await visits.visit(successor, never)
    assert await replies(client, sent) == 1


async def test_another_inbox_is_read_from_its_beginning(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    server: ImapServer,
    tls_ends: TlsEnds,
    configure: Configure,
    sent: Sent,
    places: Places,
    visits: Visits,
    sender_id: UUID,
    read: Read,
) -> None:
    for _ in range(3):
        server.deliver(messages.reply("Hi!", "stranger@y.example", about=""), liftoff.clock.now())
    await read()
    before = await take(places, sender_id)
    async with imap_server(tls_ends.server) as other:
        await configure(other)
        other.deliver(sent.reply(), liftoff.clock.now())
        with pytest.raises(LeaseLost):
            await visits.visit(before, never)
        await read()
    assert await replies(client, sent) == 1


async def test_an_answer_is_heard_at_once_where_the_server_tells_of_it_and_readers_can_be_stopped(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    server: ImapServer,
    sent: Sent,
    places: Places,
    visits: Visits,
) -> None:

    async def is_idling() -> bool:
        return bool(server.idlers)

    async def has_replied() -> bool:
        return await replies(client, sent) == 1

    async def is_left() -> bool:
        return not server.connections

    readers = Readers(places, visits, 2, timedelta(milliseconds=10), timedelta(seconds=60))
    task = asyncio.create_task(readers.run())
    try:
        await _until(is_idling)
        server.deliver(sent.reply(), liftoff.clock.now())
        await _until(has_replied)
        await _until(is_idling)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await readers.stop()
    await _until(is_left)
    assert (await replies(client, sent), list(server.connections)) == (1, [])


async def test_a_mail_of_unknown_outcome_is_found_among_the_sent_ones(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    server: ImapServer,
    launch: Launch,
    worker: Worker,
    sender_id: UUID,
    read: Read,
) -> None:
    lost = await send_one(launch, worker, sender_id, Unknown("the connection was lost"))
    await read()  # without a folder of sent mails
    server.folders["Gesendet"] = Folder(marks="\\Sent")
    await read()  # without the mail in it
    assert (await lead_now(client, liftoff, lost))["status"] == "outcome_unknown"
    raw = f"Message-ID: {lost.message_id}\r\n\r\nHello".encode()
    server.deliver(raw, liftoff.clock.now(), "Gesendet")
    await read()
    lead = await lead_now(client, liftoff, lost)
    assert (lead["status"], lead["next_action_at"]) != ("outcome_unknown", None)
    told = {event["type"]: event for event in await events_of(client, lost)}
    assert "Gesendet" in told["send-accepted"]["words"]
    stats = (await client.get(lost.url)).json()["campaign"]["stats"]
    assert (stats["sent"], stats["outcome_unknown"]) == (1, 1)


async def test_a_mail_that_was_lost_long_ago_is_not_looked_for_any_more(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    server: ImapServer,
    launch: Launch,
    worker: Worker,
    sender_id: UUID,
    read: Read,
    clock: MovableClock,
) -> None:
    lost = await send_one(launch, worker, sender_id, Unknown("the connection was lost"))
    await lead_now(client, liftoff, lost)
    clock.move(LOOKED_FOR + timedelta(seconds=1))
    await read()
    assert "LIST" not in server.commands


async def test_an_inbox_without_imap_is_left_alone(sender_id: UUID, visits: Visits, places: Places) -> None:
    place = await take(places, sender_id)
    with pytest.raises(Unreadable):
        await visits.visit(place, never)
    await places.give_up(place)
    assert sender_id not in {place.sender_id for place in await places.take(100)}


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what happens in other tasks."""
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.01)
