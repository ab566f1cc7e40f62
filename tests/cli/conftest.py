"""Directories for services, and one service for all tests that only call it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cli.processes import Serving, on, serving
from tests.databases import temporary_database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lasting_database(database_server: str, migrated_template: str) -> AsyncIterator[str]:
    """As ``database``, but one for all tests of a process."""
    async with temporary_database(database_server, migrated_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def service(lasting_database: str) -> Iterator[Serving]:
    """A service whose senders are in a hurry, for all tests of a process that only call it."""
    hurried = {"LIFTOFF_SEND_GAP_SECONDS": "0", "LIFTOFF_TICK_SECONDS": "0.2"}
    with _new_directory() as directory, serving(on(lasting_database, directory, **hurried)) as running:
        yield running
        assert running.interrupt() == 0


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that does not exist yet."""
    with _new_directory() as directory:
        yield directory


@contextmanager
def _new_directory() -> Iterator[Path]:
    parent = Path(tempfile.mkdtemp(prefix="liftoff-"))
    parent.chmod(0o755)  # the server of a run as root runs as another user
    try:
        yield parent / "data"
    finally:
        shutil.rmtree(parent, ignore_errors=True)
