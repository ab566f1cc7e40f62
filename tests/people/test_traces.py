"""After an erasure no table, no sealed thing, no read and no log line has anything of the person left."""

from __future__ import annotations

import asyncio
import io
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from service.channels.outcome import Accepted, Refused
from service.composition import Liftoff
from service.database.pool import Connection, connect_as_owner
from service.vault import Sealer
from tests.api.drafting import ready_draft
from tests.dispatch.conftest import Launch, Worker
from tests.logs import logged
from tests.people.asking import caught_up, erase

ADA: Final = "lead0@x.example"
SECRETS: Final = (ADA, "Augusta", "Lovelace", "Only for her", "no such mailbox")


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Connection]:
    """Sees every table, as a backup does."""
    connection = await connect_as_owner(database, application_name="test")
    yield connection
    await connection.close()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the process logs, at the most talkative level."""
    stream = io.StringIO()
    with logged(stream, "debug"):
        yield stream


async def lived_through(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker
) -> list[str]:
    """Everything that leaves something of a person behind; answers the addresses of two campaigns."""
    url = await ready_draft(client, liftoff, workspace_id, ["bob@x.example"])
    lead = {
        "email": ADA,
        "first_name": "Augusta",
        "last_name": "Lovelace",
        "custom_fields": {"of": "Augusta"},
    }
    await client.post(f"{url}/leads", json={"prospects": [lead]})
    found = (await client.get(f"{url}/leads")).json()["prospects"]
    [lead_id] = [each["id"] for each in found if each["email"] == ADA]
    node_id = (await client.get(url)).json()["sequence_nodes"][0]["id"]
    words = {"prospect_id": lead_id, "node_id": node_id, "subject": "Augusta", "body": "Only for her"}
    written = await client.patch(f"{url}/generate-messages", json=words)
    assert written.status_code == 200, written.text

    running = await launch(1)
    claims = await worker.take()
    await worker.record(claims, Refused(550, "5.1.1 no such mailbox", "recipient"))
    await caught_up(liftoff)
    await client.post("/api/suppressions", json={"suppressions": [{"email": ADA}]})
    skipping = await client.post(f"{url}/launch", headers={"Idempotency-Key": "kept"})
    assert ADA in skipping.text
    return [url, f"/api/campaigns/{running}"]


async def test_nothing_is_found_in_a_dump_of_the_whole_database_nor_behind_its_seals(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    launch: Launch,
    worker: Worker,
    owner: Connection,
) -> None:
    urls = await lived_through(client, liftoff, workspace_id, launch, worker)
    before = await unsealed(liftoff)
    assert [secret for secret in SECRETS if secret not in before] == []

    erased = await erase(client, ADA)
    assert (erased["leads"], erased["drafts"]) == (2, 1)
    assert erased["documents"] > 3

    for table in await tables(owner):
        await owner.execute(f"VACUUM FULL {table}")
    dump = await dump_of(owner)
    assert "person-erased" in dump
    assert found_in(dump) == []
    assert found_in(await unsealed(liftoff)) == []
    for url in (
        *urls,
        *(f"{url}/leads" for url in urls),
        "/api/suppressions",
        f"{urls[0]}/generate-messages",
    ):
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        assert found_in(answer.text) == []


async def test_no_line_of_the_log_names_the_person_nor_do_the_metrics(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    await erase(client, ADA)
    await client.delete(f"/api/people/nobody-{ADA}@")
    profile = await erase(client, "https://www.linkedin.com/in/augusta-lovelace")
    assert profile["documents"] == 0
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/api/people/{identity}"] * 3
    told = log.getvalue().lower() + (await client.get("/metrics")).text.lower()
    assert [word for word in ("lead0", "x.example", "augusta", "lovelace") if word in told] == []


def found_in(text: str) -> list[str]:
    """What of the person stands in the text: as it is, or in hex, or in base64 at any offset."""
    low = text.lower()
    return [
        secret
        for secret in SECRETS
        if secret.lower() in low
        or secret.encode().hex() in low
        or any(form in text for form in _in_base64(secret.encode()))
    ]


def _in_base64(secret: bytes) -> Iterator[str]:
    """The characters that stand for the secret wherever it begins within a group of three bytes."""
    for offset in range(3):
        padded = bytes(offset) + secret
        whole = b64encode(padded[: len(padded) // 3 * 3]).decode()
        yield whole[(0, 2, 3)[offset] :]


async def tables(owner: Connection) -> list[str]:
    rows = await owner.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    )
    return [row["name"] for row in rows]


async def dump_of(owner: Connection) -> str:
    """Every row of every table as text, and what the planner has noted of their values."""
    out = io.BytesIO()
    for table in await tables(owner):
        await owner.copy_from_query(f"SELECT * FROM {table}", output=out)
    await owner.execute("ANALYZE")
    await owner.copy_from_query("SELECT * FROM pg_stats WHERE schemaname <> 'pg_catalog'", output=out)
    return out.getvalue().decode()


async def unsealed(liftoff: Liftoff) -> str:
    """All that can be read with the master key: every document, every answer kept for a repeated request."""
    texts: list[bytes] = []
    async with liftoff.pool.acquire() as connection:
        for row in await connection.fetch("SELECT workspace_id, document_id FROM documents"):
            opened: dict[Any, bytes] = await liftoff.vault.open_many(
                connection, row["workspace_id"], [row["document_id"]]
            )
            texts += opened.values()
        kept = await connection.fetch("SELECT * FROM idempotent_requests WHERE answer IS NOT NULL")
    sealer = Sealer(liftoff.master_key)
    for row in kept:
        place = row["workspace_id"].bytes + row["request"]
        texts.append(sealer.open_value("idempotent-answer", place, row["answer"]))
    return b"\n".join(texts).decode(errors="replace")


async def test_what_was_in_flight_leaves_nothing_behind_either(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    launch: Launch,
    worker: Worker,
) -> None:
    await launch(1)
    claims = await worker.take()
    recording = worker.record(claims, Accepted(250, f"queued for {ADA}"))
    await asyncio.gather(recording, erase(client, ADA))
    assert found_in(await unsealed(liftoff)) == []
