"""What only a worker has: its claims, its carriers, its watch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from service import trust
from service.channels.linkedin.absent import NoProvider
from service.channels.smtp import SmtpChannel
from service.composition.assembly import Liftoff
from service.composition.pacing import connection_patience, gaps
from service.dispatch.approaches import ApproachCarrier
from service.dispatch.claims import Claims
from service.dispatch.mails import MailCarrier, Mails
from service.dispatch.recording import Recording
from service.dispatch.relations import Relations
from service.dispatch.ticks import Ticks
from service.dispatch.tracing import Tracing
from service.dispatch.watch import Watch
from service.ids import new_id
from service.inbound.places import Places
from service.inbound.readers import Readers
from service.inbound.reconciling import Reconciling
from service.inbound.visits import Visits
from service.launch.run import LaunchRun
from service.worker import Worker


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


def new_readers(liftoff: Liftoff) -> Readers:
    """The readers of inboxes in this process."""
    settings, pool, clock = liftoff.settings, liftoff.pool, liftoff.clock
    places = Places(pool, clock)
    visits = Visits(
        pool,
        liftoff.vault,
        liftoff.senders,
        places,
        liftoff.mail_hearing,
        Reconciling(pool, liftoff.resolutions, clock),
        trust.for_mail(),
        ThreadPoolExecutor(settings.inbox_readers, thread_name_prefix="inbox"),
    )
    tick, every = timedelta(seconds=settings.tick_seconds), timedelta(seconds=settings.inbox_seconds)
    return Readers(places, visits, settings.inbox_readers, tick, every)


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
