"""The embedded Postgres: there when it is used, whole after any end, and gone when nobody uses it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from service.database import programs
from service.database.embedded import EmbeddedPostgres
from service.database.programs import EmbeddedPostgresError

FAST = {"fsync": "off"}
USER = """
import sys
from pathlib import Path
from service.database.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), {"fsync": "off"}) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory that the server's account can enter, with a short path."""
    parent = Path(tempfile.mkdtemp(prefix="liftoff-"))
    parent.chmod(0o755)
    yield parent / "data"
    _remove(parent)


@pytest.fixture
def hidden_data_dir() -> Iterator[Path]:
    """A directory that nobody else can enter, as root's home is."""
    parent = Path(tempfile.mkdtemp(prefix="liftoff-"))
    yield parent / "data"
    _remove(parent)


def _remove(parent: Path) -> None:
    shutil.rmtree((parent / "data" / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(parent, ignore_errors=True)


@asynccontextmanager
async def _another_user(data_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that uses the cluster, until its standard input ends or it is killed."""
    user = await asyncio.create_subprocess_exec(
        sys.executable, "-c", USER, str(data_dir), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert user.stdout is not None
    assert user.stdin is not None
    assert (await user.stdout.readline()).startswith(b"postgresql://")
    yield user
    user.stdin.close()
    await user.wait()


async def _ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def _server_pid(data_dir: Path) -> int | None:
    file = data_dir / "postgres" / "data" / "postmaster.pid"
    return int(file.read_text().splitlines()[0]) if file.exists() else None


async def _until_stopped(data_dir: Path) -> None:
    async with asyncio.timeout(20):
        while _server_pid(data_dir) is not None:
            await asyncio.sleep(0.01)


async def _until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        with suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                await asyncio.sleep(0.001)


async def test_what_was_written_is_there_at_the_next_start(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST) as dsn:
        await _ask(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert _server_pid(data_dir) is None
    with EmbeddedPostgres(data_dir, FAST) as dsn:
        assert await _ask(dsn, "SELECT answer FROM kept") == 42


async def test_two_data_directories_are_two_databases_side_by_side(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir / "a", FAST) as one, EmbeddedPostgres(data_dir / "b", FAST) as other:
        await _ask(one, "CREATE TABLE mine ()")
        assert await _ask(other, "SELECT to_regclass('mine')") is None


async def test_a_second_process_is_given_the_running_server_and_keeps_it_after_the_first(
    data_dir: Path,
) -> None:
    first = EmbeddedPostgres(data_dir, FAST)
    started = await _ask(first.start(), "SELECT pg_postmaster_start_time()")
    async with _another_user(data_dir):
        first.stop()
        with EmbeddedPostgres(data_dir, FAST) as dsn:
            assert await _ask(dsn, "SELECT pg_postmaster_start_time()") == started
    assert _server_pid(data_dir) is None


async def test_the_server_stops_when_its_only_user_is_killed(data_dir: Path) -> None:
    async with _another_user(data_dir) as user:
        user.kill()
        await _until_stopped(data_dir)
    with EmbeddedPostgres(data_dir, FAST) as dsn:
        assert await _ask(dsn, "SELECT 1") == 1


async def test_a_server_that_was_killed_itself_recovers_at_the_next_start(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as dsn:
        await _ask(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = _server_pid(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await _until_gone(pid)
        with EmbeddedPostgres(data_dir) as again:
            assert await _ask(again, "SELECT answer FROM kept") == 42


async def test_users_that_start_at_once_share_one_server(data_dir: Path) -> None:
    servers = [EmbeddedPostgres(data_dir, FAST) for _ in range(4)]
    dsns = await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
    assert len(set(dsns)) == 1
    for server in servers:
        server.stop()
    assert _server_pid(data_dir) is None


async def test_a_data_directory_hidden_from_the_servers_account_will_do(hidden_data_dir: Path) -> None:
    with EmbeddedPostgres(hidden_data_dir, FAST) as dsn:
        assert await _ask(dsn, "SELECT 1") == 1


async def test_programs_hidden_from_the_servers_account_will_do(
    data_dir: Path, hidden_data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = programs.find_programs()
    hidden = hidden_data_dir / "site-packages"
    programs._share_wheel(found.parent, hidden)
    monkeypatch.setattr(programs, "find_programs", lambda: hidden / found.relative_to(found.parents[2]))
    with EmbeddedPostgres(data_dir, FAST) as dsn:
        assert await _ask(dsn, "SELECT 1") == 1


async def test_a_path_too_long_for_a_socket_will_do(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(data_dir.parent))
    with EmbeddedPostgres(data_dir / ("long" * 25), FAST) as dsn:
        assert await _ask(dsn, "SELECT 1") == 1


async def test_only_its_own_user_can_enter_the_servers_directory(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST):
        assert (data_dir / "postgres").stat().st_mode & 0o077 == 0


def test_a_server_that_does_not_start_says_why_in_one_line(data_dir: Path) -> None:
    before = time.monotonic()
    with pytest.raises(EmbeddedPostgresError, match=r'"shared_buffers".* "plenty"') as refusal:
        EmbeddedPostgres(data_dir, {"shared_buffers": "plenty"}).start()
    assert "\n" not in str(refusal.value)
    assert time.monotonic() - before < 10


async def test_the_servers_log_holds_no_values_of_rows(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST) as dsn:
        await _ask(dsn, "CREATE TABLE people (email text PRIMARY KEY)")
        await _ask(dsn, "INSERT INTO people VALUES ('ada@example.com')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await _ask(dsn, "INSERT INTO people VALUES ('ada@example.com')")
        log = (data_dir / "postgres" / "log").read_text()
    assert "people_pkey" in log
    assert "ada" not in log
