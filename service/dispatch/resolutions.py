"""Resolutions: what became of a send whose outcome nobody was told comes to light, and the lead goes on from there.

A person says so, or it was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import aiosql

from domain import streams
from domain.campaign.events import IN_OPERATION
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.decide import NextAction, RecordAccepted, decide, next_action
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

Decision: TypeAlias = Callable[[Campaign, Lead, UUID | None], Sequence[Event]]
"""What a lead of a campaign decides; the id is that of the evidence."""


class Resolutions:
    """Settles sends, on a person's word or by what was found."""

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
        """Settle the lead's send on a person's word; ``note`` is kept, sealed. The list of leads shows it on return.

        Raises ``Refused`` ``not-found``, ``outcome-not-unknown``, or ``campaign-ended`` for what would be sent again.
        """

        def decision(campaign: Campaign, lead: Lead, evidence: UUID | None) -> Sequence[Event]:
            now = self._clock.now()
            command = Resolve(
                resolution=resolution,
                now=now,
                next_action=_following(campaign, lead, now),
                connected_by=now + self._connection_patience,
                evidence=evidence,
            )
            events = resolve(lead, command)
            if resolution == "not_sent":
                _require_in_operation(campaign)
            return events

        await self._settle(caller, campaign_id, lead_id, decision, note)
        stream = streams.lead(lead_id)
        head = (await self._store.head(caller.workspace_id, [stream]))[stream]
        await self._freshness.reached(head.last_position, LEADS)

    async def record_found(
        self, caller: Caller, campaign_id: UUID, lead_id: UUID, send_id: UUID, words: str
    ) -> None:
        """The lead's send was made, as ``words`` say; changes nothing if that is known already."""

        def decision(campaign: Campaign, lead: Lead, evidence: UUID | None) -> Sequence[Event]:
            if (
                lead.status != "outcome_unknown"
                or lead.open_send is None
                or lead.open_send.send_id != send_id
            ):
                return ()
            following = _following(campaign, lead, self._clock.now())
            accepted = RecordAccepted(send_id=send_id, code=0, next_action=following, evidence=evidence)
            return decide(lead, accepted)

        await self._settle(caller, campaign_id, lead_id, decision, words)

    async def _settle(
        self, caller: Caller, campaign_id: UUID, lead_id: UUID, decision: Decision, words: str | None
    ) -> None:
        """Append what is decided, with the words that are its evidence, and let the tables say what it says."""
        workspace_id = caller.workspace_id
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        async with self._store.transaction() as connection:
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
            await self._follow(connection, caller, campaign, lead_id, lead, events, **who)

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


def _following(campaign: Campaign, lead: Lead, now: datetime) -> NextAction | None:
    """What follows the lead's send if it was made."""
    if lead.open_send is None:
        return None
    hours = campaign.settings.operating_hours
    return next_action(campaign.channel, campaign.nodes, lead.open_send.node_id, hours, now)


def _require_in_operation(campaign: Campaign) -> None:
    if campaign.status not in IN_OPERATION:
        raise Refused(
            "campaign-ended",
            f"The campaign is {campaign.status} and sends nothing any more: resolve the lead as sent or failed.",
            {"campaign_status": campaign.status},
        )
