"""Runs an embedded Postgres for as long as anyone uses it: the parent process of the server.

Every user of a cluster holds a shared lock on its lease file. The keeper waits for the exclusive one, which the kernel
grants when the last user is gone, however it went (kill -9 included), and then stops the server. It is run as a
script, by path, and imports nothing but the standard library, so that it starts fast and needs no environment.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 30.0


def keep(lease: str, account: str, command: list[str]) -> int:
    """Run ``command`` as ``account`` (``uid:gid``, or ``-``: ourselves) until nobody holds ``lease``: its exit code."""
    uid, gid = (None, None) if account == "-" else map(int, account.split(":"))
    server = subprocess.Popen(
        command,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        preexec_fn=_die_with_the_keeper if sys.platform == "linux" else None,  # noqa: PLW1509 - no thread yet
    )
    threading.Thread(target=_stop_when_unused, args=(lease, server), daemon=True).start()
    return server.wait()


def _die_with_the_keeper() -> None:
    """Have the kernel stop the server (SIGINT: a clean, fast shutdown) should the keeper itself be killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _stop_when_unused(lease: str, server: subprocess.Popen[bytes]) -> None:
    """Stop the server after its last user; a server that hangs is stopped hard, and recovers at its next start."""
    fcntl.flock(os.open(lease, os.O_RDWR), fcntl.LOCK_EX)
    server.send_signal(signal.SIGINT)
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1], sys.argv[2], sys.argv[3:]))
