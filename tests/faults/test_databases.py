"""Databases that fail under load: the worker goes on by itself, no step is sent twice, and nobody is lost."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.cluster import CrashingPostgres
from tests.faults.launched import STEPS, Origin
from tests.faults.trial import Trial, trial
from tests.faults.wire import wire_to

END_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
GIVE_UP_CHAINS = """
    DELETE FROM pgqueuer;
    UPDATE dispatch_shards SET generation = generation + 1;
"""


class End(NamedTuple):
    """What came of a campaign: whether the worker that saw the fault lives, what broke the law, leads, and mails."""

    worker_lives: bool
    breaches: Mapping[str, object]
    by_status: Mapping[str, int]
    mails: int


async def end_of(on: Trial) -> End:
    """Go on until everything is over, and look."""
    await on.complete()
    found = await on.examine()
    return End(on.worker.is_alive, found.breaches, found.by_status, found.mails)


def nothing_amiss(origin: Origin) -> End:
    """Everybody gets everything, and nothing that was begun is left in the open."""
    return End(True, {}, {"completed": origin.leads}, STEPS * origin.leads)


async def test_a_connection_cut_at_a_commit_leaves_no_send_in_the_open(
    origin: Origin, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path) as on, wire_to(on.brief.dsn) as (wire, dsn):
        on.hire(dsn=dsn)
        await on.until_arrived(1)
        wire.cut_every(5, ["before it arrives", "after it is done"])
        assert await end_of(on) == nothing_amiss(origin)


async def test_sessions_ended_by_the_database_leave_no_send_in_the_open(
    origin: Origin, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path) as on:
        on.hire()
        for mails in (5, 20, 40):
            await on.until_arrived(mails)
            await on.as_owner(END_SESSIONS)
        assert await end_of(on) == nothing_amiss(origin)


async def test_a_server_crash_leaves_no_send_in_the_open(
    origin: Origin, postgres: CrashingPostgres, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path) as on:
        on.hire()
        await on.until_arrived(10)
        await asyncio.to_thread(postgres.crash_and_restart)
        assert await end_of(on) == nothing_amiss(origin)


async def test_chains_that_the_engine_has_given_up_are_begun_anew(origin: Origin, tmp_path: Path) -> None:
    async with trial(origin, tmp_path) as on:
        on.hire()
        await on.until_arrived(1)
        await on.as_owner(GIVE_UP_CHAINS)
        assert await end_of(on) == nothing_amiss(origin)


@pytest.fixture
def small_disk(postgres: CrashingPostgres) -> Iterator[Path]:
    """A small disk of the database server."""
    try:
        with postgres.small_disk() as place:
            yield place
    except subprocess.CalledProcessError as refused:
        pytest.skip(f"a small disk can't be mounted here: {refused.stderr!r}")


async def test_a_full_disk_puts_off_everything_until_there_is_room(
    origin: Origin, small_disk: Path, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path, tablespace="small") as on:
        on.hire()
        await on.until_arrived(1)
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(8192))
        await on.until_logged("DiskFullError")
        filler.unlink()
        assert await end_of(on) == nothing_amiss(origin)
