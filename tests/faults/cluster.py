"""A database server of the tests' own that can be crashed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final, Self

from service.database.cluster import clean_environment, prepare_cluster
from service.database.embedded import EmbeddedPostgres

_SETTINGS: Final = {
    "fsync": "off"
}  # the machine doesn't crash, so what is written is safe; what isn't, is not


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

    def _start(self) -> str:
        use = EmbeddedPostgres(self._directory, _SETTINGS)
        self._uses.append(use)
        return use.start()
