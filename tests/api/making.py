"""Makes what a test begins with, straight through the parts of the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

from domain import streams
from domain.campaign.decide import (
    Activate,
    Archive,
    Command,
    Complete,
    Launch,
    Pause,
    ReviseLeads,
    StartRun,
    Stop,
    decide,
)
from domain.campaign.events import Status
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.events import ImportedLead, LeadsImported
from domain.sender import decide as senders
from domain.sender import events as sender_events
from domain.sequence import Channel
from service.caller import Caller
from service.campaigns.repository import Change
from service.composition import Liftoff
from service.ids import new_id
from service.senders.provider_accounts import account_digest, mailbox_digest
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite
from service.texts import Inbox, SenderProfile, pack


def caller(workspace_id: UUID) -> Caller:
    """Somebody of the workspace."""
    return Caller(workspace_id, "test", new_id())


async def make_sender(
    liftoff: Liftoff,
    workspace_id: UUID,
    address: str = "ada@example.com",
    *,
    channel: Channel = "email",
    warmup_status: sender_events.WarmupStatus = "active",
) -> UUID:
    """A sender account that works: with a verified inbox, or connected at the LinkedIn provider as ``address``."""
    sender_id, by = new_id(), caller(workspace_id)
    async with liftoff.store.transaction() as connection:
        name = {"email_address" if channel == "email" else "provider_account_id": address}
        profile = pack(SenderProfile(**name, display_name="Ada Example"))
        inbox = pack(Inbox("smtp://127.0.0.1:2525"))
        connect = senders.Connect(
            sender_id=sender_id,
            channel=channel,
            profile_id=await liftoff.vault.seal(connection, workspace_id, sender_id, profile),
            address_digest=new_id(),
            warmup_status=warmup_status,
        )
        verified: tuple[Event, ...] = (sender_events.AccountVerified(),)
        if channel == "email":
            inbox_id = await liftoff.vault.seal(connection, workspace_id, sender_id, inbox)
            verified = (sender_events.InboxConfigured(inbox_id=inbox_id), sender_events.InboxVerified())
        events = (*senders.connect(connect), *verified)
        stands_for = account_digest if channel == "linkedin" else mailbox_digest
        digest = stands_for(liftoff.vault, address)
        await liftoff.senders.begin(connection, by, sender_id, events, digest)
    return sender_id


async def remove_sender(liftoff: Liftoff, workspace_id: UUID, sender_id: UUID) -> None:
    """The account is used no longer."""
    await liftoff.senders.execute(
        caller(workspace_id), sender_id, lambda sender: senders.decide(sender, senders.Remove())
    )


async def add_leads(liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID, count: int) -> list[UUID]:
    """Leads of whom nothing is known but that they are there."""
    campaign = await liftoff.campaigns.load(workspace_id, campaign_id)
    leads = tuple(
        ImportedLead(new_id(), campaign.leads_ever + index, new_id(), new_id()) for index in range(count)
    )
    imported = LeadsImported(campaign_id=campaign_id, source="api", leads=leads)
    roster = StreamWrite(stream=streams.roster(campaign_id), expected=AnyVersion(), events=(imported,))
    change = Change(events=decide(campaign, ReviseLeads(added=count)), also=(roster,))
    await liftoff.campaigns.swap(caller(workspace_id), campaign, change)
    return [lead.lead_id for lead in leads]


async def bring_to(
    liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID, status: Status, total: int = 1
) -> Campaign:
    """Lets a draft live until it has this status; its launch is for ``total`` leads, none of which is due."""
    campaign = await liftoff.campaigns.load(workspace_id, campaign_id)
    for command in _LIVES[status](total):
        campaign = await liftoff.campaigns.execute(
            caller(workspace_id), campaign_id, partial(_decide, command)
        )
    return campaign


def _decide(command: Command, campaign: Campaign) -> tuple[Event, ...]:
    return decide(campaign, command)


def _launched(total: int) -> tuple[Command, ...]:
    return (Launch(total=total, skipped=0),)


def _active(total: int) -> tuple[Command, ...]:
    return (*_launched(total), StartRun(epoch=1), Activate(epoch=1, prepared=total))


_LIVES: Final[Mapping[Status, Callable[[int], tuple[Command, ...]]]] = {
    "draft": lambda _: (),
    "launching": _launched,
    "active": _active,
    "paused": lambda total: (*_active(total), Pause()),
    "completed": lambda total: (*_active(total), Complete(something_left=False)),
    "stopped": lambda total: (*_active(total), Stop()),
    "archived": lambda _: (Archive(),),
}


async def make_due(
    liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID, count: int, worker_id: UUID | None = None
) -> None:
    """So many leads have something due; with a worker it is in flight."""
    values = "($1, $3, $2, $3, $3, $3, $3, now(), 'email', $4)"
    columns = "workspace_id, lead_id, campaign_id, sender_id, person_id, document_id, node_id, due_at, task, worker_id"
    for _ in range(count):
        await liftoff.pool.execute(
            f"INSERT INTO dispatch_due ({columns}) VALUES {values}",
            workspace_id,
            campaign_id,
            new_id(),
            worker_id,
        )


async def log_of(liftoff: Liftoff) -> list[str]:
    """Every event of the log, as it is stored."""
    rows = await liftoff.pool.fetch("SELECT payload FROM events ORDER BY position")
    return [row["payload"] for row in rows]
