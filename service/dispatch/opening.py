"""Opens: the picture in a mail was fetched, by the recipient or by a program of theirs."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from domain import streams
from domain.lead.opening import opened
from service.caller import Caller
from service.clock import Clock
from service.dispatch.leads import lead_append
from service.store.appends import Conflict
from service.store.log import EventStore

ATTEMPTS: Final = 5
"""How often it is tried while others write to the lead; an open that gets lost then is told again by the next."""


class Opening:
    """Records opens."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def record(self, caller: Caller, lead_id: UUID, send_id: UUID) -> None:
        """Keep that the mail was opened; the second time changes nothing, however the campaign stands."""
        for _ in range(ATTEMPTS):
            history = await self._store.read_stream(caller.workspace_id, streams.lead(lead_id))
            events = opened((recorded.event for recorded in history), send_id)
            if not events:
                return
            key = caller.workspace_id, lead_id
            append = lead_append(key, history[-1].version, events, caller.context(self._clock))
            async with self._store.transaction() as connection:
                [outcome] = await self._store.append_in(connection, [append])
            if not isinstance(outcome, Conflict):
                return
