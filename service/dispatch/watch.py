"""The watch: what waits for the world instead of for its turn. Connections, traces of sends, and time that is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import structlog

from domain.lead.decide import TimeOut, decide
from service.caller import Caller
from service.clock import Clock
from service.database.statements import statements
from service.dispatch import due as due_table
from service.dispatch.leads import lead_append, read_leads
from service.dispatch.relations import Relations
from service.dispatch.tracing import Tracing
from service.ids import new_id
from service.store.appends import Appended
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("watch.sql"))
_log = structlog.get_logger(__name__)

LEADS_AT_ONCE: Final = 500


class Watch:
    """Looks after the whole database; safe to run in many workers at once."""

    def __init__(self, store: EventStore, tracing: Tracing, relations: Relations, clock: Clock) -> None:
        self._store = store
        self._tracing = tracing
        self._relations = relations
        self._clock = clock

    async def round(self) -> None:
        """Look once at everything. Who is connected is looked at before anybody is given up."""
        await self._relations.round()
        while await self._time_out_part():
            continue
        await self._tracing.round()

    async def _time_out_part(self) -> int:
        """End some of the leads that were not connected in time; answers how many."""
        now = self._clock.now()
        async with self._store.transaction() as connection:
            rows = _queries.overdue(connection, now=now, at_most=LEADS_AT_ONCE)
            keys = [(row["workspace_id"], row["lead_id"]) async for row in rows]
            leads = await read_leads(self._store, connection, keys)
            appends = {
                key: lead_append(
                    key, version, events, Caller(key[0], "sweeper", new_id()).context(self._clock)
                )
                for key, (lead, version) in leads.items()
                if (events := decide(lead, TimeOut(now=now)))
            }
            outcomes = await self._store.append_in(connection, list(appends.values()))
            ended = [
                key for key, outcome in zip(appends, outcomes, strict=True) if isinstance(outcome, Appended)
            ]
            await due_table.drop(connection, ended)
        if ended:
            _log.info("connections_timed_out", count=len(ended))
        return len(ended)
