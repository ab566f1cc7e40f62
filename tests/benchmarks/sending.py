"""Sending: a worker that writes down every intent and outcome, beside a bare loop that writes down nothing.

Both send mails of one size to one sink over as many connections. The sink is Postfix's ``smtp-sink`` where it is
installed, for it costs little, and else the service's own.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import aiosmtplib
from msgspec import Struct

from service.caller import Caller
from service.channels.message import Mail, Mailbox, compose
from service.clock import SystemClock
from service.composition import Liftoff
from service.database.pool import connect_as_owner
from service.ids import new_id
from service.projector.runner import Projector
from service.serving import projecting, working
from service.settings import Settings
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, compared, series
from tests.benchmarks.peers import postfix
from tests.benchmarks.processes import in_own_process, program
from tests.benchmarks.sampling import sampled
from tests.benchmarks.stage import BODY, connect_senders, draft, enlist, new_caller, service_on

SENDERS: Final = 8
CONNECTIONS: Final = 4
"""What a worker opens to one inbox; the senders share it."""
_SETTINGS: Final = Settings(send_gap_seconds=0)
_WIDER: Final = Settings(send_gap_seconds=0, worker_concurrency=128)
_OWN_SINK: Final = ("service.channels.sink", "--directory")
_POLL_SECONDS: Final = 0.05
_HELPER_SECONDS: Final = 3.0
"""Until a second worker has begun."""
_IS_COMPLETED: Final = """
    SELECT status = 'completed' FROM dispatch_campaigns WHERE workspace_id = $1 AND campaign_id = $2
"""
_SECONDS: Final = """
    SELECT extract(epoch FROM max(s.recorded_at) FILTER (WHERE s.type = 'send-accepted')
                              - min(s.recorded_at) FILTER (WHERE s.type = 'send-intended'))::float8 AS seconds,
           count(*) FILTER (WHERE s.type = 'send-accepted') AS accepted
      FROM events AS s
     WHERE s.position > $1
