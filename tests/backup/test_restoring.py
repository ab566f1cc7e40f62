"""A backup is the database at one moment, and comes back as it was, or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import httpx
import msgspec
import pytest

from service.backup.archive import NotABackup, opened
from service.backup.restoring import NotEmpty, require_key, restore
from service.backup.taking import take
from service.composition import Liftoff
from service.database.migrate import MigrationError
from service.database.pool import DatabaseError, connect_as_owner
from service.projector.replay import replay_and_compare
from service.vault import MasterKey, WrongMasterKey
from tests.backup.conftest import BackUp, Standing
from tests.dispatch.conftest import Launch, Worker
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


@pytest.mark.usefixtures("liftoff")
async def test_every_row_of_every_table_comes_back(
    back_up: BackUp, launch: Launch, worker: Worker, empty_database: str, clock: MovableClock, tmp_path: Path
) -> None:
    await launch(3)
    await worker.take()
    backup, again = await back_up(), tmp_path / "again.backup"
    with opened(backup) as archive:
        await restore(empty_database, archive, clock)
    await take(empty_database, again, clock)
    assert rows_in(again) == rows_in(backup)
    assert sum(bool(rows) for rows in rows_in(backup).values()) > 20


async def test_the_log_goes_on_behind_what_was_restored(
    back_up: BackUp, restored: Standing, launch: Launch, workspace_id: UUID
) -> None:
    campaign_id = await launch(2)
    async with restored(await back_up(), workspace_id) as there:
        last = await there.parts.pool.fetchval("SELECT max(position) FROM events")
        paused = await there.client.post(f"/api/campaigns/{campaign_id}/pause")
        assert paused.status_code == 200
        assert paused.json()["campaign"]["status"] == "paused"
        positions = await there.parts.pool.fetch("SELECT position FROM events WHERE position > $1", last)
        assert len(positions) == 1
        assert (await replay_and_compare(there.parts.pool, there.parts.feed)).differing == 0


async def test_it_is_consistent_while_traffic_flows(
    back_up: BackUp, restored: Standing, client: httpx.AsyncClient, workspace_id: UUID, liftoff: Liftoff
) -> None:
    stop = asyncio.Event()

    async def traffic(who: int) -> None:
        number = 0
        while not stop.is_set():
            body = {"type": "email", "name": f"{who}.{number}", "sender_account_ids": []}
            assert (await client.post("/api/campaigns", json=body)).status_code == 201
            await liftoff.sealing.catch_up()
            number += 1

    busy = [asyncio.create_task(traffic(who)) for who in range(4)]
    await asyncio.sleep(0)
    while (await liftoff.pool.fetchval("SELECT count(*) FROM events")) < 20:
        await asyncio.sleep(0.01)
    backup = await back_up()
    stop.set()
    await asyncio.gather(*busy)
    async with restored(backup, workspace_id) as there:
        torn = await there.parts.pool.fetch(
            "SELECT s.stream FROM streams AS s WHERE s.version <> (SELECT count(*) FROM events AS e"
            " WHERE e.workspace_id = s.workspace_id AND e.stream = s.stream)"
        )
        assert torn == []
        assert (await replay_and_compare(there.parts.pool, there.parts.feed)).differing == 0
        await there.parts.sealing.catch_up()
        [tree] = await there.parts.pool.fetch("SELECT size FROM audit_trees")
        assert tree["size"] == await there.parts.pool.fetchval("SELECT count(*) FROM events")


async def test_nothing_is_restored_over_what_is_there(
    back_up: BackUp, client: httpx.AsyncClient, database: str, clock: MovableClock
) -> None:
    with opened(await back_up()) as archive, pytest.raises(NotEmpty, match="not empty"):
        await restore(database, archive, clock)
    assert (await client.get("/api/campaigns")).status_code == 200


@pytest.mark.usefixtures("client")
async def test_one_of_a_newer_program_is_refused_before_anything_is_written(
    back_up: BackUp, empty_database: str, clock: MovableClock
) -> None:
    backup = await back_up()
    rewrite(backup, migrations=[{"number": 9999, "name": "9999_later.sql", "checksum": "0"}])
    with opened(backup) as archive, pytest.raises(MigrationError, match="run the newer program"):
        await restore(empty_database, archive, clock)
    assert await is_untouched(empty_database)


@pytest.mark.usefixtures("client")
async def test_one_that_fails_in_the_middle_leaves_nothing_behind_and_can_be_tried_again(
    back_up: BackUp, empty_database: str, clock: MovableClock, tmp_path: Path
) -> None:
    backup = await back_up()
    whole = backup.read_bytes()
    rewrite(
        backup, tables=[{"name": "workspaces", "columns": ["workspace_id", "name", "created_at"], "rows": 7}]
    )
    with opened(backup) as archive, pytest.raises(NotABackup, match="other rows of workspaces"):
        await restore(empty_database, archive, clock)
    assert await is_untouched(empty_database)
    backup.write_bytes(whole)
    with opened(backup) as archive:
        await restore(empty_database, archive, clock)


@pytest.mark.usefixtures("liftoff")
async def test_it_needs_the_secret_key_of_its_time(back_up: BackUp) -> None:
    with opened(await back_up()) as archive:
        require_key(archive, MASTER_KEY)
        with pytest.raises(WrongMasterKey, match="LIFTOFF_SECRET_KEY"):
            require_key(archive, MasterKey(b"\1" * 32))


async def test_a_database_without_anything_is_not_backed_up(
    empty_database: str, clock: MovableClock, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseError, match="nothing to back up"):
        await take(empty_database, tmp_path / "some.backup", clock)


def rewrite(backup: Path, **changes: Any) -> None:
    """Let the manifest say something else."""
    with ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = msgspec.json.decode(members["manifest.json"]) | changes
    backup.unlink()
    with ZipFile(backup, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, msgspec.json.encode(manifest) if name == "manifest.json" else content)
