"""The credentials of an inbox: kept as long as they are used, and there for who has just looked up the account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from domain import streams
from domain.sender.events import InboxConfigured, SenderRemoved
from domain.sender.state import Sender
from service.channels.outcome import Accepted
from service.composition import Liftoff
from service.database.migrate import migrate, shipped_migrations
from service.database.pool import Connection, connect_as_owner
from service.dispatch.mails import ReadyMail
from service.ids import new_id
from service.store.codec import Codec
from tests.api.making import caller, make_sender
from tests.dispatch.conftest import Launch, Worker, launch
from tests.dispatch.waiting import until_somebody_waits

__all__ = ["launch"]

NOBODY_LISTENS = {"inbox": {"smtp_url": "smtp://ada:other@127.0.0.1:9"}}


async def sender_of(liftoff: Liftoff, workspace_id: UUID, sender_id: UUID) -> Sender:
    return await liftoff.senders.load(workspace_id, sender_id)


async def kept(liftoff: Liftoff, workspace_id: UUID, *documents: UUID | None) -> list[bool]:
    """Whether each of the documents is still there to be opened."""
    async with liftoff.pool.acquire() as connection:
        wanted = [document for document in documents if document is not None]
        opened = await liftoff.vault.open_many(connection, workspace_id, wanted)
    return [document in opened for document in documents]


@asynccontextmanager
async def replaced_meanwhile(liftoff: Liftoff, database: str, sender: Sender) -> AsyncIterator[None]:
    """Whoever reads in the block has looked up the account when its inbox is replaced, and opens the texts after it."""
    owner = await connect_as_owner(database, application_name="test")
    try:
        async with owner.transaction():
            await owner.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
            yield
            await until_somebody_waits(liftoff.pool)
            await owner.execute("DELETE FROM documents WHERE document_id = $1", sender.inbox_id)
    finally:
        await owner.close()


async def test_they_go_with_the_account_and_who_it_was_stays(
    liftoff: Liftoff, client: httpx.AsyncClient, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    sender = await sender_of(liftoff, workspace_id, sender_id)
    assert await kept(liftoff, workspace_id, sender.inbox_id, sender.profile_id) == [True, True]
    assert (await client.delete(f"/api/senders/{sender_id}")).status_code == 204
    assert await kept(liftoff, workspace_id, sender.inbox_id, sender.profile_id) == [False, True]


async def test_they_go_when_others_take_their_place(
    liftoff: Liftoff, client: httpx.AsyncClient, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    before = await sender_of(liftoff, workspace_id, sender_id)
    changed = await client.patch(f"/api/senders/{sender_id}", json=NOBODY_LISTENS)
    assert changed.status_code == 200
    after = await sender_of(liftoff, workspace_id, sender_id)
    assert await kept(liftoff, workspace_id, before.inbox_id, after.inbox_id) == [False, True]


async def test_they_stay_when_something_else_is_changed_or_refused(
    liftoff: Liftoff, client: httpx.AsyncClient, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    sender = await sender_of(liftoff, workspace_id, sender_id)
    assert (await client.patch(f"/api/senders/{sender_id}", json={"daily_limit": 31})).status_code == 200
    refused = await client.patch(f"/api/senders/{sender_id}", json={"inbox": {"smtp_url": "nonsense"}})
    assert refused.status_code == 400
    assert await kept(liftoff, workspace_id, sender.inbox_id) == [True]


async def test_a_mail_is_made_although_the_inbox_is_replaced_meanwhile(
    liftoff: Liftoff, database: str, workspace_id: UUID, launch: Launch
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    await launch(1, [sender_id])
    worker = Worker(liftoff)
    claims = await worker.take()
    async with replaced_meanwhile(liftoff, database, await sender_of(liftoff, workspace_id, sender_id)):
        making = asyncio.create_task(worker.prepare(claims))
    [mail] = await making
    assert isinstance(mail, ReadyMail), mail
    await worker.record_prepared([mail], Accepted(250, "OK"))


async def test_an_account_is_verified_although_its_inbox_is_replaced_meanwhile(
    liftoff: Liftoff, database: str, workspace_id: UUID
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    async with replaced_meanwhile(liftoff, database, await sender_of(liftoff, workspace_id, sender_id)):
        verifying = asyncio.create_task(liftoff.accounts.verify(caller(workspace_id), sender_id))
    assert (await verifying).id == sender_id


# --- Databases of before ----------------------------------------------------------------------------------------------


async def test_a_migration_erases_those_that_were_left_behind(empty_database: str) -> None:
    await migrate(empty_database, shipped_migrations()[:23])
    owner = await connect_as_owner(empty_database, application_name="test")
    try:
        in_use, removed, other = new_id(), new_id(), new_id()
        first, second, of_removed, of_other = [new_id() for _ in range(4)]
        await live(owner, in_use, InboxConfigured(inbox_id=first), InboxConfigured(inbox_id=second))
        await live(owner, removed, InboxConfigured(inbox_id=of_removed), SenderRemoved())
        await live(owner, other, InboxConfigured(inbox_id=of_other))
        profile = new_id()
        for document in (first, second, of_removed, of_other, profile):
            await owner.execute(
                "INSERT INTO documents (workspace_id, document_id, owner_id, sealed) VALUES ($1, $2, $3, '')",
                WORKSPACE,
                document,
                new_id(),
            )
        await migrate(empty_database)
        left = {row["document_id"] for row in await owner.fetch("SELECT document_id FROM documents")}
    finally:
        await owner.close()
    assert left == {second, of_other, profile}


WORKSPACE = new_id()
CODEC = Codec([InboxConfigured, SenderRemoved])


async def live(owner: Connection, sender_id: UUID, *events: InboxConfigured | SenderRemoved) -> None:
    """Let this be the history of an account."""
    for version, event in enumerate(events, start=1):
        await owner.execute(
            """INSERT INTO events (workspace_id, stream, version, position, event_id, type, schema_version, actor,
                                   correlation_id, recorded_at, payload)
               VALUES ($1, $2, $3, nextval('event_positions'), $4, $5, $6, 'test', $4, now(), $7)""",
            WORKSPACE,
            streams.sender(sender_id),
            version,
            new_id(),
            event.type,
            event.schema,
            CODEC.encode(event).decode(),
        )
