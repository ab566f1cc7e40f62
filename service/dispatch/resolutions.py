"""Resolutions: what became of a send whose outcome nobody was told comes to light, and the lead goes on from there.

A person says so, or it was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, cast
from uuid import UUID

from domain import streams
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.decide import NextAction, RecordAccepted, next_action
from domain.lead.events import Resolution
from domain.lead.resolving import Resolve, found, resolve
from domain.lead.state import Lead
from domain.sequence import Action
from projections.leads import LEADS
from service.caller import Caller
from service.campaigns.repository import Campaigns
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch import bounces
from service.dispatch import due as due_table
from service.dispatch.due import Due, Key
from service.dispatch.gates import Gates
from service.dispatch.leads import lead_append, read_leads
from service.ids import new_id
from service.leads.reading import no_such_lead
from service.projector.freshness import Freshness
from service.store.appends import Conflict
from service.store.log import EventStore
from service.texts import Words, pack
from service.vault import Document, Vault

_queries: Any = statements(Path(__file__).with_name("resolutions.sql"))

Decision: TypeAlias = Callable[[Campaign, Lead, UUID | None], Sequence[Event]]
"""What a lead of a campaign decides; the id is that of the evidence."""


class Resolutions:
    """Settles sends, on a person's word or by what was found."""

    def __init__(
        self,
        store: EventStore,
        vault: Vault,
        campaigns: Campaigns,
        gates: Gates,
        freshness: Freshness,
        clock: Clock,
        connection_patience: timedelta,
    ) -> None:
        """``connection_patience`` is how long a person may take to accept an invitation."""
        self._store = store
        self._vault = vault
        self._campaigns = campaigns
        self._gates = gates
        self._freshness = freshness
        self._clock = clock
        self._connection_patience = connection_patience

    async def record(
        self, caller: Caller, campaign_id: UUID, lead_id: UUID, resolution: Resolution, note: str | None
    ) -> None:
        """Settle the lead's send on a person's word; ``note`` is kept, sealed. The list of leads shows it on return.

        Raises ``Refused`` ``not-found``, ``outcome-not-unknown``, or ``campaign-ended`` for what would be sent again.
        """

        def decision(campaign: Campaign, lead: Lead, evidence: UUID | None) -> Sequence[Event]:
            now = self._clock.now()
            command = Resolve(
                resolution=resolution,
                campaign_status=campaign.status,
                now=now,
                next_action=_following(campaign, lead, now),
                connected_by=now + self._connection_patience,
                evidence=evidence,
            )
            return resolve(lead, command)

        await self._settle(caller, campaign_id, lead_id, decision, note)
        stream = streams.lead(lead_id)
        head = (await self._store.head(caller.workspace_id, [stream]))[stream]
        await self._freshness.reached(head.last_position, LEADS)

    async def record_found(
        self, caller: Caller, campaign_id: UUID, lead_id: UUID, send_id: UUID, words: str
    ) -> None:
        """The lead's send was made, as ``words`` say; changes nothing if that is known already."""

        def decision(campaign: Campaign, lead: Lead, evidence: UUID | None) -> Sequence[Event]:
            following = _following(campaign, lead, self._clock.now())
            return found(
                lead, RecordAccepted(send_id=send_id, code=0, next_action=following, evidence=evidence)
            )

        await self._settle(caller, campaign_id, lead_id, decision, words)

    async def _settle(
        self, caller: Caller, campaign_id: UUID, lead_id: UUID, decision: Decision, words: str | None
    ) -> None:
        """Append what is decided, with the words that are its evidence, and let the tables say what it says."""
        workspace_id = caller.workspace_id
        async with self._store.transaction() as connection:
            await self._gates.hold_campaign(connection, workspace_id, campaign_id)  # it can't end meanwhile
            campaign = await self._campaigns.load(workspace_id, campaign_id, connection)
            who = await _queries.of_roster(
                connection, workspace_id=workspace_id, campaign_id=campaign_id, lead_id=lead_id
            )
            if who is None:
                raise no_such_lead()
            evidence = new_id() if words else None
            lead, events = await self._tell(connection, caller, campaign, lead_id, decision, evidence)
            if not events:
                return
            if words and evidence is not None:
                document = Document(who["person_id"], evidence, pack(Words(words)))
                await self._vault.seal_many(connection, workspace_id, [document])
            due = self._due((workspace_id, lead_id), campaign_id, lead, **who)
            await self._follow(connection, due, events)

    async def _tell(
        self,
        connection: Connection,
        caller: Caller,
        campaign: Campaign,
        lead_id: UUID,
        decision: Decision,
        evidence: UUID | None,
    ) -> tuple[Lead, Sequence[Event]]:
        """Append what is decided; answers the lead as it was, and the events."""
        key = caller.workspace_id, lead_id
        while True:
            lead, version = (await read_leads(self._store, connection, [key]))[key]
            events = decision(campaign, lead, evidence)
            if not events:
                return lead, events
            append = lead_append(key, version, events, caller.context(self._clock))
            [outcome] = await self._store.append_in(connection, [append])
            if not isinstance(outcome, Conflict):
                return lead, events

    def _due(self, key: Key, campaign_id: UUID, lead: Lead, person_id: UUID, document_id: UUID) -> Due:
        """The row of the lead's open send, as it was in the due table before the send was lost."""
        opened, sender_id = lead.open_send, lead.sender_id
        if opened is None or sender_id is None:
            raise ValueError(f"the send of the lead {key[1]} was settled, and there is none")
        now = self._clock.now()
        return Due(*key, campaign_id, sender_id, person_id, document_id, opened.node_id, now, opened.action)

    async def _follow(self, connection: Connection, due: Due, events: Sequence[Event]) -> None:
        """Let the due table and the tallies say what the events say about the send that was ``due``."""
        following = due_table.followed(due, events, cast(Action, due.task))
        if following is not None:
            await due_table.plan(connection, [following])
        await bounces.count(connection, [(due.campaign, events)], self._clock.now())


def _following(campaign: Campaign, lead: Lead, now: datetime) -> NextAction | None:
    """What follows the lead's send if it was made."""
    if lead.open_send is None:
        return None
    hours = campaign.settings.operating_hours
    return next_action(campaign.channel, campaign.nodes, lead.open_send.node_id, hours, now)
