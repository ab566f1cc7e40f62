"""Unsubscribing: one click ends everything that is still to be sent to a person, in the whole workspace (RFC 8058).

An entry in the suppression list by hand ends it in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from domain import streams
from domain.lead.decide import Suppress, Unsubscribe, decide
from domain.lead.state import Lead
from domain.suppression import OF_THE_PERSON, SuppressionReason
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch import due as due_table
from service.dispatch.due import Key
from service.dispatch.leads import read_leads
from service.dispatch.suppressions import Suppressions
from service.store.appends import Append, At, Conflict, New, StreamWrite
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("unsubscribing.sql"))


class Unsubscribing:
    """Ends what is still to be sent to people who want it no longer, or whom the workspace wants to leave alone."""

    def __init__(self, store: EventStore, suppressions: Suppressions, clock: Clock) -> None:
        self._store = store
        self._suppressions = suppressions
        self._clock = clock

    async def unsubscribe(self, caller: Caller, lead_id: UUID) -> None:
        """Suppress the person behind the lead, and end every lead of theirs that has something left to do.

        What is in flight can't be called back; its outcome is still recorded. A lead nobody knows any more has nobody
        to suppress.
        """
        workspace_id = caller.workspace_id
        async with self._store.transaction() as connection:
            person_id: UUID | None = await _queries.person_of(
                connection, workspace_id=workspace_id, lead_id=lead_id
            )
            if person_id is None:
                return
            await self.end_all(connection, caller, [person_id], "unsubscribed")
            await self._suppressions.suppress(
                connection, [(workspace_id, person_id)], "unsubscribed", caller.actor, caller.correlation_id
            )

    async def end_all(
        self, connection: Connection, caller: Caller, person_ids: Sequence[UUID], reason: SuppressionReason
    ) -> None:
        """End every lead of these people that has something left to do; in the caller's transaction."""
        in_flight = await self._hold_leads(connection, caller.workspace_id, person_ids)
        await self.end(connection, dict.fromkeys(in_flight, reason), caller.actor, caller.correlation_id)
        await due_table.drop(connection, [key for key, flies in in_flight.items() if not flies])

    async def end(
        self,
        connection: Connection,
        reasons: Mapping[Key, SuppressionReason],
        actor: str,
        correlation_id: UUID,
    ) -> None:
        """Record why these leads end; the caller holds their due rows."""
        waiting: Sequence[Key] = list(reasons)
        while waiting:
            leads = await read_leads(self._store, connection, waiting)
            appends = {
                key: self._append(Caller(key[0], actor, correlation_id), key, lead, reasons[key])
                for key, lead in leads.items()
            }
            wanted = {key: append for key, append in appends.items() if append is not None}
            outcomes = await self._store.append_in(connection, list(wanted.values()))
            waiting = [
                key for key, outcome in zip(wanted, outcomes, strict=True) if isinstance(outcome, Conflict)
            ]

    def _append(
        self, caller: Caller, key: Key, found: tuple[Lead, int], reason: SuppressionReason
    ) -> Append | None:
        """What is appended to the lead's stream; None when it has ended already."""
        (workspace_id, lead_id), (lead, version) = key, found
        events = decide(lead, Unsubscribe() if reason in OF_THE_PERSON else Suppress())
        if not events:
            return None
        return Append(
            workspace_id=workspace_id,
            writes=(
                StreamWrite(
                    stream=streams.lead(lead_id),
                    expected=At(version) if version else New(),
                    events=events,
                ),
            ),
            context=caller.context(self._clock),
        )

    async def _hold_leads(
        self, connection: Connection, workspace_id: UUID, person_ids: Sequence[UUID]
    ) -> dict[Key, bool]:
        """Lock the due rows of the people's leads, before their streams; answers whether each is in flight."""
        rows = _queries.hold_leads(connection, workspace_id=workspace_id, person_ids=list(person_ids))
        return {(workspace_id, row["lead_id"]): row["in_flight"] async for row in rows}
