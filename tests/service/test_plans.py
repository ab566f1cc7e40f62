"""How Postgres looks for rows, whatever it knows: never through all that a workspace or a campaign has.

Its statistics are always of yesterday: of a database with one workspace, while another asks; or there are none at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import pytest

from service.composition import Liftoff
from service.database.pool import Connection, connect_as_owner
from service.database.statements import statements
from service.ids import new_id
from tests.api.fresh import app, client, clock, liftoff, workspace_id
from tests.http.conftest import MovableClock, log
from tests.launch.scene import Scene

__all__ = ["app", "client", "clock", "liftoff", "log", "workspace_id"]

HOUSE: Final = Path(__file__).parents[2]
FILES: Final = sorted(path for room in ("service", "projections") for path in (HOUSE / room).rglob("*.sql"))
NOT_PLANNED: Final = {"service/backup/backup.sql", "service/database/migrate.sql"}
"""What creates and drops things, and is executed by the owner."""
HOLDS_LITTLE: Final = "dispatch_due_in_flight_of"
"""The index of what is in flight: no more than the workers have places."""
NAMES_A_ROW: Final = re.compile(r"\b(?:lead_id|document_id|event_id)\b = ")
NOW: Final = datetime(2030, 3, 4, 9, tzinfo=UTC)
_LARGE: Final = """
    UPDATE pg_class SET relpages = 1, reltuples = $1
    WHERE relkind = 'r' AND relnamespace = 'liftoff'::regnamespace AND relname NOT LIKE 'pgqueuer%'
"""
_UNKNOWN: Final = """
    DELETE FROM pg_statistic
    WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'liftoff'::regnamespace)
"""
_INDEXES: Final = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid, 1, true) AS first, pg_get_indexdef(i.indexrelid, 2, true) AS second
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'liftoff'::regnamespace AND i.indnkeyatts > 1
"""
_KNOWN_WORKSPACES: Final = """
    SELECT c.relname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'liftoff'::regnamespace AND c.relkind = 'r' AND a.attname = 'workspace_id'
      AND a.attstattarget IS DISTINCT FROM 0 AND c.relname NOT LIKE 'audit\\_%'
"""
_EXAMPLES: Final[Mapping[str, object]] = {
    "text": "x",
    "bool": True,
    "int2": 5,
    "int4": 5,
    "int8": 5,
    "float8": 0.5,
    "numeric": Decimal("0.5"),
    "timestamptz": NOW,
    "date": NOW.date(),
    "interval": timedelta(days=1),
    "bytea": b"x",
    "json": "{}",
    "jsonb": "{}",
}


class Look(NamedTuple):
    """A look into an index: the statement it is part of, and its conditions, by the index and beside it."""

    statement: str
    through: str
    condition: str
    filter: str


@pytest.fixture
async def owner(
    database: str, liftoff: Liftoff, client: httpx.AsyncClient, clock: MovableClock, workspace_id: UUID
) -> AsyncIterator[Connection]:
    """The owner of a database that was analysed after one workspace had sent a campaign and launched another."""
    scene = Scene(liftoff, client, clock, workspace_id)
    campaign_id = await scene.draft()
    await scene.launches_normally(campaign_id)
    await scene.suppress(campaign_id)
    await scene.standing(campaign_id)
    await scene.perform(await scene.launched(), epoch=1)
    connection = await connect_as_owner(database, application_name="planner")
    await connection.execute("ANALYZE")
    yield connection
    await connection.close()


async def test_a_workspace_unknown_yesterday_is_not_read_through(owner: Connection) -> None:
    await owner.execute(_LARGE, 100_000)
    seconds = {
        row["relname"]: row["second"]
        for row in await owner.fetch(_INDEXES)
        if row["first"] == "workspace_id" and row["relname"] != HOLDS_LITTLE
    }
    looks = [look async for look in _looks(owner, "EXPLAIN (FORMAT JSON)")]
    through_all = [
        look
        for look in looks
        if look.through in seconds and not _is_about(look.condition, seconds[look.through])
    ]
    assert len(looks) > 150
    assert through_all == []


async def test_a_row_that_is_named_is_not_looked_for_among_others(owner: Connection) -> None:
    await owner.execute(_LARGE, 5_000)
    by_yesterday = [look async for look in _looks(owner, "EXPLAIN (FORMAT JSON)")]
    await owner.execute(_UNKNOWN)
    knowing_nothing = [look async for look in _looks(owner, "EXPLAIN (GENERIC_PLAN, FORMAT JSON)")]
    looks = [*by_yesterday, *knowing_nothing]
    assert any(NAMES_A_ROW.search(look.condition) for look in looks)
    assert [look for look in looks if NAMES_A_ROW.search(look.filter)] == []


async def test_of_workspaces_no_statistics_are_kept(owner: Connection) -> None:
    assert [row["relname"] for row in await owner.fetch(_KNOWN_WORKSPACES)] == []
    known = "SELECT tablename FROM pg_stats WHERE schemaname = 'liftoff' AND attname = 'workspace_id'"
    assert [row["tablename"] for row in await owner.fetch(known)] == []


async def _looks(connection: Connection, explain: str) -> AsyncIterator[Look]:
    """All looks into indexes that the statements of the service are made of."""
    for statement, sql in _statements():
        prepared = await connection.prepare(sql)
        arguments = map(_example, prepared.get_parameters())
        [explained] = json.loads(await connection.fetchval(f"{explain} {sql}", *arguments))
        for node in _nodes(explained["Plan"]):
            if index := node.get("Index Name"):
                yield Look(statement, index, node.get("Index Cond", ""), node.get("Filter", ""))


def _statements() -> Iterator[tuple[str, str]]:
    """Where each statement stands, and what it says."""
    for path in FILES:
        file = str(path.relative_to(HOUSE))
        if file not in NOT_PLANNED:
            found = statements(path)
            for name in found.available_queries:
                if not name.endswith("_cursor"):
                    yield f"{file} {name}", getattr(found, name).sql


def _example(kind: asyncpg.Type) -> object:
    """A value of this type; of ids one that nobody has."""
    one = kind.name.removesuffix("[]")
    value = new_id() if one == "uuid" else _EXAMPLES[one]
    return [value] if kind.name.endswith("[]") else value


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def _is_about(condition: str, column: str) -> bool:
    """Whether a condition is about the column, or the first column of an expression."""
    [name, *_] = re.findall(r"\w+", column)
    return re.search(rf"\b{name}\b", condition) is not None
