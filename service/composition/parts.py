"""The parts of the service, area by area: each says what it is made from. Every area stands on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from domain.upcasters import UPCASTERS
from service.audit.checkpoints import Checkpoints
from service.audit.export import Export
from service.audit.keys import AuditKeys
from service.audit.publishing import Directory, Publishing
from service.audit.sealing import Sealing
from service.campaigns.ahead import LooksAhead
from service.campaigns.drafting import Drafting
from service.campaigns.lifecycle import Lifecycle
from service.campaigns.looking import Looking
from service.campaigns.planning import Planning
from service.campaigns.preflight import Preflight
from service.campaigns.reading import CampaignReading
from service.campaigns.repository import Campaigns
from service.campaigns.sending import SendingReading
from service.campaigns.syncing import Syncing
from service.channels.inbox import verify
from service.channels.linkedin.client import LinkedInClient
from service.channels.opens import OpenTokens
from service.channels.session import Timeouts
from service.channels.unsubscribe import UnsubscribeTokens
from service.clock import Clock
from service.composition.events import EVENTS
from service.composition.pacing import connection_patience, gaps
from service.credits.reading import CreditReading
from service.credits.refunding import Refunding
from service.credits.repository import Credits
from service.database.pool import Pool
from service.dispatch.answers import Answers
from service.dispatch.bounces import BounceGuard
from service.dispatch.breakers import Breakers
from service.dispatch.gates import Gates
from service.dispatch.housekeeping import Housekeeping
from service.dispatch.material import Materials
from service.dispatch.opening import Opening
from service.dispatch.resolutions import Resolutions
from service.dispatch.returns import Returns
from service.dispatch.suppressions import Suppressions
from service.dispatch.unsubscribing import Unsubscribing
from service.inbound.hearing import MailHearing
from service.inbound.pushed import PushedMail
from service.launch.launching import Launching
from service.launch.rollback import Rollback
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
from service.setbacks.accepting import Accepting
from service.setbacks.lookout import Lookout
from service.setbacks.marks import Setbacks
from service.settings import Settings
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.history import History
from service.store.log import EventStore
from service.suppressions.entering import SuppressionList
from service.suppressions.reading import SuppressionReading
from service.vault import MasterKey, Sealer, Vault
from service.workspaces.settings import WorkspaceSettings

VERIFYING: Final = Timeouts(connect=10.0, command=10.0)
"""How long an inbox may take to let somebody in: a person waits for it."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What everything else stands on: the log, the vault, and the aggregates by their streams."""

    settings: Settings
    clock: Clock
    pool: Pool
    master_key: MasterKey
    vault: Vault
    codec: Codec
    store: EventStore
    feed: Feed
    history: History
    freshness: Freshness
    setbacks: Setbacks
    gates: Gates
    campaigns: Campaigns
    senders: Senders
    suppressions: Suppressions
    unsubscribing: Unsubscribing
    workspace_settings: WorkspaceSettings
    linkedin: LinkedInClient | None
    accounts: Accounts


