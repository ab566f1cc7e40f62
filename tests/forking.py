"""Programs forked from a process that has imported them, which takes a second or two of a processor each time."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Final

PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "service.cli.main",
        "service.cli.running",
        "service.channels.sink",
        "uvicorn.protocols.http.auto",
        "uvicorn.protocols.websockets.auto",
        "tests.warmed",
    ]
)


class Forked:
    """``python -m`` of a command, in an environment and a session of its own; ``stdout`` is what it says there."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], stderr: Path = Path(os.devnull)
    ) -> None:
        heard, says = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(target=_become, args=(command, environment, says, stderr))
        self._process.start()
        says.close()
        with heard:
            self.stdout: IO[str] = os.fdopen(os.dup(heard.fileno()))
        assert self._process.pid is not None
        self.pid = self._process.pid
        self._code: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there to take it."""
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it by kill -9, if it has not ended."""
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds: float) -> int:
        """What it ends with."""
        if self._code is None:
            self._process.join(seconds)
            self._code = self._process.exitcode
            assert self._code is not None, "it does not end"
            self._process.close()
            self.stdout.close()
        return self._code


def _become(command: Sequence[str], environment: Mapping[str, str], says: Connection, stderr: Path) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(says.fileno(), 1)
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    says.close()
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.argv = [*command]
    sys.modules.pop(command[0], None)  # that it was imported is no reason not to run it
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
