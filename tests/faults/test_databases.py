"""Databases that fail under load: the worker goes on by itself, no step is sent twice, and nobody is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.faults.cluster import CrashingPostgres
from tests.faults.launched import STEPS, Origin
from tests.faults.trial import Trial, trial
from tests.faults.wire import Cutting, wire_to


async def everybody_gets_everything(on: Trial, origin: Origin) -> None:
    """The worker that saw the fault lives on, and nothing that it began is left in the open."""
    await on.complete()
    assert on.worker.is_alive
    found = await on.examine()
    assert found.breaches == {}
    assert (found.by_status, found.mails) == ({"completed": origin.leads}, STEPS * origin.leads)


@pytest.mark.parametrize("cutting", ["before it arrives", "after it is done"])
async def test_a_connection_cut_at_a_commit_leaves_no_send_in_the_open(
    cutting: Cutting, origin: Origin, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path) as on, wire_to(on.brief.dsn) as (wire, dsn):
        on.hire(dsn=dsn)
        await on.until_arrived(1)
        wire.cut_every(5, cutting)
        await everybody_gets_everything(on, origin)


async def test_sessions_ended_by_the_database_leave_no_send_in_the_open(
    origin: Origin, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path) as on:
        on.hire()
        for mails in (5, 20, 40):
            await on.until_arrived(mails)
            await on.end_sessions()
        await everybody_gets_everything(on, origin)


async def test_a_server_crash_leaves_no_send_in_the_open(
    origin: Origin, postgres: CrashingPostgres, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path) as on:
        on.hire()
        await on.until_arrived(10)
        await asyncio.to_thread(postgres.crash_and_restart)
        await everybody_gets_everything(on, origin)
