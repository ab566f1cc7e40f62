"""Histories of any length: campaigns whose leads get two mails each, written down as workers do, but for the mails.

A lead comes to six events in four appends: two sends, each intended and accepted, and what follows of it. Import,
launch and enrolment add little, for one event tells of a thousand leads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from domain import streams
from domain.campaign import decide as campaigns
from domain.campaign.events import Settings, TextRef
from domain.campaign.state import Campaign, evolve
from domain.event import Event
from domain.lead.division import an_event_each
from domain.lead.events import (
    EnrolledLead,
    ImportedLead,
    LeadCompleted,
    LeadsEnrolled,
    LeadsImported,
    NextActionPlanned,
    SendAccepted,
    SendIntended,
)
from service.caller import Caller
from service.composition import Liftoff
from service.database.pool import Connection
from service.ids import new_id
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, Appended, At, New, StreamWrite, as_recorded

EVENTS_A_LEAD: Final = 6
LEADS_A_CAMPAIGN: Final = 5_000
LEADS_A_TRIP: Final = 200
SIDE_BY_SIDE: Final = 2
"""Campaigns that are under way at a time."""


async def live(liftoff: Liftoff, caller: Caller, events: int) -> AsyncIterator[int]:
    """Live through at least so many events; answers again and again how many more were stored."""
    at_once = SIDE_BY_SIDE * LEADS_A_CAMPAIGN * EVENTS_A_LEAD
    stored = 0
    while stored < events:
        leads = -(-min(events - stored, at_once) // (SIDE_BY_SIDE * EVENTS_A_LEAD))
        lived = await asyncio.gather(*(_Life(liftoff, caller, leads).live() for _ in range(SIDE_BY_SIDE)))
        stored += sum(lived)
        yield sum(lived)


class _Life:
    """One campaign and its leads, from the draft to the last mail."""

    def __init__(self, liftoff: Liftoff, caller: Caller, leads: int) -> None:
        self._liftoff = liftoff
        self._caller = caller
        self._campaign_id = new_id()
        self._sender_id = new_id()
        self._nodes = (new_id(), new_id())
        self._leads = [ImportedLead(new_id(), ordinal, new_id(), new_id()) for ordinal in range(leads)]
        self._stored = 0

    async def live(self) -> int:
        """How many events it came to."""
        await self._launch()
        for start in range(0, len(self._leads), LEADS_A_TRIP):
            ids = [lead.lead_id for lead in self._leads[start : start + LEADS_A_TRIP]]
            first, last = self._nodes
            planned = NextActionPlanned(node_id=last, due_at=self._liftoff.clock.now(), action="email")
            await self._send(ids, first, 0, planned)
            await self._send(ids, last, 3, LeadCompleted())
        return self._stored

    async def _launch(self) -> None:
        """A draft with leads is launched, enrolled and active."""
        create = campaigns.Create(
            campaign_id=self._campaign_id,
            channel="email",
            settings=Settings(
                name=TextRef(new_id(), "0" * 64),
                sender_account_ids=(self._sender_id,),
            ),
            senders={self._sender_id: "email"},
            node_ids=self._nodes,
        )
        count = len(self._leads)
        campaign = await self._tell(None, campaigns.create(create))
        campaign = await self._command(campaign, campaigns.ReviseLeads(added=count))
        await self._tell_roster(
            [
                LeadsImported(campaign_id=self._campaign_id, source="csv", leads=tuple(part))
                for part in an_event_each(self._leads)
            ]
        )
        campaign = await self._command(campaign, campaigns.Launch(total=count, skipped=0))
        campaign = await self._command(campaign, campaigns.StartRun(epoch=1))
        due_at = self._liftoff.clock.now()
        await self._tell_roster(
            [
                LeadsEnrolled(
                    epoch=1,
                    leads=tuple(
                        EnrolledLead(lead.lead_id, self._sender_id, self._nodes[0], due_at) for lead in part
                    ),
                )
                for part in an_event_each(self._leads)
            ]
        )
        await self._command(campaign, campaigns.Activate(epoch=1, prepared=count))

    async def _command(self, campaign: Campaign, command: campaigns.Command) -> Campaign:
        return await self._tell(campaign, campaigns.decide(campaign, command))

    async def _tell(self, campaign: Campaign | None, events: Sequence[Event]) -> Campaign:
        append = self._append(streams.campaign(self._campaign_id), events)
        [outcome] = await self._store([append])
        for recorded in as_recorded(append, outcome):
            campaign = evolve(campaign, recorded)
        if campaign is None:
            raise TypeError("a campaign of the benchmark was not begun")
        return campaign

    async def _tell_roster(self, events: Sequence[Event]) -> None:
        await self._store([self._append(streams.roster(self._campaign_id), events)])

    async def _send(self, lead_ids: Sequence[UUID], node_id: UUID, version: int, then: Event) -> None:
        """Intents in one transaction, outcomes in another, as a worker has them."""
        sends = {lead_id: new_id() for lead_id in lead_ids}
        await self._store(
            [
                self._append(streams.lead(lead_id), [self._intent(node_id, send_id)], version)
                for lead_id, send_id in sends.items()
            ]
        )
        await self._store(
            [
                self._append(
                    streams.lead(lead_id),
                    [SendAccepted(send_id=send_id, code=250, evidence=new_id()), then],
                    version + 1,
                )
                for lead_id, send_id in sends.items()
            ]
        )

    def _intent(self, node_id: UUID, send_id: UUID) -> SendIntended:
        return SendIntended(
            campaign_id=self._campaign_id,
            send_id=send_id,
            node_id=node_id,
            sender_id=self._sender_id,
            attempt=1,
            action="email",
        )

    def _append(self, stream: str, events: Sequence[Event], version: int | None = None) -> Append:
        expected = AnyVersion() if version is None else At(version) if version else New()
        return Append(
            workspace_id=self._caller.workspace_id,
            writes=(StreamWrite(stream=stream, expected=expected, events=events),),
            context=self._caller.context(self._liftoff.clock, epoch=1),
        )

    async def _store(self, appends: Sequence[Append]) -> list[Appended]:
        async with self._liftoff.store.transaction() as connection:
            return await self._append_all(connection, appends)

    async def _append_all(self, connection: Connection, appends: Sequence[Append]) -> list[Appended]:
        outcomes = await self._liftoff.store.append_in(connection, appends)
        stored = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
        if len(stored) < len(appends):
            raise TypeError("an append of the benchmark was refused")
        self._stored += sum(len(outcome.event_ids) for outcome in stored)
        return stored
