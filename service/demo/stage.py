"""The stage of the demo: the service as its own process, on a directory that did not exist before."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from msgspec import Struct

from service.demo.on_linkedin import provider

_STOP_SECONDS: Final = 30
_URL: Final = re.compile(r"http://[^\s/]+")
_SINK: Final = re.compile(r"smtp://[^\s/]+")


class StageError(Exception):
    """The service did not start; the message shows its last words."""


class Stage(Struct, frozen=True):
    """A running service: where it answers, a workspace and a key for it, its mail sink, and its data directory."""

    url: str
    workspace: str
    key: str
    sink_url: str
    data_dir: Path


def environment(data_dir: Path) -> Mapping[str, str]:
    """Settings for the demo: its own directory and free ports, senders in a hurry, and no real provider."""
    around = provider()
    own = {
        "LIFTOFF_DATA_DIR": str(data_dir),
        "LIFTOFF_HTTP_PORT": "0",
        "LIFTOFF_SMTP_SINK_PORT": "0",
        "LIFTOFF_SEND_GAP_SECONDS": "0",
        "LIFTOFF_TICK_SECONDS": "0.2",
        **(around.settings if around else {}),
    }
    kept_out = ("LIFTOFF_DEMO_", "LIFTOFF_LINKEDIN_")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(kept_out)}
    return outside | own


@contextmanager
def running(data_dir: Path) -> Iterator[Stage]:
    """The service, until the end of the block. Raises ``StageError``."""
    log = data_dir / "service.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli.main", "serve"],
            env=environment(data_dir),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C is the demo's: it stops the service itself
        )
        try:
            yield _announced(process, log, data_dir)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_SECONDS)


def _announced(process: subprocess.Popen[str], log: Path, data_dir: Path) -> Stage:
    """What the service says of itself when it has started, and a key for a workspace of this demo's own."""
    said = ""
    for line in _lines(process.stdout):
        said += line
        url, sink = _URL.search(said), _SINK.search(said)
        if url and sink:
            # A workspace and a key of this demo's own, so that a database that has seen demos before serves as well.
            workspace = f"demo {uuid4()}"
            key = command(data_dir, "key", "create", "--workspace", workspace)
            return Stage(url[0], workspace, key, sink[0], data_dir)
    raise StageError(f"The service did not start:\n{log.read_text()[-2000:]}")


def command(data_dir: Path, *arguments: str) -> str:
    """What an operator's command prints. Raises ``subprocess.CalledProcessError`` when it fails."""
    program = [sys.executable, "-m", "service.cli.main"]
    ran = subprocess.run(
        [*program, *arguments], env=environment(data_dir), capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def _lines(stream: IO[str] | None) -> Iterator[str]:
    yield from stream or ()
