"""Migrations: applied once, all or nothing, in order, and never other than they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from service.database.migrate import (
    Migration,
    MigrationError,
    migrate,
    missing_migrations,
    read_migrations,
    shipped_migrations,
)
from service.database.pool import connect_as_owner, open_pool

FIRST = Migration(1, "0001_first.sql", "CREATE TABLE first (id int);")
SECOND = Migration(2, "0002_second.sql", "CREATE TABLE second (id int);")
THIRD = Migration(3, "0003_third.sql", "CREATE TABLE third (id int);")


async def _tables(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'liftoff' ORDER BY 1"
        )
    finally:
        await connection.close()
    return [row["tablename"] for row in rows]


async def test_each_file_is_applied_once_and_in_order(empty_database: str) -> None:
    assert await migrate(empty_database, [FIRST]) == ["0001_first.sql"]
    assert await migrate(empty_database, [FIRST, SECOND]) == ["0002_second.sql"]
    assert await migrate(empty_database, [FIRST, SECOND]) == []
    assert await _tables(empty_database) == ["first", "migrations", "second"]


async def test_of_four_runners_at_once_one_applies(empty_database: str) -> None:
    slow = Migration(1, "0001_slow.sql", "CREATE TABLE slow (id int); SELECT pg_sleep(0.2);")
    applied = await asyncio.gather(*(migrate(empty_database, [slow, SECOND]) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 2]


async def test_a_failing_file_leaves_nothing_of_itself_and_names_its_line(empty_database: str) -> None:
    broken = Migration(2, "0002_broken.sql", "CREATE TABLE half (id int);\nSELECT nonsense;\n")
    with pytest.raises(MigrationError, match=r"0002_broken\.sql, line 2, failed: .*nonsense"):
        await migrate(empty_database, [FIRST, broken])
    assert await _tables(empty_database) == ["first", "migrations"]
    assert await migrate(empty_database, [FIRST, SECOND]) == ["0002_second.sql"]


async def test_a_file_changed_after_it_was_applied_is_refused(empty_database: str) -> None:
    await migrate(empty_database, [FIRST])
    changed = Migration(1, FIRST.name, FIRST.sql + " -- a harmless remark")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed after it was applied"):
        await migrate(empty_database, [changed, SECOND])
    assert await _tables(empty_database) == ["first", "migrations"]


async def test_a_file_that_comes_after_a_higher_number_is_refused(empty_database: str) -> None:
    await migrate(empty_database, [FIRST, THIRD])
    with pytest.raises(MigrationError, match=r"0002_second\.sql comes too late"):
        await migrate(empty_database, [FIRST, SECOND, THIRD])


async def test_a_database_of_a_newer_program_is_refused(empty_database: str) -> None:
    await migrate(empty_database, [FIRST, SECOND])
    with pytest.raises(MigrationError, match=r"0002_second\.sql, which this program doesn't know"):
        await migrate(empty_database, [FIRST])


async def test_the_shipped_files_are_numbered_without_a_hole_and_all_applied(database: str) -> None:
    assert [migration.number for migration in shipped_migrations()] == list(
        range(1, len(shipped_migrations()) + 1)
    )
    async with await open_pool(database) as pool, pool.acquire() as connection:
        assert await missing_migrations(connection) == []


async def test_the_readiness_check_names_what_is_missing(empty_database: str) -> None:
    shipped = [migration.name for migration in shipped_migrations()]
    connection = await connect_as_owner(empty_database, application_name="test")
    try:
        assert await missing_migrations(connection) == shipped
        await migrate(empty_database, shipped_migrations()[:1])
        assert await missing_migrations(connection) == shipped[1:]
    finally:
        await connection.close()


@pytest.mark.parametrize("name", ["7_short.sql", "0001-dash.sql", "0001_UPPER.sql", "first.sql"])
def test_a_file_that_is_not_named_like_a_migration_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(MigrationError, match=name):
        read_migrations(tmp_path)


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").touch()
    (tmp_path / "0001_other.sql").touch()
    with pytest.raises(MigrationError, match=r"0001_one\.sql and 0001_other\.sql have the same number"):
        read_migrations(tmp_path)


@pytest.fixture
async def plain_user(empty_database: str) -> AsyncIterator[str]:
    """The DSN of a user without any right but to create things in the database."""
    name = f"plain_{uuid4().hex}"
    parts = urlsplit(empty_database)
    place = parts.netloc.rpartition("@")[2]
    owner = await asyncpg.connect(empty_database)
    await owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'plain'")
    await owner.execute(f"GRANT CREATE ON DATABASE {parts.path[1:]} TO {name}")
    yield parts._replace(netloc=f"{name}:plain@{place}").geturl()
    await owner.execute(f"DROP OWNED BY {name}")
    await owner.execute(f"DROP ROLE {name}")
    await owner.close()


async def test_a_user_without_rights_is_told_what_an_administrator_must_do(
    plain_user: str, database: str
) -> None:
    with pytest.raises(
        MigrationError, match=r"have an administrator of the server run 'CREATE ROLE liftoff_app"
    ):
        await migrate(plain_user, [FIRST])


async def test_a_user_who_was_given_the_role_needs_no_other_right(
    plain_user: str, empty_database: str, database: str
) -> None:
    owner = await asyncpg.connect(empty_database)
    await owner.execute(f"GRANT liftoff_app TO {urlsplit(plain_user).username}")
    await owner.close()
    assert await migrate(plain_user, [FIRST]) == ["0001_first.sql"]
    async with await open_pool(plain_user) as pool:
        assert await pool.fetchval("SELECT current_user") == "liftoff_app"
