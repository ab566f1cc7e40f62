"""The boundaries between what is committed and what a provider is told; at each of them a worker can be killed."""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import NamedTuple


class KillPoint(StrEnum):
    """Where a worker is killed; each is one moment in the life of a send, in their order."""

    CLAIM_OPEN = "before the claim commits"
    CLAIM_COMMITTED = "after the claim committed"
    MAIL_READY = "before the server is called"
    DATA_ASKED = "after DATA was asked for"
    DOT_ARRIVED = "after the dot, before the answer"
    ANSWER_READ = "after the 250, before it is recorded"
    RESULT_OPEN = "before the result commits"
    RESULT_COMMITTED = "after the result committed"
    BETWEEN_STEPS = "between two steps"


class Doom(NamedTuple):
    """The process dies when sends have come to ``point`` for the ``nth`` time (from 1)."""

    point: KillPoint
    nth: int


class Fate:
    """Counts what reaches the point, and ends this very process by kill -9 when its doom has come."""

    def __init__(self, doom: Doom | None) -> None:
        self._doom = doom
        self._reached = 0

    def reach(self, point: KillPoint, sends: int = 1) -> None:
        """So many sends have come to a point."""
        if self._doom is None or point != self._doom.point:
            return
        self._reached += sends
        if self._reached >= self._doom.nth:
            os.kill(os.getpid(), signal.SIGKILL)
