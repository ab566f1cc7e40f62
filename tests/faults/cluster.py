"""A database server of the tests' own that can be crashed."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import asyncpg

from service.database.cluster import clean_environment, prepare_cluster
from service.database.embedded import EmbeddedPostgres

_SETTINGS: Final = {"fsync": "off"}  # the machine stays up, and with it what was handed to it
_SMALL: Final = "64m"


class CrashingPostgres:
    """The server. Whoever uses it has to bear that it is gone at any moment, and back a little later."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._uses: list[EmbeddedPostgres] = []

    def __enter__(self) -> Self:
        self.dsn = self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for use in self._uses:
            use.stop()

    def crash_and_restart(self) -> None:
        """``pg_ctl -m immediate``: every session ends without a word; then the server recovers from its log."""
        cluster = prepare_cluster(self._directory)
        account = cluster.account
        subprocess.run(
            [cluster.programs / "pg_ctl", "-D", cluster.data, "-m", "immediate", "-w", "stop"],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            env=clean_environment(),
            cwd="/",
            stdout=subprocess.DEVNULL,
            check=True,
        )
        self._start()

    @contextmanager
    def small_disk(self) -> Iterator[Path]:
        """An empty disk, with the tablespace ``small``. Raises ``CalledProcessError`` for who may not mount one."""
        cluster = prepare_cluster(self._directory)
        place = cluster.data.with_name("small-disk")
        place.mkdir()
        owner = f",uid={cluster.account.uid},gid={cluster.account.gid}" if cluster.account else ""
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_SMALL}{owner},mode=700", "none", place],
            check=True,
            capture_output=True,
        )
        try:
            asyncio.run(self._execute(f"CREATE TABLESPACE small LOCATION '{place}'"))
            yield place
            asyncio.run(self._execute("DROP TABLESPACE small"))
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)
            place.rmdir()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        await connection.execute(statement)
        await connection.close()

    def _start(self) -> str:
        use = EmbeddedPostgres(self._directory, _SETTINGS)
        self._uses.append(use)
        return use.start()
