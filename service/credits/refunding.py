"""Refunding: credits that were reserved for a request which died before it could settle them go back."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from domain.credits import Settle
from domain.refusal import Refused
from service.caller import Caller
from service.clock import Clock
from service.credits.repository import Credits
from service.ids import new_id

RESERVATION_LIFETIME: Final = timedelta(minutes=10)
"""Longer than any request takes; whoever was to settle an older reservation is gone."""

_log = structlog.get_logger(__name__)


class Refunding:
    """Looks after the reservations of all workspaces; safe to run in many workers at once."""

    def __init__(self, credits: Credits, clock: Clock) -> None:
        self._credits = credits
        self._clock = clock

    async def round(self) -> None:
        """Refund what was reserved long ago."""
        for workspace_id, reservation_id in await self._credits.abandoned(
            self._clock.now() - RESERVATION_LIFETIME
        ):
            caller = Caller(workspace_id, "sweeper", new_id())
            try:
                await self._credits.execute(
                    caller, Settle(reservation_id=reservation_id, done=0, reason="abandoned")
                )
            except Refused as refused:
                _log.info("not_refunded", reservation_id=str(reservation_id), code=refused.code)
            else:
                _log.warning("abandoned_reservation_refunded", reservation_id=str(reservation_id))
