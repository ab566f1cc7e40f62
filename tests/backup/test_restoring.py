"""A backup is the database at one moment, and comes back as it was, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import msgspec
import pytest

from service.access import Workspaces
from service.backup.archive import NotABackup, opened
from service.backup.restoring import NotEmpty, require_key, restore
from service.backup.taking import take
from service.composition import Liftoff, assembled
from service.database.migrate import MigrationError
from service.database.pool import DatabaseError, Pool, connect_as_owner
from service.ids import new_id
from service.projector.replay import replay_and_compare
from service.settings import Settings
from service.vault import MasterKey, WrongMasterKey
from tests.api.making import caller, make_sender
from tests.backup.conftest import Past, Restoring
from tests.http.conftest import MASTER_KEY, MovableClock


def rows_in(backup: Path) -> dict[str, list[bytes]]:
    """The rows of each table, but for the mark of a restore."""
    with ZipFile(backup) as archive:
        names = [name for name in archive.namelist() if name.startswith("tables/") and "setbacks" not in name]
        return {name: sorted(archive.read(name).splitlines()) for name in names}


async def is_untouched(dsn: str) -> bool:
    """Whether the database has nothing of ours."""
    owner = await connect_as_owner(dsn, application_name="test")
    try:
        return bool(await owner.fetchval("SELECT to_regnamespace('liftoff') IS NULL"))
    finally:
        await owner.close()


async def test_every_row_of_every_table_comes_back(
    past: Past, empty_database: str, clock: MovableClock, tmp_path: Path
) -> None:
    with opened(past.backup) as archive:
        await restore(empty_database, archive, clock)
    again = tmp_path / "again.backup"
    await take(empty_database, again, clock)
    assert rows_in(again) == rows_in(past.backup)
    assert sum(bool(rows) for rows in rows_in(again).values()) > 20


async def test_the_log_goes_on_behind_what_was_restored(past: Past, restored: Restoring) -> None:
    async with restored() as there:
        last = await there.parts.pool.fetchval("SELECT max(position) FROM events")
        paused = await there.parts.lifecycle.pause(caller(past.workspace_id), past.campaign_id)
        assert paused.campaign.status == "paused"
        after = await there.parts.pool.fetch("SELECT type FROM events WHERE position > $1", last)
        assert [row["type"] for row in after] == ["campaign-paused"]
        assert (await replay_and_compare(there.parts.pool, there.parts.feed)).differing == 0


async def test_it_is_consistent_while_traffic_flows(
    liftoff: Liftoff,
    workspace_id: UUID,
    database: str,
    empty_database: str,
    clock: MovableClock,
    tmp_path: Path,
) -> None:
    backup, stop = tmp_path / "taken.backup", asyncio.Event()

    async def traffic() -> None:
        while not stop.is_set():
            await make_sender(liftoff, workspace_id, f"{new_id().hex}@sender.example")
            await liftoff.sealing.catch_up()

    busy = [asyncio.create_task(traffic()) for _ in range(4)]
    while await liftoff.pool.fetchval("SELECT count(*) FROM events") < 20:
        await asyncio.sleep(0.01)
    await take(database, backup, clock)
    stop.set()
    await asyncio.gather(*busy)
    with opened(backup) as archive:
        await restore(empty_database, archive, clock)
    async with assembled(Settings(), empty_database, MASTER_KEY, clock) as parts:
        torn = """
            SELECT stream FROM streams AS s
             WHERE version <> (SELECT count(*) FROM events AS e WHERE e.stream = s.stream)
        """
        assert await parts.pool.fetch(torn) == []
        assert (await replay_and_compare(parts.pool, parts.feed)).differing == 0
        await parts.sealing.catch_up()
        events = await parts.pool.fetchval("SELECT count(*) FROM events")
        assert await parts.pool.fetchval("SELECT size FROM audit_trees") == events


async def test_nothing_is_restored_over_what_is_there(
    past: Past, pool: Pool, database: str, clock: MovableClock
) -> None:
    await Workspaces(pool, clock).take("mine")
    with opened(past.backup) as archive, pytest.raises(NotEmpty, match="not empty"):
        await restore(database, archive, clock)
    assert await Workspaces(pool, clock).find("mine")


async def test_one_that_can_not_be_restored_leaves_nothing_behind(
    past: Past, empty_database: str, clock: MovableClock, tmp_path: Path
) -> None:
    later = [{"number": 9999, "name": "9999_later.sql", "checksum": "0"}]
    other = [{"name": "workspaces", "columns": ["workspace_id", "name", "created_at"], "rows": 7}]
    for number, (changes, error, words) in enumerate(
        (
            ({"migrations": later}, MigrationError, "run the newer program"),
            ({"tables": other}, NotABackup, "other rows of workspaces"),
        )
    ):
        backup = rewritten(past.backup, tmp_path / str(number), changes)
        with opened(backup) as archive, pytest.raises(error, match=words):
            await restore(empty_database, archive, clock)
        assert await is_untouched(empty_database)


def test_it_needs_the_secret_key_of_its_time(past: Past) -> None:
    with opened(past.backup) as archive:
        require_key(archive, MASTER_KEY)
        with pytest.raises(WrongMasterKey, match="LIFTOFF_SECRET_KEY"):
            require_key(archive, MasterKey(b"\1" * 32))


async def test_a_database_without_anything_is_not_backed_up(
    empty_database: str, clock: MovableClock, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseError, match="nothing to back up"):
        await take(empty_database, tmp_path / "some.backup", clock)


def rewritten(backup: Path, to: Path, changes: Mapping[str, object]) -> Path:
    """The backup with a manifest that says something else."""
    with ZipFile(backup) as before, ZipFile(to, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "manifest.json":
                content = msgspec.json.encode(msgspec.json.decode(content) | changes)
            after.writestr(name, content)
    return to
