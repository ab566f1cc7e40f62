"""Who is on a campaign already, as each part of an import asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from domain.lead.events import ImportedLead
from service.database.pool import Connection, connect_as_owner, open_pool
from service.database.statements import statements
from service.ids import new_id
from service.launch.selection import to_enrol
from service.leads import importing
from service.leads.roster import Entry, enlist

MEMBERS: Final = 5_000
_queries: Any = statements(Path(importing.__file__).with_name("roster.sql"))
_JOIN: Final = """
    INSERT INTO roster (workspace_id, campaign_id, person_id, lead_id, ordinal, document_id, fields)
    SELECT $1, $2, person_id, gen_random_uuid(), ordinal, gen_random_uuid(), '{}'
      FROM unnest($3::uuid[]) WITH ORDINALITY AS p (person_id, ordinal)
"""
_READ: Final = """
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
     WHERE schemaname = 'liftoff' AND relname = 'roster'
"""

_LARGE: Final = "UPDATE pg_class SET relpages = 1, reltuples = 10000 WHERE relname = 'roster'"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    async with await open_pool(database) as pool, pool.acquire() as connection, connection.transaction():
        yield connection


async def present(connection: Connection, workspace: UUID, campaign: UUID, people: list[UUID]) -> set[UUID]:
    rows = _queries.present(connection, workspace_id=workspace, campaign_id=campaign, person_ids=people)
    return {row["person_id"] async for row in rows}


async def test_who_is_on_the_campaign_or_was_erased_is_told_apart_from_everybody_else(
    connection: Connection,
) -> None:
    workspace, campaign = new_id(), new_id()
    member, erased, bounced, stranger, elsewhere = [new_id() for _ in range(5)]
    await connection.execute(_JOIN, workspace, campaign, [member])
    await connection.execute(_JOIN, workspace, new_id(), [elsewhere])
    await connection.execute(
        "INSERT INTO dispatch_suppressed VALUES ($1, $2, 'erased'), ($1, $3, 'hard-bounce')",
        workspace,
        erased,
        bounced,
    )

    people = [member, erased, bounced, stranger, elsewhere]
    assert await present(connection, workspace, campaign, people) == {member, erased}


async def test_leads_are_enlisted_as_they_are_with_the_fields_that_have_a_value(
    connection: Connection,
) -> None:
    workspace, campaign = new_id(), new_id()
    fields = [("email", "custom_fields.Größe"), ("email",), ("email", "custom_fields.Größe"), ()]
    leads = [ImportedLead(new_id(), ordinal, new_id(), new_id()) for ordinal in range(4)]

    await enlist(connection, workspace, campaign, map(Entry, leads, fields))

    rows = await connection.fetch("SELECT * FROM roster ORDER BY ordinal")
    assert [tuple(row.values()) for row in rows] == [
        (workspace, campaign, lead.person_id, lead.lead_id, lead.ordinal, lead.document_id, list(names), None)
        for lead, names in zip(leads, fields, strict=True)
    ]


async def test_leads_are_taken_off_without_reading_the_whole_campaign(connection: Connection) -> None:
    workspace, campaign, other = new_id(), new_id(), new_id()
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await connection.execute(_JOIN, workspace, campaign, [new_id() for _ in range(MEMBERS)])
    await connection.execute(_JOIN, workspace, other, [new_id()])
    first = await connection.fetch("SELECT lead_id FROM roster WHERE campaign_id = $1 LIMIT 3", campaign)
    foreign = await connection.fetchval("SELECT lead_id FROM roster WHERE campaign_id = $1", other)
    leads = {row["lead_id"] for row in first}
    before = await connection.fetchval(_READ)

    place = {"workspace_id": workspace, "campaign_id": campaign}
    found = _queries.leads_of(connection, **place, lead_ids=[*leads, foreign, new_id()])
    assert {row["lead_id"] async for row in found} == leads

    assert await connection.fetchval(_READ) - before < 100


async def test_a_part_of_an_import_reads_no_more_of_the_roster_than_it_has_in_common_with_it(
    connection: Connection,
) -> None:
    """Also under the plan that is kept for any campaign, made while nothing is known of the table."""
    workspace, campaign = new_id(), new_id()
    members = [new_id() for _ in range(MEMBERS)]
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await connection.execute(_JOIN, workspace, campaign, members)
    before = await connection.fetchval(_READ)

    people = [*members[:3], *[new_id() for _ in range(500)]]
    assert await present(connection, workspace, campaign, people) == set(members[:3])

    assert await connection.fetchval(_READ) - before < 100


async def test_the_next_leads_are_found_without_reading_those_behind_them(database: str) -> None:
    """Also when the planner knows no more of the table than that it is large."""
    workspace, campaign = new_id(), new_id()
    connection = await connect_as_owner(database, application_name="tests")
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            await connection.execute(_JOIN, workspace, campaign, [new_id() for _ in range(MEMBERS)])
            await connection.execute("UPDATE roster SET skipped = 1 WHERE ordinal = 103")
            await connection.execute(_LARGE)
            before = await connection.fetchval(_READ)

            leads = await to_enrol(connection, workspace, campaign, 100, 50)

            assert [lead.ordinal for lead in leads] == [101, 102, *range(104, 152)]
            assert await connection.fetchval(_READ) - before < 100
    finally:
        await connection.close()
