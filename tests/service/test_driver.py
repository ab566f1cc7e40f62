"""What connections ask the server for before they are of use."""

from __future__ import annotations

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery

from service.database.driver import DriverConnection

ARRAYS = "SELECT ARRAY[1::bigint], ARRAY[gen_random_uuid()]"


async def asked(dsn: str, kind: type[asyncpg.Connection[asyncpg.Record]], statement: str) -> list[str]:
    """What a new connection of this kind asks for so that it understands the statement."""
    queries: list[str] = []

    async def note(query: LoggedQuery) -> None:
        queries.append(query.query)

    connection = await asyncpg.connect(dsn, connection_class=kind)
    try:
        connection.add_query_logger(note)
        row = await (await connection.prepare(statement)).fetchrow()
        assert row is not None
    finally:
        await connection.close()
    return [query for query in queries if query != statement]


async def test_the_types_of_postgres_itself_are_asked_for_once_in_a_process(empty_database: str) -> None:
    assert await asked(empty_database, asyncpg.Connection, ARRAYS)
    await asked(empty_database, DriverConnection, ARRAYS)

    assert await asked(empty_database, DriverConnection, ARRAYS) == []


async def test_types_that_differ_between_databases_are_asked_for_each_time(empty_database: str) -> None:
    owner = await asyncpg.connect(empty_database)
    await owner.execute("CREATE TYPE answer AS ENUM ('yes', 'no')")
    await owner.close()
    arrays = "SELECT ARRAY['yes'::answer]"
    await asked(empty_database, DriverConnection, arrays)

    assert await asked(empty_database, DriverConnection, arrays)


@pytest.mark.parametrize("kind", [asyncpg.Connection, DriverConnection])
async def test_what_is_read_is_the_same(
    empty_database: str, kind: type[asyncpg.Connection[asyncpg.Record]]
) -> None:
    connection = await asyncpg.connect(empty_database, connection_class=kind)
    try:
        row = await connection.fetchrow("SELECT ARRAY[1::bigint, NULL], ARRAY['a'], ARRAY[ROW(1, 'b'::text)]")
    finally:
        await connection.close()
    assert row is not None
    assert list(row) == [[1, None], ["a"], [(1, "b")]]
