"""Programs forked from a process that has imported them, which takes a second or two of a processor each time."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Final

PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["service.cli.main", "service.cli.running", "service.channels.sink"])


def become(command: Sequence[str], environment: Mapping[str, str], says: Connection) -> None:
    """Be ``python -m`` of this command in this environment, in a session of its own; stdout goes to ``says``."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(says.fileno(), 1)
    says.close()
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.argv = [*command]
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
