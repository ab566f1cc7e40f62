"""Answers: what people do about what was sent to them. They accept an invitation, or they write back.

Whoever hears of it first tells it, a webhook or a look at the provider; the second time changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from domain.event import Event
from domain.lead.decide import Command, NextAction, RecordConnected, RecordReply, decide, next_action
from domain.lead.state import Lead
from service.caller import Caller
from service.campaigns.repository import Campaigns
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch import due as due_table
from service.dispatch.due import Due, Key
from service.dispatch.leads import lead_append, read_leads
from service.ids import new_id
from service.store.appends import Append, Conflict
from service.store.log import EventStore
from service.texts import Words, pack
from service.vault import Document, Vault

_queries: Any = statements(Path(__file__).with_name("answers.sql"))

Told: TypeAlias = Mapping[Key, tuple[Lead, Sequence[Event]]]
"""Each lead as it was, and the events that the news led to."""
PROVIDER = "provider"
"""Who tells: the provider of a channel."""


class Answers:
    """Records what people do; every method joins the caller's transaction."""

    def __init__(self, store: EventStore, campaigns: Campaigns, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._campaigns = campaigns
        self._vault = vault
        self._clock = clock

    async def connected(
        self,
        connection: Connection,
        workspace_id: UUID,
        sender_id: UUID,
        person_id: UUID,
        correlation_id: UUID,
    ) -> None:
        """The person and the sender are connected: what follows the invitation is planned."""
        held = await self._hold(connection, workspace_id, sender_id, person_id)
        commands = {
            due.key: RecordConnected(next_action=await self._following(connection, due)) for due in held
        }
        told = await self._tell(connection, Caller(workspace_id, PROVIDER, correlation_id), commands)
        for due in held:
            lead, events = told[due.key]
            if lead.awaits_connection and events:
                await _settle(connection, due, events)

    async def replied(
        self,
        connection: Connection,
        workspace_id: UUID,
        sender_id: UUID,
        person_id: UUID,
        correlation_id: UUID,
        words: str,
    ) -> None:
        """The person has written back: their leads of campaigns that stop on a reply end."""
        held = await self._hold(connection, workspace_id, sender_id, person_id)
        stops = await self._stops(connection, workspace_id, sender_id, person_id)
        evidence = new_id()
        commands = {key: RecordReply(stops=ends, evidence=evidence) for key, ends in stops.items()}
        told = await self._tell(connection, Caller(workspace_id, PROVIDER, correlation_id), commands)
        if any(events for _, events in told.values()):
            document = Document(person_id, evidence, pack(Words(words)))
            await self._vault.seal_many(connection, workspace_id, [document])
        ended = {key for key, (_, events) in told.items() if events and stops[key]}
        await due_table.drop(
            connection, (due.key for due, flies in held.items() if due.key in ended and not flies)
        )

    async def _hold(
        self, connection: Connection, workspace_id: UUID, sender_id: UUID, person_id: UUID
    ) -> dict[Due, bool]:
        """Lock the due rows of the person's leads, before their streams; answers whether each is in flight."""
        rows = _queries.hold_leads(
            connection, workspace_id=workspace_id, sender_id=sender_id, person_id=person_id
        )
        return {Due(*list(row.values())[:-1]): row["in_flight"] async for row in rows}

    async def _following(self, connection: Connection, due: Due) -> NextAction | None:
        campaign = await self._campaigns.load(due.workspace_id, due.campaign_id, connection)
        hours, now = campaign.settings.operating_hours, self._clock.now()
        return next_action(campaign.channel, campaign.nodes, due.node_id, hours, now)

    async def _stops(
        self, connection: Connection, workspace_id: UUID, sender_id: UUID, person_id: UUID
    ) -> dict[Key, bool]:
        """The person's leads that the sender has written to, each with whether a reply ends it."""
        rows = _queries.leads_of(connection, workspace_id=workspace_id, person_id=person_id)
        campaign_of = {(workspace_id, row["lead_id"]): row["campaign_id"] async for row in rows}
        stops: dict[Key, bool] = {}
        for key, (lead, _) in (await read_leads(self._store, connection, campaign_of)).items():
            if lead.sender_id == sender_id:
                campaign = await self._campaigns.load(workspace_id, campaign_of[key], connection)
                stops[key] = campaign.settings.stop_on_reply
        return stops

    async def _tell(self, connection: Connection, caller: Caller, commands: Mapping[Key, Command]) -> Told:
        """Append what the leads decide."""
        told: dict[Key, tuple[Lead, Sequence[Event]]] = {}
        waiting: Sequence[Key] = list(commands)
        while waiting:
            leads = await read_leads(self._store, connection, waiting)
            appends: dict[Key, Append] = {}
            for key, (lead, version) in leads.items():
                events = decide(lead, commands[key])
                told[key] = (lead, events)
                if events:
                    appends[key] = lead_append(key, version, events, caller.context(self._clock))
            outcomes = await self._store.append_in(connection, list(appends.values()))
            waiting = [
                key for key, outcome in zip(appends, outcomes, strict=True) if isinstance(outcome, Conflict)
            ]
        return told


async def _settle(connection: Connection, due: Due, events: Sequence[Event]) -> None:
    """Let the due table say what follows the invitation."""
    following = due_table.followed(due, events, "connection_request")
    if following is None:
        await due_table.drop(connection, [due.key])
    else:
        await due_table.plan(connection, [following])
