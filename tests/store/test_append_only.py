"""History is never edited, and there is one way to add to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.database.pool import Connection, Pool
from service.store.log import EventStore
from tests.store.events import append, write

EDITS = [
    f"{statement} {condition}"
    for table, column in (("events", "actor = 'nobody'"), ("appends", "digest = ''"))
    for statement, condition in (
        (f"UPDATE {table} SET {column}", ""),
        (f"UPDATE {table} SET {column}", "WHERE false"),
        (f"DELETE FROM {table}", ""),
        (f"TRUNCATE {table}", ""),
    )
]
INSERTS = [
    "INSERT INTO events SELECT workspace_id, stream, version + 1, position + 1, event_id, type, schema_version, actor,"
    " correlation_id, causation_id, epoch, recorded_at, payload FROM events",
    "INSERT INTO appends SELECT gen_random_uuid(), append_id, digest, versions, event_ids FROM appends",
    "INSERT INTO streams (workspace_id, stream) VALUES (gen_random_uuid(), 's')",
]
TAMPERING = [
    "UPDATE streams SET version = 0",
    "DELETE FROM streams",
    "SELECT nextval('event_positions')",
    "SELECT lock_floor()",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "DROP TABLE events",
]


@pytest.fixture(autouse=True)
async def history(store: EventStore, workspace: UUID, owner: Connection) -> AsyncIterator[None]:
    """One event, found unchanged at the end."""
    await store.append(append(workspace, write("a", 1), append_id=uuid4()))
    before = await owner.fetch("SELECT e::text, a::text FROM events AS e, appends AS a")
    yield
    assert await owner.fetch("SELECT e::text, a::text FROM events AS e, appends AS a") == before


@pytest.mark.parametrize("edit", EDITS)
async def test_the_owner_cannot_edit_history(owner: Connection, edit: str) -> None:
    with pytest.raises(asyncpg.ProhibitedSQLStatementAttemptedError, match="never edited"):
        await owner.execute(edit)


async def test_replication_role_is_no_back_door(owner: Connection) -> None:
    await owner.execute("SET session_replication_role = replica")
    with pytest.raises(asyncpg.ProhibitedSQLStatementAttemptedError, match="never edited"):
        await owner.execute("DELETE FROM events")


@pytest.mark.parametrize("statement", [*EDITS, *INSERTS, *TAMPERING])
async def test_the_application_has_no_right_but_to_read_and_to_append(pool: Pool, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_the_application_reads_what_it_wants(pool: Pool) -> None:
    for table in ("events", "streams", "appends"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 1
