"""The service and a mail sink, each as a process of its own that a test can kill."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from service.channels.sink import count_mails, read_index
from tests.forking import Forked


class Program:
    """A process that says on stdout when it is ready."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._command = [module, *arguments]
        self._environment = {**os.environ, **(environment or {})}
        self._process: Forked | None = None

    def start(self, ready: re.Pattern[str]) -> str:
        """Start it, and read on until what it says matches; answers all it has said."""
        self._process = Forked(self._command, self._environment)
        said = ""
        for line in self._process.stdout:
            said += line
            if ready.search(said):
                return said
        raise AssertionError(f"it ended before it was ready, having said: {said!r}")

    def kill(self) -> None:
        """End it by kill -9: no chance to tidy up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ctrl-C; answers the exit code."""
        return self._end(signal.SIGINT)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(60)


class SinkProcess:
    """A mail sink that outlives the service."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._program = Program("service.channels.sink", "--directory", str(directory))
        self.url = ""

    def __enter__(self) -> Self:
        self.url = self._program.start(re.compile(r"\n")).strip()
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()

    @property
    def count(self) -> int:
        """How many mails it has accepted."""
        return count_mails(self.directory)

    def steps(self) -> Counter[tuple[str, bool]]:
        """How often each recipient got the first mail (False) and the follow-up (True)."""
        return Counter(
            (recipient, b"\nIn-Reply-To:" in (self.directory / mail.file).read_bytes())
            for mail in read_index(self.directory)
            for recipient in mail.rcpt
        )


class ServiceProcess:
    """``liftoff serve`` on a data directory; it can be killed and started again."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._program = Program("service.cli.main", "serve", environment=_environment(data_dir, settings))
        self.url = ""
        self.key = ""

    def start(self) -> None:
        """Start it and wait until it answers. The key is the one it made at its first start."""
        said = self._program.start(re.compile(r"Ctrl-C"))
        self.url = re.search(r"http://[^\s/]+", said)[0]  # type: ignore[index]
        if key := re.search(r"pk_live_[0-9a-f]{64}", said):
            self.key = key[0]

    def kill(self) -> None:
        """End the whole service by kill -9."""
        self._program.kill()

    def stop(self) -> int:
        """Ctrl-C; answers the exit code."""
        return self._program.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()


class WorkerProcess:
    """``liftoff worker`` beside a service that has the same data directory; it can be killed and started again."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._program = Program("service.cli.main", "worker", environment=_environment(data_dir, settings))

    def start(self) -> None:
        """Start it and wait until it works."""
        self._program.start(re.compile(r"Ctrl-C"))

    def kill(self) -> None:
        """End it by kill -9."""
        self._program.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()


def _environment(data_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Settings that let things happen quickly, and have few shards: each asks the database at each tick."""
    return {
        "LIFTOFF_DATA_DIR": str(data_dir),
        "LIFTOFF_HTTP_PORT": "0",
        "LIFTOFF_SMTP_SINK": "false",
        "LIFTOFF_SEND_GAP_SECONDS": "0",
        "LIFTOFF_SHARDS": "4",
        "LIFTOFF_TICK_SECONDS": "0.1",
        "LIFTOFF_RUN_DEAD_SECONDS": "5",
        **settings,
    }