def ground(settings: Settings, pool: Pool, master_key: MasterKey, clock: Clock) -> Ground:
    """The ground, on a database."""
    vault, codec, gates = Vault(master_key), Codec(EVENTS, UPCASTERS), Gates()
    store = EventStore(pool, codec)
    campaigns, senders = Campaigns(store, gates, clock), Senders(store, gates, clock)
    suppressions = Suppressions(store, clock)
    linkedin = _linkedin(settings)
    return Ground(
        settings=settings,
        clock=clock,
        pool=pool,
        master_key=master_key,
        vault=vault,
        codec=codec,
        store=store,
        feed=Feed(pool, codec),
        history=History(pool),
        freshness=Freshness(pool),
        setbacks=Setbacks(pool),
        gates=gates,
        campaigns=campaigns,
        senders=senders,
        suppressions=suppressions,
        unsubscribing=Unsubscribing(store, suppressions, clock),
        workspace_settings=WorkspaceSettings(pool, store, vault, clock),
        linkedin=linkedin,
        accounts=Accounts(
            pool, store, senders, campaigns, gates, vault, partial(verify, timeouts=VERIFYING), linkedin
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Launches:
    """What launches campaigns, and what says beforehand how that would go."""

    runs: Runs
    rollback: Rollback
    launching: Launching
    scheduling: Scheduling
    preflight: Preflight
    planning: Planning
    wording: Wording


def launches(on: Ground) -> Launches:
    """The launches."""
    settings, pool, campaigns, clock = on.settings, on.pool, on.campaigns, on.clock
    runs = Runs(dead_after=timedelta(seconds=settings.run_dead_seconds))
    rollback = Rollback(on.store, campaigns, on.gates, runs)
    verification = Verification(
        pool,
        on.vault,
        on.senders,
        on.accounts,
        on.linkedin,
        timedelta(seconds=settings.linkedin_verify_seconds),
    )
    launching = Launching(
        pool,
        on.store,
        campaigns,
        runs,
        rollback,
        on.freshness,
        clock,
        timedelta(seconds=settings.stale_launch_seconds),
        verification,
        on.setbacks,
    )
    preflight = Preflight(pool, campaigns, launching, verification)
    ahead = LooksAhead(pool, campaigns, gaps(settings))
    return Launches(
        runs=runs,
        rollback=rollback,
        launching=launching,
        scheduling=Scheduling(pool, campaigns, launching, clock),
        preflight=preflight,
        planning=Planning(campaigns, launching, preflight, ahead, clock, gaps(settings)),
        wording=Wording(pool, on.vault, on.senders),
    )


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What sends, hears of what became of it, and keeps house."""

    materials: Materials
    answers: Answers
    hearing: Hearing
    mail_hearing: MailHearing
    pushed_mail: PushedMail
    tokens: UnsubscribeTokens
    open_tokens: OpenTokens
    opening: Opening
    resolutions: Resolutions
    sending_reading: SendingReading
    lifecycle: Lifecycle
    housekeeping: Housekeeping


def sending(on: Ground, launches: Launches, messages: Messages) -> Sending:
    """The sending."""
    pool, store, campaigns, clock, vault = on.pool, on.store, on.campaigns, on.clock, on.vault
    dead_after = timedelta(seconds=on.settings.run_dead_seconds)
    answers = Answers(store, campaigns, vault, clock)
    mail_hearing = MailHearing(
        store,
        vault,
        answers,
        Returns(store, vault, on.suppressions, clock),
        on.suppressions,
        on.unsubscribing,
        clock,
    )
    chores = (
        BounceGuard(pool, campaigns, clock, on.settings.bounce_guard).round,
        Breakers(pool, on.accounts).round,
        launches.scheduling.launch_due,
        Refunding(messages.credits, clock).round,
    )
    return Sending(
        materials=Materials(pool, vault, campaigns, on.senders, on.workspace_settings),
        answers=answers,
        hearing=Hearing(pool, store, vault, on.senders, on.accounts, answers, on.linkedin, clock),
        mail_hearing=mail_hearing,
        pushed_mail=PushedMail(
            pool, vault, on.senders, mail_hearing, clock, on.settings.inbound_webhook_secret
        ),
        tokens=UnsubscribeTokens(on.master_key.derive("unsubscribe")),
        open_tokens=OpenTokens(on.master_key.derive("open-tracking")),
        opening=Opening(store, clock),
        resolutions=Resolutions(
            store, vault, campaigns, on.gates, on.freshness, clock, connection_patience(on.settings)
        ),
        sending_reading=SendingReading(pool, campaigns, on.senders, clock, dead_after),
        lifecycle=Lifecycle(pool, campaigns, on.gates),
        housekeeping=Housekeeping(
            pool, store, campaigns, on.gates, launches.launching, chores, clock, dead_after
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What people do and ask about campaigns, leads, senders and persons."""

    drafting: Drafting
    campaign_reading: CampaignReading
    importing: Importing
    lead_reading: LeadReading
    lead_editing: LeadEditing
    history_of_leads: LeadHistory
    sender_reading: SenderReading
    suppression_list: SuppressionList
    suppression_reading: SuppressionReading
    erasing: Erasing
    syncing: Syncing
    skipping: Skipping
    differences: Differences
    explaining: Explaining


def desk(on: Ground) -> Desk:
    """The desk."""
    pool, store, vault, campaigns = on.pool, on.store, on.vault, on.campaigns
    importing = Importing(store, vault, campaigns)
    moments = Moments(pool, store)
    past_campaigns, past_leads = PastCampaigns(moments), PastLeads(pool, on.codec)
    return Desk(
        drafting=Drafting(pool, campaigns, on.senders, vault),
        campaign_reading=CampaignReading(
            pool,
            store,
            campaigns,
            on.senders,
            vault,
            Looking(pool, on.codec, vault),
            on.freshness,
            past_campaigns,
            past_leads,
        ),
        importing=importing,
        lead_reading=LeadReading(pool, store, vault, campaigns, on.freshness, past_campaigns, past_leads),
        lead_editing=LeadEditing(store, vault, campaigns, importing),
        history_of_leads=LeadHistory(pool, on.codec, vault),
        sender_reading=SenderReading(pool, on.senders, vault, on.clock, moments),
        suppression_list=SuppressionList(store, vault, on.suppressions, on.unsubscribing, on.freshness),
        suppression_reading=SuppressionReading(pool, store, vault, on.freshness),
        erasing=Erasing(store, vault, on.suppressions, on.unsubscribing, on.freshness),
        syncing=Syncing(pool, on.codec, campaigns),
        skipping=Skipping(store, vault, on.clock),
        differences=Differences(pool, vault, past_campaigns, past_leads, on.history),
        explaining=Explaining(pool, vault),
    )


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Message drafts, who writes them, and what pays for it."""

    credits: Credits
    credit_reading: CreditReading
    draft_reading: DraftReading
    draft_editing: DraftEditing
    resolving: Resolving
    generating: Generating


def messages(on: Ground) -> Messages:
    """The messages."""
    writing = DraftWriting(on.store, on.campaigns, on.vault)
    credits = Credits(on.pool, on.store, on.clock)
    return Messages(
        credits=credits,
        credit_reading=CreditReading(on.pool, on.codec),
        draft_reading=DraftReading(on.pool, on.campaigns, on.vault),
        draft_editing=DraftEditing(on.vault, writing),
        resolving=Resolving(on.vault, writing),
        generating=Generating(on.pool, on.vault, writing, credits, _llm(on.settings)),
    )


@dataclass(frozen=True, kw_only=True)
class Auditing:
    """The sealed history."""

    audit_keys: AuditKeys
    sealing: Sealing
    checkpoints: Checkpoints
    lookout: Lookout
    publishing: Publishing
    accepting: Accepting
    export: Export


def auditing(on: Ground) -> Auditing:
    """The sealing, and what is published and exported of it."""
    keys, checkpoints = AuditKeys(Sealer(on.master_key), on.clock), Checkpoints(on.pool)
    sealing = Sealing(on.pool, on.store, keys, on.clock)
    directory = on.settings.audit_dir
    destinations = [Directory(directory)] if directory else []
    lookout = Lookout(checkpoints, on.setbacks, destinations, on.clock)
    return Auditing(
        audit_keys=keys,
        sealing=sealing,
        checkpoints=checkpoints,
        lookout=lookout,
        publishing=Publishing(checkpoints, destinations, lookout.look),
        accepting=Accepting(
            on.pool, on.store, on.setbacks, Lifecycle(on.pool, on.campaigns, on.gates), on.clock
        ),
        export=Export(on.pool, on.store, sealing, checkpoints, keys, on.clock, EVENTS),
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
