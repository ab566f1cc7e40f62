"""Who is left out because another campaign has them: the same people however many leads there are, here or there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from domain.campaign.events import IN_OPERATION
from service.database.pool import Connection, open_pool
from service.database.statements import statements
from service.ids import new_id
from service.launch import selection

WORKSPACE: Final = new_id()
OWN: Final = new_id()
MANY: Final = 5_000
BUSY, BUSY_TWICE, LAUNCHING, DONE, SKIPPED, STOPPED = PEOPLE = [new_id() for _ in range(6)]
_queries: Any = statements(Path(selection.__file__).with_name("selection.sql"))
_CAMPAIGN: Final = (
    "INSERT INTO dispatch_campaigns (workspace_id, campaign_id, status, epoch) VALUES ($1, $2, $3, 1)"
)
_LEADS: Final = """
    INSERT INTO roster (workspace_id, campaign_id, person_id, lead_id, ordinal, document_id, fields, skipped)
    SELECT $1, $2, person, gen_random_uuid(), row_number() OVER (), gen_random_uuid(), '{}', $4
      FROM unnest($3::uuid[]) AS person
"""
_OTHERS: Final = "SELECT array_agg(gen_random_uuid()) FROM generate_series(1, $1)"
_DUE: Final = """
    INSERT INTO dispatch_due
        (workspace_id, lead_id, campaign_id, sender_id, person_id, document_id, node_id, due_at, task)
    SELECT workspace_id, lead_id, campaign_id, gen_random_uuid(), person_id, document_id, gen_random_uuid(), now(),
           'email'
      FROM roster
     WHERE workspace_id = $1 AND campaign_id = $2 AND skipped IS NULL
"""
_READ: Final = """
    SELECT sum(seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_xact_user_tables
     WHERE schemaname = 'liftoff' AND relname IN ('roster', 'dispatch_due')
"""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """In a transaction.

    The plans are those that are kept for any arguments, made while nothing is known of the tables.
    """
    async with await open_pool(database) as pool, pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        yield connection


async def campaign(
    connection: Connection,
    status: str,
    people: Sequence[UUID],
    *,
    due: bool = True,
    skipped: int | None = None,
    id_: UUID | None = None,
) -> UUID:
    """A campaign of these people; each of them has something due in it, or nothing any more."""
    campaign_id = id_ or new_id()
    await connection.execute(_CAMPAIGN, WORKSPACE, campaign_id, status)
    await connection.execute(_LEADS, WORKSPACE, campaign_id, people, skipped)
    if due:
        await connection.execute(_DUE, WORKSPACE, campaign_id)
    return campaign_id


async def strangers(connection: Connection, count: int) -> list[UUID]:
    """So many people of whom nothing else is known."""
    return list(await connection.fetchval(_OTHERS, count)) if count else []


async def left_out(connection: Connection, leads: int, skip_other: bool = True) -> dict[UUID, UUID]:
    """The people whom a launch of the campaign of so many leads leaves out, and the campaigns they are in."""
    rows = _queries.left_out(
        connection,
        workspace_id=WORKSPACE,
        campaign_id=OWN,
        leads=leads,
        asking=[],
        variables=[],
        prompts=[],
        skip_other=skip_other,
        in_operation=list(IN_OPERATION),
    )
    busy = {row["lead_id"]: row["other_campaign"] async for row in rows}
    people = await connection.fetch(
        "SELECT lead_id, person_id FROM roster WHERE workspace_id = $1 AND campaign_id = $2", WORKSPACE, OWN
    )
    return {row["person_id"]: busy[row["lead_id"]] for row in people if row["lead_id"] in busy}


@pytest.mark.parametrize(("here", "there"), [(0, 0), (0, 50), (50, 0)])
async def test_who_has_something_due_elsewhere_or_is_being_launched_there_is_left_out(
    connection: Connection, here: int, there: int
) -> None:
    own = [*PEOPLE, *await strangers(connection, here)]
    await campaign(connection, "draft", own, due=False, id_=OWN)
    active = await campaign(connection, "active", [BUSY, BUSY_TWICE, *await strangers(connection, there)])
    paused = await campaign(connection, "paused", [BUSY_TWICE])
    launching = await campaign(connection, "launching", [LAUNCHING], due=False)
    await campaign(connection, "active", [DONE], due=False)
    await campaign(connection, "launching", [SKIPPED], due=False, skipped=1)
    await campaign(connection, "stopped", [STOPPED])
    assert await left_out(connection, len(own)) == {
        BUSY: active,
        BUSY_TWICE: min(active, paused),
        LAUNCHING: launching,
    }
    assert await left_out(connection, len(own), skip_other=False) == {}


async def test_a_small_launch_reads_next_to_nothing_of_large_campaigns(connection: Connection) -> None:
    await campaign(connection, "draft", PEOPLE, due=False, id_=OWN)
    active = await campaign(connection, "active", [BUSY, *await strangers(connection, MANY)])
    before = await connection.fetchval(_READ)
    assert await left_out(connection, len(PEOPLE)) == {BUSY: active}
    assert await connection.fetchval(_READ) - before < 100


async def test_a_large_launch_looks_for_none_of_its_leads_in_small_campaigns(connection: Connection) -> None:
    own = [*PEOPLE, *await strangers(connection, MANY)]
    await campaign(connection, "draft", own, due=False, id_=OWN)
    active = await campaign(connection, "active", [BUSY])
    before = await connection.fetchval(_READ)
    assert await left_out(connection, len(own)) == {BUSY: active}
    once_by_the_launch_and_once_by_this_test = 2 * len(own)
    assert await connection.fetchval(_READ) - before < once_by_the_launch_and_once_by_this_test + 100
