"""What campaigns need before they can be measured: a workspace, sender accounts, a sequence, and many leads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import UUID

from domain import streams
from domain.campaign.decide import ReviseLeads, decide
from domain.campaign.state import Campaign
from domain.lead.division import LEADS_AN_EVENT, an_event_each
from domain.lead.events import ImportedLead, LeadsImported
from domain.sender import decide as sender_decide
from domain.sender import events as sender_events
from domain.sender.limits import MAX_DAILY_LIMIT
from service.access import ApiKeys, NewKey, Scope, Workspaces
from service.caller import Caller
from service.campaigns.drafts import CampaignChange, ListedNode, NewCampaign
from service.campaigns.repository import Change
from service.clock import SystemClock
from service.composition import Liftoff, assembled
from service.database.pool import Connection
from service.ids import new_id
from service.leads import roster
from service.settings import Settings
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite
from service.texts import Inbox, LeadProfile, SenderProfile, pack
from service.vault import Document, MasterKey, Vault

MASTER_KEY: Final = MasterKey(bytes(32))
LEADS_A_CHANGE: Final = 5 * LEADS_AN_EVENT
_FIELDS: Final = ("company", "email", "first_name", "last_name")
BODY: Final = (
    "Hello {{first_name}},\n\nweeks at {{company|your company}} could be quieter, and Fridays shorter. "
    "We have written down how others got there; it takes five minutes to read.\n\nShall I send it?\n"
)


@asynccontextmanager
async def service_on(dsn: str, settings: Settings) -> AsyncIterator[Liftoff]:
    """The parts of the service on a database of the ground."""
    async with assembled(settings, dsn, MASTER_KEY, SystemClock()) as liftoff:
        yield liftoff


async def new_caller(liftoff: Liftoff) -> Caller:
    """Somebody of a new workspace."""
    workspace_id = await Workspaces(liftoff.pool, liftoff.clock).take(str(new_id()))
    return Caller(workspace_id, "benchmark", new_id())


async def new_key(liftoff: Liftoff, workspace_id: UUID) -> str:
    """The secret of a key that may do everything."""
    issued = await ApiKeys(liftoff.pool, liftoff.clock).issue(workspace_id, NewKey(scopes=frozenset(Scope)))
    return issued.secret


async def connect_senders(liftoff: Liftoff, caller: Caller, smtp_urls: Sequence[str]) -> list[UUID]:
    """Sender accounts that are ready, one for each inbox."""
    return [await _connect_sender(liftoff, caller, number, url) for number, url in enumerate(smtp_urls)]


async def _connect_sender(liftoff: Liftoff, caller: Caller, number: int, smtp_url: str) -> UUID:
    sender_id, workspace_id, vault = new_id(), caller.workspace_id, liftoff.vault
    profile = SenderProfile(email_address=f"sender{number}@bench.example", display_name="Robin Reyes")
    async with liftoff.store.transaction() as connection:
        inbox_id = await vault.seal(connection, workspace_id, sender_id, pack(Inbox(smtp_url)))
        connect = sender_decide.Connect(
            sender_id=sender_id,
            channel="email",
            profile_id=await vault.seal(connection, workspace_id, sender_id, pack(profile)),
            address_digest=new_id(),
            daily_limit=MAX_DAILY_LIMIT,
            warmup_status="active",
        )
        verified = (sender_events.InboxConfigured(inbox_id=inbox_id), sender_events.InboxVerified())
        await liftoff.senders.begin(
            connection, caller, sender_id, (*sender_decide.connect(connect), *verified)
        )
    return sender_id


async def draft(
    liftoff: Liftoff, caller: Caller, sender_ids: Sequence[UUID], delay_days: int = 0
) -> Campaign:
    """A draft of one mail, which is sent so many days after the launch, without leads."""
    new = NewCampaign(type="email", name=str(new_id()), sender_account_ids=tuple(sender_ids))
    campaign = await liftoff.drafting.create(caller, new)
    nodes = (
        ListedNode(type="delay", delay_days=delay_days),
        ListedNode(type="email", subject="Quieter weeks, {{first_name}}?", body=BODY),
        ListedNode(type="end"),
    )
    sequence = nodes if delay_days else nodes[1:]
    return await liftoff.drafting.edit(caller, campaign.id, CampaignChange(sequence_nodes=sequence))


async def enlist(liftoff: Liftoff, caller: Caller, campaign: Campaign, count: int) -> Campaign:
    """Put so many leads on a draft that has none, by the writes that an import ends in."""
    for start in range(0, count, LEADS_A_CHANGE):
        ordinals = range(start, min(start + LEADS_A_CHANGE, count))
        leads = [ImportedLead(new_id(), ordinal, new_id(), new_id()) for ordinal in ordinals]
        change = Change(
            events=decide(campaign, ReviseLeads(added=len(leads))),
            also=(_imports(campaign.id, leads),),
            beside=partial(_keep_leads, liftoff.vault, caller.workspace_id, leads),
        )
        campaign = await liftoff.campaigns.swap(caller, campaign, change)
    return campaign


def _imports(campaign_id: UUID, leads: Sequence[ImportedLead]) -> StreamWrite:
    events = [
        LeadsImported(campaign_id=campaign_id, source="csv", leads=part) for part in an_event_each(leads)
    ]
    return StreamWrite(stream=streams.roster(campaign_id), expected=AnyVersion(), events=events)


async def _keep_leads(
    vault: Vault, workspace_id: UUID, leads: Sequence[ImportedLead], connection: Connection, after: Campaign
) -> None:
    documents = [Document(lead.person_id, lead.document_id, _profile(lead)) for lead in leads]
    await vault.seal_many(connection, workspace_id, documents)
    await roster.enlist(connection, workspace_id, after.id, [roster.Entry(lead, _FIELDS) for lead in leads])


def _profile(lead: ImportedLead) -> bytes:
    return pack(
        LeadProfile(
            email=f"lead{lead.ordinal}@example.org",
            first_name="Ada",
            last_name="Example",
            company="Quieter Ltd",
        )
    )
