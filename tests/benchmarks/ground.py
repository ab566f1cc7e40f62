"""Where benchmarks run: a server whose writes are durable, and a fresh database for everything that is measured.

The server is an embedded Postgres of the run's own, or that of ``LIFTOFF_DATABASE_URL``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from tests.databases import name_of, temporary_database


class Ground:
    """A server (``server`` is the DSN of its maintenance database), a template on it, and a directory for files."""

    def __init__(self, server: str, template: str, directory: Path) -> None:
        self.server = server
        self.directory = directory
        self._template = template

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The DSN of a fresh database with the schema of the service, until the end of the block."""
        async with temporary_database(self.server, self._template) as dsn:
            yield dsn


@contextmanager
def server(directory: Path) -> Iterator[str]:
    """The DSN of a server, until the end of the block. To be called from the main thread."""
    if external := os.environ.get("LIFTOFF_DATABASE_URL"):
        yield external
    else:
        with EmbeddedPostgres(directory) as dsn:
            yield dsn


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """An empty directory, gone at the end of the block; the server of a run as root, another user, may enter it."""
    path = Path(tempfile.mkdtemp(prefix="liftoff-bench-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@asynccontextmanager
async def prepared_ground(server: str, directory: Path) -> AsyncIterator[Ground]:
    """The ground on this server, until the end of the block."""
    async with temporary_database(server) as dsn:
        await migrate(dsn)
        yield Ground(server, name_of(dsn), directory)
