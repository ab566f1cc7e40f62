"""Makes what a test begins with, straight through the parts of the service."""

from __future__ import annotations

from uuid import UUID

from domain import sender as senders
from domain import streams
from domain.campaign.decide import Activate, Launch, ReviseLeads, StartRun, decide
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.events import ImportedLead, LeadsImported
from domain.sequence import Channel
from service.caller import Caller
from service.campaigns.repository import Change
from service.composition import Liftoff
from service.ids import new_id
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
    warmup_status: senders.WarmupStatus = "active",
) -> UUID:
    """A sender account with a verified inbox."""
    sender_id, by = new_id(), caller(workspace_id)
    async with liftoff.store.transaction() as connection:
        profile = pack(SenderProfile(email_address=address, display_name="Ada Example"))
        inbox = pack(Inbox("smtp://127.0.0.1:2525"))
        connect = senders.Connect(
            sender_id=sender_id,
            channel=channel,
            profile_id=await liftoff.vault.seal(connection, workspace_id, sender_id, profile),
            address_digest=new_id(),
            warmup_status=warmup_status,
        )
        inbox_id = await liftoff.vault.seal(connection, workspace_id, sender_id, inbox)
        verified = (senders.InboxConfigured(inbox_id=inbox_id), senders.InboxVerified())
        await liftoff.senders.begin(connection, by, sender_id, (*senders.connect(connect), *verified))
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


async def launch(liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID, total: int = 1) -> Campaign:
    """The launch is accepted, for so many leads."""
    return await liftoff.campaigns.execute(
        caller(workspace_id), campaign_id, lambda draft: decide(draft, Launch(total=total, skipped=0))
    )


async def activate(liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID, total: int = 1) -> Campaign:
    """The launch is accepted, and its run has ended."""
    await launch(liftoff, workspace_id, campaign_id, total)

    def run(campaign: Campaign) -> tuple[Event, ...]:
        return (
            *decide(campaign, StartRun(epoch=campaign.epoch)),
            *decide(campaign, Activate(epoch=campaign.epoch, prepared=total)),
        )

    return await liftoff.campaigns.execute(caller(workspace_id), campaign_id, run)
