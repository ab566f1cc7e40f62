"""The composition root: the one place where the parts of the service are made and given to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from domain import audit, message_draft, read_models, suppression, workspace
from domain import credits as credit_events
from domain.campaign import events as campaign_events
from domain.lead import events as lead_events
from domain.pacing import Gaps
from domain.sender import events as sender_events
from domain.upcasters import UPCASTERS
from service.audit.checkpoints import Checkpoints
from service.audit.export import Export
from service.audit.keys import AuditKeys
from service.audit.publishing import Directory, Publishing
from service.audit.sealing import Sealing
from service.campaigns.ahead import LooksAhead
from service.campaigns.drafting import Drafting
from service.campaigns.lifecycle import Lifecycle
from service.campaigns.planning import Planning
from service.campaigns.preflight import Preflight
from service.campaigns.reading import CampaignReading
from service.campaigns.repository import Campaigns
from service.campaigns.sending import SendingReading
from service.campaigns.syncing import Syncing
from service.channels.inbox import verify
from service.channels.linkedin.absent import NoProvider
from service.channels.linkedin.client import LinkedInClient
from service.channels.opens import OpenTokens
from service.channels.session import Timeouts
from service.channels.smtp import SmtpChannel
from service.channels.unsubscribe import UnsubscribeTokens
from service.clock import Clock
from service.credits.reading import CreditReading
from service.credits.refunding import Refunding
from service.credits.repository import Credits
from service.database.pool import Pool, open_pool
from service.dispatch.answers import Answers
from service.dispatch.approaches import ApproachCarrier
from service.dispatch.bounces import BounceGuard
from service.dispatch.breakers import Breakers
from service.dispatch.claims import Claims
from service.dispatch.gates import Gates
from service.dispatch.housekeeping import Housekeeping
from service.dispatch.mails import MailCarrier, Mails
from service.dispatch.material import Materials
from service.dispatch.opening import Opening
from service.dispatch.recording import Recording
from service.dispatch.relations import Relations
from service.dispatch.suppressions import Suppressions
from service.dispatch.ticks import Ticks
from service.dispatch.tracing import Tracing
from service.dispatch.unsubscribing import Unsubscribing
from service.dispatch.watch import Watch
from service.ids import new_id
from service.launch.launching import Launching
from service.launch.rollback import Rollback
from service.launch.run import LaunchRun
from service.launch.runs import Runs
from service.launch.scheduling import Scheduling
from service.launch.verification import Verification
from service.launch.wording import Wording
from service.leads.editing import LeadEditing
from service.leads.history import LeadHistory
from service.leads.importing import Importing
from service.leads.reading import LeadReading
from service.messages.editing import DraftEditing
from service.messages.generating import Generating
from service.messages.llm import Llm
from service.messages.reading import DraftReading
from service.messages.resolving import Resolving
from service.messages.writing import DraftWriting
from service.past.campaigns import PastCampaigns
from service.past.differences import Differences
from service.past.explaining import Explaining
from service.past.leads import PastLeads
from service.past.moments import Moments
from service.people.erasing import Erasing
from service.projector.freshness import Freshness
from service.projector.skips import Skipping
from service.senders.accounts import Accounts
from service.senders.hearing import Hearing
from service.senders.reading import SenderReading
from service.senders.repository import Senders
from service.settings import Settings
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.history import History
from service.store.log import EventStore
from service.suppressions.entering import SuppressionList
from service.suppressions.reading import SuppressionReading
from service.vault import MasterKey, Sealer, Vault
from service.worker import Worker
from service.workspaces.settings import WorkspaceSettings

EVENTS: Final = (
    *campaign_events.EVENTS,
    *lead_events.EVENTS,
    *sender_events.EVENTS,
    *suppression.EVENTS,
    *audit.EVENTS,
    *credit_events.EVENTS,
    *message_draft.EVENTS,
    *read_models.EVENTS,
    *workspace.EVENTS,
)
"""Every event there is."""
VERIFYING: Final = Timeouts(connect=10.0, command=10.0)
"""How long an inbox may take to let somebody in: a person waits for it."""


@dataclass(frozen=True, kw_only=True)
class Liftoff:
    """The parts that every role of the program shares."""

    settings: Settings
    clock: Clock
    pool: Pool
    master_key: MasterKey
    vault: Vault
    codec: Codec
    store: EventStore
    feed: Feed
    history: History
    sealing: Sealing
    checkpoints: Checkpoints
    publishing: Publishing
    export: Export
    audit_keys: AuditKeys
    freshness: Freshness
    gates: Gates
    campaigns: Campaigns
    campaign_reading: CampaignReading
    drafting: Drafting
    lifecycle: Lifecycle
    senders: Senders
    importing: Importing
    lead_reading: LeadReading
    lead_editing: LeadEditing
    history_of_leads: LeadHistory
    accounts: Accounts
    sender_reading: SenderReading
    runs: Runs
    rollback: Rollback
    launching: Launching
    scheduling: Scheduling
    preflight: Preflight
    planning: Planning
    sending_reading: SendingReading
    wording: Wording
    housekeeping: Housekeeping
    suppressions: Suppressions
    unsubscribing: Unsubscribing
    suppression_list: SuppressionList
    suppression_reading: SuppressionReading
    erasing: Erasing
    tokens: UnsubscribeTokens
    open_tokens: OpenTokens
    opening: Opening
    materials: Materials
    linkedin: LinkedInClient | None
    answers: Answers
    hearing: Hearing
    credits: Credits
    credit_reading: CreditReading
    draft_reading: DraftReading
    draft_editing: DraftEditing
    resolving: Resolving
    generating: Generating
    syncing: Syncing
    skipping: Skipping
    differences: Differences
    explaining: Explaining
    workspace_settings: WorkspaceSettings


@asynccontextmanager
async def assembled(
    settings: Settings, dsn: str, master_key: MasterKey, clock: Clock
) -> AsyncIterator[Liftoff]:
    """The service's parts on a migrated database, until the end of the block.

    Raises ``DatabaseError``, and ``WrongMasterKey`` when the database belongs to another key.
    """
    pool = await open_pool(dsn, max_size=settings.database_pool_size)
    try:
        liftoff = _assemble(settings, pool, master_key, clock)
        async with pool.acquire() as connection:
            await liftoff.vault.require_master_key(connection)
        yield liftoff
        await liftoff.store.close()
        if liftoff.linkedin is not None:
            await liftoff.linkedin.close()
    finally:
        await pool.close()


def _assemble(settings: Settings, pool: Pool, master_key: MasterKey, clock: Clock) -> Liftoff:
    vault = Vault(master_key)
    codec = Codec(EVENTS, UPCASTERS)
    store = EventStore(pool, codec)
    feed = Feed(pool, codec)
    audit_keys = AuditKeys(Sealer(master_key), clock)
    sealing = Sealing(pool, feed, store, audit_keys, clock)
    checkpoints = Checkpoints(pool)
    freshness = Freshness(pool)
    gates = Gates()
    suppressions = Suppressions(store, clock)
    unsubscribing = Unsubscribing(store, suppressions, clock)
    campaigns = Campaigns(store, gates, clock)
    senders = Senders(store, gates, clock)
    workspace_settings = WorkspaceSettings(pool, store, vault, clock)
    runs = Runs(dead_after=timedelta(seconds=settings.run_dead_seconds))
    rollback = Rollback(store, campaigns, gates, runs)
    stale_after = timedelta(seconds=settings.stale_launch_seconds)
    linkedin = _linkedin(settings)
    answers = Answers(store, campaigns, vault, clock)
    accounts = Accounts(
        pool, store, senders, campaigns, gates, vault, partial(verify, timeouts=VERIFYING), linkedin
    )
    verification = Verification(
        pool, vault, senders, accounts, linkedin, timedelta(seconds=settings.linkedin_verify_seconds)
    )
    launching = Launching(
        pool,
        store,
        campaigns,
        senders,
        runs,
        rollback,
        freshness,
        clock,
        stale_after,
        verification,
        workspace_settings,
    )
    scheduling = Scheduling(pool, campaigns, launching, clock)
    dead_after = timedelta(seconds=settings.run_dead_seconds)
    importing = Importing(store, vault, campaigns)
    credits = Credits(pool, store, clock)
    draft_writing = DraftWriting(store, campaigns, vault)
    preflight = Preflight(pool, campaigns, launching, verification)
    moments, past_leads = Moments(pool, store), PastLeads(pool, codec)
    past_campaigns = PastCampaigns(moments)
    campaign_reading = CampaignReading(
        pool, store, campaigns, senders, vault, freshness, past_campaigns, past_leads
    )
    return Liftoff(
        settings=settings,
        clock=clock,
        pool=pool,
        master_key=master_key,
        vault=vault,
        codec=codec,
        store=store,
        feed=feed,
        history=History(pool),
        sealing=sealing,
        checkpoints=checkpoints,
        publishing=Publishing(checkpoints, [Directory(settings.audit_dir)] if settings.audit_dir else []),
        export=Export(pool, store, sealing, checkpoints, audit_keys, clock, EVENTS),
        audit_keys=audit_keys,
        freshness=freshness,
        gates=gates,
        campaigns=campaigns,
        campaign_reading=campaign_reading,
        drafting=Drafting(pool, campaigns, senders, vault),
        lifecycle=Lifecycle(pool, campaigns, gates),
        senders=senders,
        importing=importing,
        lead_reading=LeadReading(pool, store, vault, campaigns, freshness, past_campaigns, past_leads),
        lead_editing=LeadEditing(store, vault, campaigns, importing),
        history_of_leads=LeadHistory(pool, codec, vault),
        accounts=accounts,
        sender_reading=SenderReading(pool, senders, vault, clock, moments),
        runs=runs,
        rollback=rollback,
        launching=launching,
        scheduling=scheduling,
        preflight=preflight,
        planning=Planning(
            campaigns,
            launching,
            preflight,
            LooksAhead(pool, campaigns, gaps(settings)),
            clock,
            gaps(settings),
        ),
        sending_reading=SendingReading(pool, campaigns, senders, clock, dead_after),
        wording=Wording(pool, vault, senders),
        housekeeping=Housekeeping(
            pool,
            store,
            campaigns,
            gates,
            launching,
            (
                BounceGuard(pool, campaigns, clock, settings.bounce_guard).round,
                Breakers(pool, accounts).round,
                scheduling.launch_due,
                Refunding(credits, clock).round,
            ),
            clock,
            dead_after,
        ),
        suppressions=suppressions,
        unsubscribing=unsubscribing,
        suppression_list=SuppressionList(store, vault, suppressions, unsubscribing, freshness),
        suppression_reading=SuppressionReading(pool, store, vault, freshness),
        erasing=Erasing(store, vault, suppressions, unsubscribing, freshness),
        tokens=UnsubscribeTokens(master_key.derive("unsubscribe")),
        open_tokens=OpenTokens(master_key.derive("open-tracking")),
        opening=Opening(store, clock),
        materials=Materials(pool, vault, campaigns, senders, workspace_settings),
        linkedin=linkedin,
        answers=answers,
        hearing=Hearing(pool, store, vault, senders, accounts, answers, linkedin, clock),
        credits=credits,
        credit_reading=CreditReading(pool, codec),
        draft_reading=DraftReading(pool, campaigns, vault),
        draft_editing=DraftEditing(vault, draft_writing),
        resolving=Resolving(vault, draft_writing),
        workspace_settings=workspace_settings,
        generating=Generating(pool, vault, draft_writing, credits, _llm(settings)),
        syncing=Syncing(pool, codec, campaigns),
        skipping=Skipping(store, vault, clock),
        differences=Differences(pool, vault, past_campaigns, past_leads, History(pool)),
        explaining=Explaining(pool, vault),
    )


def _linkedin(settings: Settings) -> LinkedInClient | None:
    """The LinkedIn provider, if there is one."""
    if settings.linkedin_url is None:
        return None
    return LinkedInClient(settings.linkedin_url, settings.linkedin_api_key or "")


def _llm(settings: Settings) -> Llm | None:
    """The language model, if one is configured."""
    if settings.llm_url is None or settings.llm_model is None:
        return None
    return Llm(settings.llm_url, settings.llm_model, settings.llm_api_key)


def new_worker(liftoff: Liftoff, smtp: SmtpChannel) -> Worker:
    """A worker of this process, sending mails through ``smtp``."""
    settings, worker_id = liftoff.settings, new_id()
    tick = timedelta(seconds=settings.tick_seconds)
    recording = Recording(
        liftoff.store, liftoff.vault, liftoff.suppressions, liftoff.clock, connection_patience(settings)
    )
    mails = Mails(liftoff.materials, liftoff.tokens, liftoff.open_tokens, liftoff.clock, settings.base_url)
    ticks = Ticks(
        Claims(
            liftoff.pool,
            liftoff.store,
            liftoff.campaigns,
            liftoff.suppressions,
            liftoff.unsubscribing,
            liftoff.clock,
            worker_id,
            settings.shards,
            gaps(settings),
        ),
        {
            "email": MailCarrier(mails, smtp, liftoff.accounts),
            "linkedin": ApproachCarrier(
                liftoff.materials, liftoff.linkedin or NoProvider(), liftoff.accounts
            ),
        },
        recording,
        tick,
        settings.worker_concurrency,
    )
    return Worker(
        liftoff.pool,
        worker_id,
        new_launch_run(liftoff),
        ticks,
        recording,
        liftoff.housekeeping,
        new_watch(liftoff),
        settings.shards,
        tick,
    )


def new_launch_run(liftoff: Liftoff) -> LaunchRun:
    """What performs the background runs of launches."""
    return LaunchRun(
        liftoff.pool,
        liftoff.store,
        liftoff.campaigns,
        liftoff.senders,
        liftoff.runs,
        liftoff.rollback,
        liftoff.clock,
        gaps(liftoff.settings),
    )


def new_watch(liftoff: Liftoff) -> Watch:
    """What looks after leads that wait for the world."""
    provider = liftoff.linkedin or NoProvider()
    tracing = Tracing(
        liftoff.pool,
        liftoff.store,
        liftoff.vault,
        liftoff.materials,
        provider,
        liftoff.clock,
        connection_patience(liftoff.settings),
    )
    relations = Relations(
        liftoff.pool,
        liftoff.store,
        liftoff.senders,
        liftoff.vault,
        liftoff.answers,
        provider,
        liftoff.clock,
        timedelta(seconds=liftoff.settings.linkedin_look_seconds),
    )
    return Watch(liftoff.store, tracing, relations, liftoff.clock)


def gaps(settings: Settings) -> Gaps:
    """The least times between two sends of one sender."""
    return Gaps(
        email=timedelta(seconds=settings.send_gap_seconds),
        linkedin=timedelta(seconds=settings.linkedin_gap_seconds),
        jitter=settings.send_jitter,
    )


def connection_patience(settings: Settings) -> timedelta:
    """How long a person may take to accept an invitation."""
    return timedelta(days=settings.linkedin_connection_days)
