"""Connections: as whom, where, and what is said when there are none."""

from __future__ import annotations

from urllib.parse import urlsplit

import asyncpg
import pytest

from service.database import pool as pool_module
from service.database.pool import DatabaseError, open_pool


async def test_the_application_acts_as_its_own_role_in_its_own_schema_in_utc(database: str) -> None:
    async with await open_pool(database, application_name="here") as pool:
        row = await pool.fetchrow(
            "SELECT current_user, current_schema, current_setting('timezone'), current_setting('application_name')"
        )
        assert tuple(row or ()) == ("liftoff_app", "liftoff", "UTC", "here")


async def test_a_transaction_that_was_left_open_is_rolled_back_and_leaves_nothing_behind(
    database: str,
) -> None:
    async with await open_pool(database, max_size=1) as pool:
        async with pool.acquire() as connection:
            await connection.execute("BEGIN")
            await connection.execute("SET LOCAL search_path = public")
            await connection.execute("SELECT pg_advisory_xact_lock(1)")
        row = await pool.fetchrow(
            """
            SELECT current_schema, pg_current_xact_id_if_assigned(),
                   (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
            """
        )
        assert tuple(row or ()) == ("liftoff", None, 0)


async def test_a_connection_that_failed_in_a_transaction_is_good_for_the_next(database: str) -> None:
    async with await open_pool(database, max_size=1) as pool:
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT 1 / 0")
        assert await pool.fetchval("SELECT 7") == 7


async def test_the_application_can_make_no_objects(database: str) -> None:
    async with await open_pool(database) as pool:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("CREATE TABLE liftoff.anything (id int)")


async def test_json_travels_as_the_very_text_that_was_stored(database: str) -> None:
    async with await open_pool(database) as pool:
        assert await pool.fetchval("SELECT $1::json", '{"b":1,  "a":1}') == '{"b":1,  "a":1}'


async def test_a_server_without_the_applications_role_is_told_how_to_get_it(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "APPLICATION_ROLE", "liftoff_of_nowhere")
    with pytest.raises(DatabaseError, match="has no role liftoff_of_nowhere: run 'liftoff migrate' first"):
        await open_pool(empty_database)


async def test_an_unreachable_database_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseError, match=r"127\.0\.0\.1:1/liftoff") as refusal:
        await open_pool("postgresql://ada:s3cret@127.0.0.1:1/liftoff")
    assert "s3cret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_a_url_that_cannot_be_read_is_refused_without_its_password() -> None:
    with pytest.raises(DatabaseError, match="LIFTOFF_DATABASE_URL can't be read") as refusal:
        await open_pool("postgresql://ada:s3/cret@127.0.0.1/liftoff")
    assert "s3" not in str(refusal.value)


async def test_a_missing_database_is_named(database_server: str) -> None:
    with pytest.raises(DatabaseError, match="nowhere"):
        await open_pool(urlsplit(database_server)._replace(path="/nowhere").geturl())


async def test_a_server_that_is_too_old_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "OLDEST_MAJOR_VERSION", 99)
    with pytest.raises(DatabaseError, match="Liftoff needs 99 or newer"):
        await open_pool(database)
