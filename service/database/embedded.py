"""A Postgres of our own for machines that have none: set up in the data directory, shared by all who use that one.

A cluster runs exactly as long as some process uses it. The first to start it brings up its keeper (``keeper.py``),
which stops it after the last; whoever comes in between is given the running one. It listens on a Unix socket in a
directory closed to other users, never on a port.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from service.database.cluster import SUPERUSER, Cluster, clean_environment, cluster_data, prepare_cluster
from service.database.programs import EmbeddedPostgresError

_START_SECONDS = 30.0
_STOP_SECONDS = 35.0
_POLL_SECONDS = 0.01
_KEEPER = Path(__file__).with_name("keeper.py")
# What a server says that finds traces of one that was killed a moment ago: trying again helps.
_STILL_GOING_DOWN = re.compile(r"lock file .* already exists|shared memory block .* still in use")

_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # names the socket
    "max_connections": "200",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Details and statements of failures name the values of rows: personal data, which no log may hold.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class EmbeddedPostgres:
    """The cluster of one data directory, and this process's use of it. Also a context manager that gives the DSN.

    ``settings`` are Postgres settings (name -> value) beside the usual ones; they act when this call starts the server.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self._data_dir = data_dir.absolute()
        self._settings = {**_SETTINGS, **(settings or {})}
        self._lease: int | None = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Make sure that the cluster exists and runs, and use it until ``stop``: the DSN of its superuser.

        Blocks: 0.1 s for a cluster that exists, about a second for a new one. Raises ``EmbeddedPostgresError``.
        """
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._lease = _lock(self._lease_file, fcntl.LOCK_SH)  # waits while a server is being stopped
            with _alone(self._data_dir / "postgres.starting"):
                return self._running() or self._launch()
        except OSError as error:
            self.stop()
            raise EmbeddedPostgresError(
                f"the embedded Postgres can't use LIFTOFF_DATA_DIR: {error}"
            ) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End this process's use; if it was the last one, wait until the server has stopped cleanly."""
        if self._lease is None:
            return
        os.close(self._lease)
        self._lease = None
        deadline = time.monotonic() + _STOP_SECONDS
        while self._is_being_stopped() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    @property
    def _lease_file(self) -> Path:
        return self._data_dir / "postgres.lease"

    def _running(self) -> str | None:
        """The DSN of the running server, if it accepts connections: asked of its socket, as a pid may be another's."""
        try:
            lines = (cluster_data(self._data_dir) / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 8 or lines[7].strip() != "ready":
            return None
        port, directory = lines[3], lines[4]
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(f"{directory}/.s.PGSQL.{port}") != 0:
                return None
        return f"postgresql://{SUPERUSER}@/postgres?host={quote(directory, safe='/')}&port={port}"

    def _is_being_stopped(self) -> bool:
        """Whether nobody uses the server any more, but its keeper is not done with stopping it."""
        probe = os.open(self._lease_file, os.O_RDWR)
        try:
            if _try_lock(probe, fcntl.LOCK_EX):
                return self._running() is not None  # the keeper is about to take the lock that was free
            return not _try_lock(probe, fcntl.LOCK_SH)
        finally:
            os.close(probe)

    def _launch(self) -> str:
        cluster = prepare_cluster(self._data_dir)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            keeper = self._spawn_keeper(cluster)
            while keeper.poll() is None and time.monotonic() < deadline:
                if dsn := self._running():
                    return dsn
                time.sleep(_POLL_SECONDS)
            if not _STILL_GOING_DOWN.search(_last_words(cluster.log)):
                break
        reason = _last_words(cluster.log)
        raise EmbeddedPostgresError(f"the embedded Postgres in {cluster.data} does not start: {reason}")

    def _spawn_keeper(self, cluster: Cluster) -> subprocess.Popen[bytes]:
        """Start the keeper, and the server with it: in a session of its own, so that Ctrl-C reaches only ourselves."""
        keeper = [sys.executable, "-I", "-S", str(_KEEPER), str(self._lease_file), cluster.run_as]
        server = [str(cluster.programs / "postgres"), "-D", str(cluster.data), "-k", str(cluster.sockets)]
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with cluster.log.open("wb") as log:
            process = subprocess.Popen(
                keeper + server + settings,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # It may end long after our use, or before: someone must take note.
        threading.Thread(target=process.wait, daemon=True).start()
        return process


def _last_words(log: Path) -> str:
    """Why the server ended."""
    lines = log.read_text(errors="replace").splitlines() or ["it says nothing"]
    return next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), lines[-1])


def _lock(file: Path, kind: int) -> int:
    """A descriptor of ``file`` that holds a lock of this kind until it is closed; waits for it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, kind)
    return descriptor


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one process at a time into the block."""
    descriptor = _lock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)
