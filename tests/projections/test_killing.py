"""A rebuild that is killed or interrupted, wherever it is, leaves the old rows to be read, and can be begun anew.

The process is stopped at each stage by a lock that it has to wait for, so that it is known where it is when it dies.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from projections.campaigns import CAMPAIGNS
from service.database.pool import Connection, Pool, connect_as_owner
from service.projector.replay import rebuild
from service.projector.runner import Projector
from service.store.feed import Feed
from tests.cli.processes import MODULE, environment
from tests.forking import Forked
from tests.kit.histories import lived
from tests.projections.conftest import Write
from tests.projections.driving import catch_up, standings
from tests.projections.tables import folded, stored

PATIENCE_SECONDS: Final = 60
STAGES: Final = {
    "while it catches up": "LOCK TABLE events IN ACCESS EXCLUSIVE MODE",
    "while it waits for the projector": "SELECT FROM projections WHERE name = 'campaigns' FOR UPDATE",
    "when it has compared, and puts rows in place": "LOCK TABLE campaigns IN SHARE MODE",
    "when all is in place, but for its commit": "SELECT pg_advisory_xact_lock(7)",
}
"""What holds it up at each stage."""
WAITS_FOR_THE_TEST: Final = """
CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
CREATE TRIGGER waits BEFORE UPDATE ON projections FOR EACH ROW EXECUTE FUNCTION wait_for_the_test();
"""
THE_HELD: Final = (
    "SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)
IS_THERE: Final = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
LEFT_OVER: Final = "SELECT relname FROM pg_class WHERE relpersistence = 't'"


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Connection]:
    connection = await connect_as_owner(database, application_name="owner")
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("stage", "end"),
    [*((stage, signal.SIGKILL) for stage in STAGES), (list(STAGES)[2], signal.SIGINT)],
)
async def test_a_rebuild_that_ends_early_leaves_everything_as_it_was(
    database: str,
    owner: Connection,
    pool: Pool,
    feed: Feed,
    write: Write,
    tmp_path: Path,
    stage: str,
    end: signal.Signals,
) -> None:
    history = await write(lived())
    await catch_up(Projector(pool, feed))
    await owner.execute("UPDATE campaigns SET version = version + 7")
    await owner.execute(WAITS_FOR_THE_TEST)
    wrong, standing = await stored(pool, CAMPAIGNS), await standings(pool)

    told = tmp_path / "stderr"
    process = rebuilding(database, told)
    async with held_up(owner, stage) as backend:
        process.send_signal(end)
        code = await asyncio.to_thread(process.wait, PATIENCE_SECONDS)
    assert code == (130 if end == signal.SIGINT else -signal.SIGKILL)
    assert ("Interrupted: everything is as it was." in told.read_text()) == (end == signal.SIGINT)
    await gone(owner, backend)

    assert await owner.fetch(LEFT_OVER) == []
    assert await standings(pool) == standing
    assert await stored(pool, CAMPAIGNS) == wrong
    more = await write(lived(2))
    await catch_up(Projector(pool, feed))
    assert (await stored(pool, CAMPAIGNS)).rows.keys() > wrong.rows.keys()

    assert (await rebuild(pool, feed, [CAMPAIGNS])).differing == len(wrong.rows)
    assert await stored(pool, CAMPAIGNS) == folded(CAMPAIGNS, history, more)


def rebuilding(database: str, stderr: Path) -> Forked:
    """A rebuild of the campaigns, as a process."""
    settings = {"LIFTOFF_DATABASE_URL": database, "LIFTOFF_SECRET_KEY": "0" * 64}
    return Forked([MODULE, "projection", "rebuild", "campaigns"], environment(settings), stderr)


@asynccontextmanager
async def held_up(owner: Connection, stage: str) -> AsyncIterator[int]:
    """Inside the block somebody waits for the lock of the stage; answers whose backend that is."""
    async with asyncio.timeout(PATIENCE_SECONDS), owner.transaction():
        await owner.execute(STAGES[stage])
        while (backend := await owner.fetchval(THE_HELD)) is None:
            await asyncio.sleep(0.02)
        yield backend


async def gone(owner: Connection, backend: int) -> None:
    """Wait until the server has noticed that its client is gone."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval(IS_THERE, backend):
            await asyncio.sleep(0.02)