"""
_LAST: Final = "SELECT coalesce(max(position), 0) FROM events"


class Size(Struct, frozen=True):
    """So many mails, at most 500 for each sender, and how often."""

    mails: int
    runs: int


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size(100, 1),
    "quick": Size(1_500, 1),
    "full": Size(3_000, 2),
}


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """Mails per second of one worker, of one beside a projector, and of two; and of those who keep no log."""
    size = SIZES[setting.scale]
    rates: dict[str, list[float]] = {}
    parts = Counter[str]()
    for run in range(size.runs):
        nth = f"run {run + 1} of {size.runs}"
        async with setting.ground.database() as dsn, _sink(setting, run) as url:
            setting.tell(f"preparing 4 campaigns of {size.mails:,} mails, {nth}")
            caller, campaigns = await _prepare(dsn, url, size.mails)
            setting.tell(f"sending with a worker, {nth}")
            async with sampled(dsn) as seconds:
                rates.setdefault("one", []).append(await _rate(dsn, _work, caller, campaigns[0]))
            parts.update(seconds)
            setting.tell(f"sending with a bare loop, {nth}")
            done = await in_own_process(_send_bare, url, size.mails)
            rates.setdefault("bare", []).append(size.mails / done.answer)
            setting.tell(f"sending with {_WIDER.worker_concurrency} in flight, {nth}")
            rates.setdefault("wider", []).append(await _rate(dsn, _work_wider, caller, campaigns[3]))
            setting.tell(f"sending with a worker beside a projector, {nth}")
            rates.setdefault("projecting", []).append(
                await _rate(dsn, _work_and_project, caller, campaigns[1])
            )
            setting.tell(f"sending with two workers, {nth}")
            rates.setdefault("two", []).append(await _rate(dsn, _work, caller, campaigns[2], helped=True))
            if (smtp_source := postfix.program("smtp-source")) is not None:
                rates.setdefault("source", []).append(
                    await postfix.send(smtp_source, url, size.mails, CONNECTIONS, len(_message()))
                )
    loop = series(f"bare aiosmtplib loop, {CONNECTIONS} connections", rates["bare"])
    one = series(f"worker, {CONNECTIONS} connections", rates["one"])
    yield compared("mails/s", one, loop, parts=parts, aims=(Aim(0.8, "ratio"),))
    wider = series(f"worker, {_WIDER.worker_concurrency} mails in flight", rates["wider"])
    yield compared("mails/s", wider, loop)
    yield compared("mails/s", series("worker and projector in one process", rates["projecting"]), loop)
    yield compared(
        "mails/s", series("two workers, each a process", rates["two"]), one, aims=(Aim(1.2, "ratio"),)
    )
    if "source" in rates:
        yield compared("mails/s", loop, series("smtp-source, which is written in C", rates["source"]))


def _sink(setting: Setting, run: int) -> AbstractAsyncContextManager[str]:
    smtp_sink = postfix.program("smtp-sink")
    if smtp_sink is not None:
        return postfix.sink(smtp_sink)
    return program(*_OWN_SINK, str(setting.ground.directory / f"sink-{run}"))


async def _prepare(dsn: str, url: str, mails: int) -> tuple[Caller, list[UUID]]:
    """Drafts of so many leads, each with sender accounts of its own, of one inbox."""
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        caller = await new_caller(liftoff)
        return caller, [await _draft(liftoff, caller, url, mails) for _ in range(4)]


async def _draft(liftoff: Liftoff, caller: Caller, url: str, mails: int) -> UUID:
    sender_ids = await connect_senders(liftoff, caller, [url] * SENDERS)
    return (await enlist(liftoff, caller, await draft(liftoff, caller, sender_ids), mails)).id


async def _work(dsn: str, caller: Caller, campaign_id: UUID) -> None:
    async with service_on(dsn, _SETTINGS) as liftoff:
        await _send_all(liftoff, caller, campaign_id)


async def _work_wider(dsn: str, caller: Caller, campaign_id: UUID) -> None:
    async with service_on(dsn, _WIDER) as liftoff:
        await _send_all(liftoff, caller, campaign_id)


async def _work_and_project(dsn: str, caller: Caller, campaign_id: UUID) -> None:
    async with service_on(dsn, _SETTINGS) as liftoff, projecting(liftoff):
        await _send_all(liftoff, caller, campaign_id)


async def _help(dsn: str, caller: Caller, campaign_id: UUID) -> None:
    """Work as a second process, until the campaign that the first one launches is completed."""
    async with service_on(dsn, _SETTINGS) as liftoff, working(liftoff):
        await _until_completed(liftoff, caller, campaign_id)


async def _send_all(liftoff: Liftoff, caller: Caller, campaign_id: UUID) -> None:
    """Launch the campaign and work until it is completed: until the outcome of every send is in the log."""
    await liftoff.launching.launch(caller, campaign_id)
    async with working(liftoff):
        await _until_completed(liftoff, caller, campaign_id)


async def _until_completed(liftoff: Liftoff, caller: Caller, campaign_id: UUID) -> None:
    while not await liftoff.pool.fetchval(_IS_COMPLETED, caller.workspace_id, campaign_id):
        await asyncio.sleep(_POLL_SECONDS)


async def _rate(
    dsn: str,
    work: Callable[[str, Caller, UUID], Coroutine[Any, Any, None]],
    caller: Caller,
    campaign_id: UUID,
    helped: bool = False,
) -> float:
    """Mails per second from the first intent to the last outcome in the log."""
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:
        last = await connection.fetchval(_LAST)
        helping = asyncio.create_task(in_own_process(_help, dsn, caller, campaign_id)) if helped else None
        if helping is not None:
            await asyncio.sleep(_HELPER_SECONDS)
        await in_own_process(work, dsn, caller, campaign_id)
        if helping is not None:
            await helping
        row = await connection.fetchrow(_SECONDS, last)
        if row is None or not row["seconds"]:
            raise RuntimeError("nothing was sent")
        return float(row["accepted"] / row["seconds"])
    finally:
        await connection.close()


async def _send_bare(url: str, count: int) -> float:
    """Seconds that so many mails take over all connections."""
    recipients = iter([f"lead{number}@example.org" for number in range(count)])
    message = _message()
    begun = time.perf_counter()
    await asyncio.gather(*(_send_some(url, recipients, message) for _ in range(CONNECTIONS)))
    return time.perf_counter() - begun


async def _send_some(url: str, recipients: Iterator[str], message: bytes) -> None:
    """One connection: the next mail goes when the one before was accepted."""
    address = urlsplit(url)
    async with aiosmtplib.SMTP(hostname=address.hostname, port=address.port) as client:
        for recipient in recipients:
            await client.sendmail("sender@bench.example", [recipient], message)


def _message() -> bytes:
    """A mail as the service sends it."""
    return compose(
        Mail(
            send_id=new_id(),
            sender=Mailbox("sender0@bench.example", "Robin Reyes"),
            recipient=Mailbox("lead0@example.org", "Ada Example"),
            subject="Quieter weeks, Ada?",
            body=BODY,
            written_at=SystemClock().now(),
            unsubscribe_url=f"http://127.0.0.1:8080/unsubscribe/{'x' * 90}",
        )
    )


BENCHMARK: Final = Benchmark(
    "send", "sending with every step in the log, beside a loop that keeps no log", measure
)
