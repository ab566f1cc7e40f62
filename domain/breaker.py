"""The circuit breaker of a sender account: after many failures in a row it sends no more until somebody has looked.

A failure blames no recipient: the provider put the send off, did not let the sender send, or was lost before it
answered. What a provider accepts ends the row; a recipient it refuses for good says nothing about the sender.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

FAILURES_IN_A_ROW: Final = 10
"""How many failures in a row open the breaker."""


def counted(in_row: int, successes: Iterable[bool]) -> int:
    """How many failures in a row there are after these outcomes, in their order, if there were ``in_row`` before."""
    for success in successes:
        in_row = 0 if success else in_row + 1
    return in_row
