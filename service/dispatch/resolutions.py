"""Resolutions: a person says what became of a send whose outcome nobody was told, and the lead goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql

from domain import streams
from domain.campaign.events import IN_OPERATION
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.decide import next_action
from domain.lead.events import Resolution
from domain.lead.resolving import Resolve, resolve
from domain.lead.state import Lead
from domain.refusal import Refused
from projections.leads import LEADS
from service.caller import Caller
from service.campaigns.repository import Campaigns
from service.clock import Clock
from service.database.pool import Connection
from service.dispatch import bounces
from service.dispatch import due as due_table
from service.dispatch.due import Due
from service.dispatch.leads import lead_append, read_leads
from service.ids import new_id
from service.leads.reading import no_such_lead
from service.projector.freshness import Freshness
from service.store.appends import Conflict
from service.store.log import EventStore
from service.texts import Words, pack
from service.vault import Document, Vault

_queries: Any = aiosql.from_path(Path(__file__).with_name("resolutions.sql"), "asyncpg")


class Resolutions:
    """Settles sends on a person's word."""

    def __init__(
        self,
        store: EventStore,
        vault: Vault,
        campaigns: Campaigns,
        freshness: Freshness,
        clock: Clock,
        connection_patience: timedelta,
    ) -> None:
        """``connection_patience`` is how long a person may take to accept an invitation."""
        self._store = store
        self._vault = vault
        self._campaigns = campaigns
        self._freshness = freshness
        self._clock = clock
        self._connection_patience = connection_patience

    async def record(
        self, caller: Caller, campaign_id: UUID, lead_id: UUID, resolution: Resolution, note: str | None
    ) -> None:
        """Settle the lead's send; ``note`` is kept, sealed, as its evidence. Seen by the list of leads on return.

        Raises ``Refused`` ``not-found``, ``outcome-not-unknown``, or ``campaign-ended`` for what would be sent again.
        """
        workspace_id = caller.workspace_id
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        async with self._store.transaction() as connection:
            who = await _queries.of_roster(
                connection, workspace_id=workspace_id, campaign_id=campaign_id, lead_id=lead_id
            )
            if who is None:
                raise no_such_lead()
            evidence = new_id() if note else None
            lead, events = await self._tell(connection, caller, campaign, lead_id, resolution, evidence)
            if note and evidence is not None:
                document = Document(who["person_id"], evidence, pack(Words(note)))
                await self._vault.seal_many(connection, workspace_id, [document])
            await self._follow(connection, caller, campaign, lead_id, lead, events, **who)
        stream = streams.lead(lead_id)
        head = (await self._store.head(workspace_id, [stream]))[stream]
        await self._freshness.reached(head.last_position, LEADS)

    async def _tell(
        self,
        connection: Connection,
        caller: Caller,
        campaign: Campaign,
        lead_id: UUID,
        resolution: Resolution,
        evidence: UUID | None,
    ) -> tuple[Lead, Sequence[Event]]:
        """Append what the lead decides; answers the lead as it was, and the events."""
        key = caller.workspace_id, lead_id
        while True:
            lead, version = (await read_leads(self._store, connection, [key]))[key]
            events = resolve(lead, self._command(campaign, lead, resolution, evidence))
            if resolution == "not_sent":
                _require_in_operation(campaign)
            append = lead_append(key, version, events, caller.context(self._clock))
            [outcome] = await self._store.append_in(connection, [append])
            if not isinstance(outcome, Conflict):
                return lead, events

    def _command(
        self, campaign: Campaign, lead: Lead, resolution: Resolution, evidence: UUID | None
    ) -> Resolve:
        now, hours = self._clock.now(), campaign.settings.operating_hours
        opened = lead.open_send
        following = (
            next_action(campaign.channel, campaign.nodes, opened.node_id, hours, now) if opened else None
        )
        return Resolve(
            resolution=resolution,
            now=now,
            next_action=following,
            connected_by=now + self._connection_patience,
            evidence=evidence,
        )

    async def _follow(
        self,
        connection: Connection,
        caller: Caller,
        campaign: Campaign,
        lead_id: UUID,
        lead: Lead,
        events: Sequence[Event],
        *,
        person_id: UUID,
        document_id: UUID,
    ) -> None:
        """Let the due table and the tallies say what the events say."""
        opened, workspace_id = lead.open_send, caller.workspace_id
        if opened is None or lead.sender_id is None:
            raise ValueError(f"the send of the lead {lead_id} was settled, and there is none")
        due = Due(
            workspace_id,
            lead_id,
            campaign.id,
            lead.sender_id,
            person_id,
            document_id,
            opened.node_id,
            self._clock.now(),
            opened.action,
        )
        following = due_table.followed(due, events, opened.action)
        if following is not None:
            await due_table.plan(connection, [following])
        await bounces.count(connection, [(due.campaign, events)], self._clock.now())


def _require_in_operation(campaign: Campaign) -> None:
    if campaign.status not in IN_OPERATION:
        raise Refused(
            "campaign-ended",
            f"The campaign is {campaign.status} and sends nothing any more: resolve the lead as sent or failed.",
            {"campaign_status": campaign.status},
        )
