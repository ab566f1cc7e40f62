"""Real databases for tests: one server per run, shared by all workers, and a fresh database for each test that asks.

The server is the embedded Postgres, or that of ``LIFTOFF_DATABASE_URL``. A database is copied from a template that has
all migrations, so that a test pays for the copy only.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from xdist.workermanage import WorkerController

from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.garbage import look_seldom
from tests.databases import name_of, temporary_database
from tests.logs import logged

MEMORY: Final = Path("/dev/shm")
ROOM_BYTES: Final = 4 * 1024**3
"""What the databases and files of a run take at the most, with much to spare."""
FAST: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""The server is there for one run only. A statement is planned once by each session, not anew for its next five calls:
most are called seldom in a test, and so took more time to plan than to execute.
"""
_run_directory = pytest.StashKey[Path]()

settings.register_profile(
    "bounded",
    max_examples=50,
    deadline=None,  # a busy machine is no fault of what is tested
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("bounded")


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a directory for its server: made by the process that started it, told to its workers."""
    _heed_ctrl_c()
    told = getattr(config, "workerinput", {}).get("run_directory")
    directory = Path(told or tempfile.mkdtemp(prefix="liftoff-tests-", dir=_memory()))
    directory.chmod(0o755)  # the server of a run as root runs as another user
    config.stash[_run_directory] = directory
    write_to = pytest.MonkeyPatch()  # for all that tests and their processes write
    write_to.setenv("TMPDIR", str(directory))
    write_to.setattr(tempfile, "tempdir", str(directory))
    config.add_cleanup(write_to.undo)
    logs = ExitStack()
    logs.enter_context(logged())
    config.add_cleanup(logs.close)


def _heed_ctrl_c() -> None:
    """Let programs that tests start heed it, where the run itself was started not to: in the background of a script."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was collected lives as long as the run."""
    look_seldom()


def _memory() -> Path | None:
    """Where files live in memory, if there is such a place and room: a database is copied there ten times faster."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES else None


def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker where the run's server lives."""
    node.workerinput["run_directory"] = str(node.config.stash[_run_directory])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's server, once no worker uses it, and after what multiprocessing removes from beside it (-100)."""
    if not hasattr(config, "workerinput"):
        directory, whatever_is_left = config.stash[_run_directory], {"ignore_errors": True}
        Finalize(None, shutil.rmtree, (directory,), whatever_is_left, exitpriority=-101)


@pytest.fixture(scope="session")
def database_server(pytestconfig: pytest.Config) -> Iterator[str]:
    """The DSN of a server on which tests make and drop databases of their own."""
    if external := os.environ.get("LIFTOFF_DATABASE_URL"):
        yield external
    else:
        with EmbeddedPostgres(pytestconfig.stash[_run_directory], FAST) as dsn:
            yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_template(database_server: str) -> AsyncIterator[str]:
    """The name of a database with all migrations, to copy others from. Nobody may stay connected to it."""
    async with temporary_database(database_server) as dsn:
        await migrate(dsn)
        yield name_of(dsn)


@pytest.fixture
async def database(database_server: str, migrated_template: str) -> AsyncIterator[str]:
    """The DSN of a fresh database with all migrations; sessions become the application's by ``open_pool``."""
    async with temporary_database(database_server, migrated_template) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_database(database_server: str, migrated_template: str) -> AsyncIterator[str]:
    """As ``database``, but one for all tests of a module; none of them may depend on what another has left there."""
    async with temporary_database(database_server, migrated_template) as dsn:
        yield dsn


@pytest.fixture
async def empty_database(database_server: str) -> AsyncIterator[str]:
    """The DSN of a fresh database with nothing in it."""
    async with temporary_database(database_server) as dsn:
        yield dsn
