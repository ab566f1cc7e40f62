"""The command ``liftoff`` as a process of its own, with an environment of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Timer
from typing import IO, Any, NamedTuple

from tests.forking import Forked

LIFTOFF = str(Path(sys.executable).with_name("liftoff"))
"""The command as it is installed."""
MODULE = "service.cli.main"
"""What that command is: it starts at once where it is forked from a process that has imported it."""
PATIENCE_SECONDS = 60
LAST_LINE = "Ctrl-C stops the service."
_FREE_PORTS = {"LIFTOFF_HTTP_PORT": "0", "LIFTOFF_SMTP_SINK_PORT": "0"}


class Ran(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The JSON it printed."""
        return json.loads(self.out)


class Serving(NamedTuple):
    """A running ``liftoff serve``, the settings it was started with, and what it said when it answered."""

    settings: Mapping[str, str]
    process: Forked | subprocess.Popen[str]
    lines: list[str]

    @property
    def url(self) -> str:
        return self._said("Liftoff: ")

    @property
    def key(self) -> str:
        return self._said("API key: ")

    @property
    def client(self) -> Mapping[str, str]:
        """What a client's environment says of it."""
        return {"LIFTOFF_API_BASE_URL": self.url, "LIFTOFF_API_KEY": self.key}

    def interrupt(self) -> int:
        """Press Ctrl-C: a terminal tells the whole group of processes. The exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)

    def _said(self, prefix: str) -> str:
        [found] = [line.removeprefix(prefix) for line in self.lines if line.startswith(prefix)]
        return found


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process, with no settings but these."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("LIFTOFF_")}
    return outside | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1", **settings}


def liftoff(*arguments: str, settings: Mapping[str, str]) -> Ran:
    """Run the installed command to its end."""
    ran = subprocess.run(
        [LIFTOFF, *arguments],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def forked(*arguments: str, settings: Mapping[str, str]) -> Ran:
    """As ``liftoff``, but forked."""
    with NamedTemporaryFile("r") as stderr:
        process = Forked([MODULE, *arguments], environment(settings), Path(stderr.name))
        out = process.stdout.read()
        return Ran(process.wait(PATIENCE_SECONDS), out, stderr.read())


def embedded(data_dir: Path, **settings: str) -> dict[str, str]:
    """Settings for a service on an embedded database, on ports that are free."""
    return {"LIFTOFF_DATA_DIR": str(data_dir), **_FREE_PORTS, **settings}


def on(database: str, data_dir: Path, **settings: str) -> dict[str, str]:
    """As ``embedded``, but on the database of this URL."""
    named = {"LIFTOFF_DATABASE_URL": database, "LIFTOFF_SECRET_KEY": "0" * 64}
    return embedded(data_dir, **(named | settings))


@contextmanager
def serving(settings: Mapping[str, str]) -> Iterator[Serving]:
    """A service, forked, until the end of the block; it is killed if it has not ended by then."""
    with NamedTemporaryFile("r") as log:
        process = Forked([MODULE, "serve"], environment(settings), Path(log.name))
        try:
            yield Serving(settings, process, list(_announced(process, log)))
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)


@contextmanager
def installed(settings: Mapping[str, str]) -> Iterator[Serving]:
    """As ``serving``, but the installed command."""
    with (
        NamedTemporaryFile("r+") as log,
        subprocess.Popen(
            [LIFTOFF, "serve"],
            env=environment(settings),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Serving(settings, process, list(_announced(process, log)))
        finally:
            process.kill()


def _announced(process: Forked | subprocess.Popen[str], log: IO[str]) -> Iterator[str]:
    """What the service says up to the line that says it all; it is killed if that does not come."""
    assert process.stdout is not None
    watchdog = Timer(PATIENCE_SECONDS, process.kill)
    watchdog.start()
    for line in process.stdout:
        yield line.rstrip("\n")
        if line.startswith(LAST_LINE):
            watchdog.cancel()
            return
    log.seek(0)
    raise AssertionError(f"the service did not start: {log.read()}")
