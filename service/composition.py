"""The composition root: the one place where the parts of the service are made and given to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from domain import audit, sender, suppression
from domain.campaign import events as campaign_events
from domain.lead import events as lead_events
from service.audit.checkpoints import Checkpoints
from service.audit.export import Export
from service.audit.keys import AuditKeys
from service.audit.publishing import Directory, Publishing
from service.audit.sealing import Sealing
from service.campaigns.drafting import Drafting
from service.campaigns.lifecycle import Lifecycle
from service.campaigns.preflight import Preflight
from service.campaigns.reading import CampaignReading
from service.campaigns.repository import Campaigns
from service.channels.inbox import verify
from service.channels.session import Timeouts
from service.channels.smtp import SmtpChannel
from service.channels.unsubscribe import UnsubscribeTokens
from service.clock import Clock
from service.database.pool import Pool, open_pool
from service.dispatch.claims import Claims
from service.dispatch.gates import Gates
from service.dispatch.housekeeping import Housekeeping
from service.dispatch.mails import Mails
from service.dispatch.recording import Recording
from service.dispatch.suppressions import Suppressions
from service.dispatch.ticks import Ticks
from service.dispatch.unsubscribing import Unsubscribing
from service.ids import new_id
from service.launch.launching import Launching
from service.launch.rollback import Rollback
from service.launch.run import LaunchRun
from service.launch.runs import Runs
from service.launch.wording import Wording
from service.leads.editing import LeadEditing
from service.leads.history import LeadHistory
from service.leads.importing import Importing
from service.leads.reading import LeadReading
from service.projector.freshness import Freshness
from service.senders.accounts import Accounts
from service.senders.reading import SenderReading
from service.senders.repository import Senders
from service.settings import Settings
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.history import History
from service.store.log import EventStore
from service.vault import MasterKey, Sealer, Vault
from service.worker import Worker

EVENTS: Final = (
    *campaign_events.EVENTS,
    *lead_events.EVENTS,
    *sender.EVENTS,
    *suppression.EVENTS,
    *audit.EVENTS,
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
    preflight: Preflight
    wording: Wording
    housekeeping: Housekeeping
    suppressions: Suppressions
    unsubscribing: Unsubscribing
    tokens: UnsubscribeTokens


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
    finally:
        await pool.close()


def _assemble(settings: Settings, pool: Pool, master_key: MasterKey, clock: Clock) -> Liftoff:
    vault = Vault(master_key)
    codec = Codec(EVENTS)
    store = EventStore(pool, codec)
    feed = Feed(pool, codec)
    audit_keys = AuditKeys(Sealer(master_key), clock)
    sealing = Sealing(pool, feed, store, audit_keys, clock)
    checkpoints = Checkpoints(pool)
    freshness = Freshness(pool)
    gates = Gates()
    suppressions = Suppressions(store, clock)
    campaigns = Campaigns(store, gates, clock)
    senders = Senders(store, gates, clock)
    runs = Runs(dead_after=timedelta(seconds=settings.run_dead_seconds))
    rollback = Rollback(store, campaigns, gates)
    stale_after = timedelta(seconds=settings.stale_launch_seconds)
    launching = Launching(pool, store, campaigns, senders, runs, rollback, freshness, clock, stale_after)
    dead_after = timedelta(seconds=settings.run_dead_seconds)
    importing = Importing(store, vault, campaigns)
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
        campaign_reading=CampaignReading(pool, store, campaigns, senders, vault, freshness),
        drafting=Drafting(pool, campaigns, senders, vault),
        lifecycle=Lifecycle(pool, campaigns, gates),
        senders=senders,
        importing=importing,
        lead_reading=LeadReading(pool, store, vault, campaigns, freshness),
        lead_editing=LeadEditing(store, vault, campaigns, importing),
        history_of_leads=LeadHistory(pool, codec, vault),
        accounts=Accounts(pool, store, senders, campaigns, gates, vault, partial(verify, timeouts=VERIFYING)),
        sender_reading=SenderReading(pool, senders, vault, clock),
        runs=runs,
        rollback=rollback,
        launching=launching,
        preflight=Preflight(pool, campaigns, launching),
        wording=Wording(pool, vault, senders),
        housekeeping=Housekeeping(pool, store, campaigns, gates, launching, clock, dead_after),
        suppressions=suppressions,
        unsubscribing=Unsubscribing(store, suppressions, clock),
        tokens=UnsubscribeTokens(master_key.derive("unsubscribe")),
    )


def new_worker(liftoff: Liftoff, smtp: SmtpChannel) -> Worker:
    """A worker of this process, sending through ``smtp``."""
    settings, worker_id = liftoff.settings, new_id()
    gap, tick = timedelta(seconds=settings.send_gap_seconds), timedelta(seconds=settings.tick_seconds)
    recording = Recording(liftoff.store, liftoff.vault, liftoff.suppressions, liftoff.clock)
    ticks = Ticks(
        Claims(
            liftoff.pool,
            liftoff.store,
            liftoff.suppressions,
            liftoff.unsubscribing,
            liftoff.clock,
            worker_id,
            settings.shards,
            gap,
        ),
        Mails(
            liftoff.pool,
            liftoff.vault,
            liftoff.campaigns,
            liftoff.senders,
            liftoff.tokens,
            liftoff.clock,
            settings.base_url,
        ),
        smtp,
        recording,
        liftoff.accounts,
        tick,
        settings.worker_concurrency,
    )
    launch_run = LaunchRun(
        liftoff.pool,
        liftoff.store,
        liftoff.campaigns,
        liftoff.senders,
        liftoff.runs,
        liftoff.rollback,
        liftoff.clock,
        gap,
    )
    return Worker(
        liftoff.pool,
        worker_id,
        launch_run,
        ticks,
        recording,
        liftoff.housekeeping,
        settings.shards,
        tick,
    )
