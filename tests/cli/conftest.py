"""Directories for services, and one service for all tests of a module that only call it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.processes import Serving, on, serving


@pytest.fixture(scope="module")
def service(shared_database: str) -> Iterator[Serving]:
    """A service whose senders are in a hurry, for the tests of a module."""
    hurried = {
        "LIFTOFF_SEND_GAP_SECONDS": "0",
        "LIFTOFF_TICK_SECONDS": "0.2",
        "LIFTOFF_SHARDS": "4",  # each asks the database at each tick
    }
    with _new_directory() as directory, serving(on(shared_database, directory, **hurried)) as running:
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
