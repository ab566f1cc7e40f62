"""Tracing: sends whose outcome nobody was told are looked for at the provider, and settled by what is found.

Until that is done nothing is sent to the lead. Looking changes nothing, so two who look at the same time do no harm:
the first to record what was found is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, assert_never
from uuid import UUID

import structlog

from domain.event import Event
from domain.lead.decide import (
    Command,
    RecordAccepted,
    RecordConnected,
    RecordDeferred,
    RecordUntold,
    decide,
    next_action,
)
from domain.lead.state import Lead, OpenSend, evolve
from service.caller import Caller
from service.channels.linkedin.port import Provider, Trace
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.dispatch import due as due_table
from service.dispatch.approaches import approach
from service.dispatch.due import Due
from service.dispatch.leads import lead_append, read_leads
from service.dispatch.material import Material, Materials
from service.dispatch.prepared import NotMade
from service.ids import new_id
from service.store.appends import Appended
from service.store.log import EventStore
from service.texts import Words, pack
from service.vault import Document, Vault

_queries: Any = statements(Path(__file__).with_name("watch.sql"))
_log = structlog.get_logger(__name__)

AT_ONCE: Final = 16
FOUND: Final = 200
"""The status under which an action is recorded whose trace was found."""


class Tracing:
    """Settles what is in doubt."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        vault: Vault,
        materials: Materials,
        provider: Provider,
        clock: Clock,
        connection_patience: timedelta,
    ) -> None:
        """``connection_patience`` is how long a person may take to accept an invitation."""
        self._pool = pool
        self._store = store
        self._vault = vault
        self._materials = materials
        self._provider = provider
        self._clock = clock
        self._connection_patience = connection_patience

    async def round(self) -> None:
        """Look once for the traces that are due, some at a time."""
        async with self._pool.acquire() as connection:
            rows = _queries.doubtful(connection, now=self._clock.now(), at_most=AT_ONCE)
            doubtful = [Due(*row.values()) async for row in rows]
        if doubtful:
            material = await self._materials.gather(doubtful)
            await asyncio.gather(*(self._trace(due, material) for due in doubtful))

    async def _trace(self, due: Due, material: Material) -> None:
        async with self._pool.acquire() as connection:
            opened = (await self._read(connection, due))[0].open_send
        if opened is None:
            raise ValueError(f"the lead {due.lead_id} is to be traced and has no open send")
        trace = await self._look(due, opened, material)
        async with self._store.transaction() as connection:
            await self._settle(connection, due, opened, trace, material)

    async def _look(self, due: Due, opened: OpenSend, material: Material) -> Trace:
        made = approach(due, material)
        if isinstance(made, NotMade):
            return Trace("untold", "")
        if opened.action == "connection_request":
            return await self._provider.trace_invitation(made.account, made.person)
        return await self._provider.trace_message(made.account, made.person, made.text)

    async def _settle(
        self, connection: Connection, due: Due, opened: OpenSend, trace: Trace, material: Material
    ) -> None:
        """Record what was found, unless somebody else has settled it meanwhile."""
        if not await _queries.still_doubtful(connection, workspace_id=due.workspace_id, lead_id=due.lead_id):
            return
        lead, version = await self._read(connection, due)
        if lead.open_send != opened:
            return
        evidence = await self._keep(connection, due, trace)
        events = self._events(lead, due, opened, trace, material, evidence)
        context = Caller(due.workspace_id, "worker", opened.send_id).context(self._clock)
        append = lead_append(due.key, version, events, context)
        [outcome] = await self._store.append_in(connection, [append])
        if not isinstance(outcome, Appended):
            _log.info("lead_moved_while_traced", lead_id=str(due.lead_id))
            return
        _log.info("send_traced", lead_id=str(due.lead_id), send_id=str(opened.send_id), trace=trace.kind)
        following = due_table.followed(due, events, opened.action)
        if following is None:
            await due_table.drop(connection, [due.key])
        else:
            await due_table.plan(connection, [following])

    def _events(
        self,
        lead: Lead,
        due: Due,
        opened: OpenSend,
        trace: Trace,
        material: Material,
        evidence: UUID | None,
    ) -> Sequence[Event]:
        now, campaign = self._clock.now(), material.campaign(due)
        hours = campaign.settings.operating_hours
        following = next_action(campaign.channel, campaign.nodes, opened.node_id, hours, now)
        accepted = RecordAccepted(
            send_id=opened.send_id,
            code=FOUND,
            next_action=following,
            evidence=evidence,
            connected_by=now + self._connection_patience,
        )
        match trace.kind:
            case "found":
                return _decided(lead, self._clock, accepted)
            case "connected":
                return _decided(lead, self._clock, accepted, RecordConnected(next_action=following))
            case "absent":
                absent = RecordDeferred(send_id=opened.send_id, code=0, now=now, evidence=evidence)
                return _decided(lead, self._clock, absent)
            case "untold":
                return _decided(lead, self._clock, RecordUntold(send_id=opened.send_id, now=now))
            case _:
                assert_never(trace.kind)

    async def _read(self, connection: Connection, due: Due) -> tuple[Lead, int]:
        return (await read_leads(self._store, connection, [due.key]))[due.key]

    async def _keep(self, connection: Connection, due: Due, trace: Trace) -> UUID | None:
        """Seal the provider's words, if they are evidence of anything."""
        if trace.kind == "untold" or not trace.words:
            return None
        evidence = new_id()
        document = Document(due.person_id, evidence, pack(Words(trace.words)))
        await self._vault.seal_many(connection, due.workspace_id, [document])
        return evidence


def _decided(lead: Lead, clock: Clock, *commands: Command) -> Sequence[Event]:
    """What the commands lead to, one after the other."""
    events: list[Event] = []
    for command in commands:
        for event in decide(lead, command):
            lead = evolve(lead, event, clock.now())
            events.append(event)
    return events
