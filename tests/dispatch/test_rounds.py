"""What workers ask again and again, however much is due: it must not read what it does not find."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from domain.breaker import FAILURES_IN_A_ROW
from service.clock import SystemClock
from service.database.pool import Connection, open_pool
from service.database.statements import statements
from service.dispatch import claims
from service.ids import new_id

WAITING: Final = 5_000
WORKSPACE: Final = new_id()
CAMPAIGN: Final = new_id()
ENDED: Final = new_id()
SENDER: Final = new_id()
LIVING: Final = new_id()
DEAD: Final = new_id()
NOW: Final = SystemClock().now()
_CAMPAIGN: Final = (
    "INSERT INTO dispatch_campaigns (workspace_id, campaign_id, status, epoch) VALUES ($1, $2, $3, 1)"
)
_SENDER: Final = """
    INSERT INTO dispatch_senders (workspace_id, sender_id, slot, usable, daily_limit) VALUES ($1, $2, 0, true, 50)
"""
_LANE: Final = "INSERT INTO dispatch_lanes (workspace_id, sender_id, campaign_id) VALUES ($1, $2, $3)"
_WORKER: Final = "INSERT INTO dispatch_workers (worker_id, beat_at) VALUES ($1, $2)"
_DUE: Final = """
    INSERT INTO dispatch_due
        (workspace_id, lead_id, campaign_id, sender_id, person_id, document_id, node_id, due_at, task,
         worker_id, send_id)
    SELECT $1, gen_random_uuid(), $2, $3, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
           $4::timestamptz + interval '1 day', 'email', $5::uuid, CASE WHEN $5 IS NOT NULL THEN gen_random_uuid() END
      FROM generate_series(1, $6)
"""
_READ: Final = """
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
     WHERE schemaname = 'liftoff' AND relname = 'dispatch_due'
"""
LOOKS: Final[Mapping[str, tuple[str, Mapping[str, object], int]]] = {
    "sends lost with their worker": ("housekeeping.lost_sends", {"beat_before": NOW, "at_most": 500}, 3),
    "campaigns that are done": ("housekeeping.done_campaigns", {}, 0),
    "campaigns that have ended": ("housekeeping.ended_campaigns", {}, 0),
    "senders who wait for an answer": ("watch.awaiting_senders", {"seen_before": NOW, "at_most": 10}, 0),
    "leads whose time is over": ("watch.overdue", {"now": NOW, "at_most": 500}, 0),
    "sends in doubt": ("watch.doubtful", {"now": NOW, "at_most": 500}, 0),
    "senders that may send": (
        "claims.free_senders",
        {"shard": 0, "shards": 1, "failures": FAILURES_IN_A_ROW, "now": NOW},
        0,
    ),
}
"""The statement, what it is asked with, and how many rows it is to find."""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """In a transaction, beside a large campaign of which nothing is due yet, and one that has ended.

    The plans are those that are kept for any arguments, made while nothing is known of the tables.
    """
    async with await open_pool(database) as pool, pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(_SENDER, WORKSPACE, SENDER)
        for campaign, status in ((CAMPAIGN, "active"), (ENDED, "completed")):
            await connection.execute(_CAMPAIGN, WORKSPACE, campaign, status)
            await connection.execute(_LANE, WORKSPACE, SENDER, campaign)
        await connection.execute(_WORKER, LIVING, NOW)
        await plan(connection, CAMPAIGN, None, WAITING)
        await plan(connection, CAMPAIGN, LIVING, 20)
        await plan(connection, CAMPAIGN, DEAD, 3)
        yield connection


async def plan(connection: Connection, campaign: UUID, worker: UUID | None, leads: int) -> None:
    """Let something be due to so many leads tomorrow, or be in flight with the worker."""
    await connection.execute(_DUE, WORKSPACE, campaign, SENDER, NOW, worker, leads)


def ask(connection: Connection, statement: str, arguments: Mapping[str, object]) -> Any:
    """What a statement of the dispatch answers."""
    module, name = statement.split(".")
    queries: Any = statements(Path(claims.__file__).with_name(f"{module}.sql"))
    return getattr(queries, name)(connection, **arguments)


@pytest.mark.parametrize("look", LOOKS)
async def test_a_look_reads_next_to_nothing_of_what_is_due(connection: Connection, look: str) -> None:
    statement, arguments, expected = LOOKS[look]
    before = await connection.fetchval(_READ)

    found = [row async for row in ask(connection, statement, arguments)]

    assert len(found) == expected
    assert await connection.fetchval(_READ) - before < 100


@pytest.mark.parametrize("left", ["waiting", "in flight", "nothing"])
async def test_a_campaign_is_done_when_nothing_waits_and_nothing_is_in_flight(
    connection: Connection, left: str
) -> None:
    campaign = new_id()
    await connection.execute(_CAMPAIGN, WORKSPACE, campaign, "active")
    if left != "nothing":
        await plan(connection, campaign, LIVING if left == "in flight" else None, 1)

    before = await connection.fetchval(_READ)
    something = await ask(
        connection, "gates.something_left", {"workspace_id": WORKSPACE, "campaign_id": campaign}
    )
    assert await connection.fetchval(_READ) - before < 100
    done = {row["campaign_id"] async for row in ask(connection, "housekeeping.done_campaigns", {})}

    assert something == (left != "nothing")
    assert (campaign in done) == (left == "nothing")
