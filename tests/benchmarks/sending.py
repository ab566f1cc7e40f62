"""Sending: a worker that writes down every intent and outcome, beside a bare loop that writes down nothing.

Both send the same mails to the same sink over the same number of connections, and how fast they came in is read from
the sink's own index.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import aiosmtplib
from msgspec import Struct

from service.caller import Caller
from service.channels.sink import Received, read_index
from service.composition import Liftoff
from service.ids import new_id
from service.projector.runner import Projector
from service.serving import projecting, working
from service.settings import Settings
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Figure, compared, series
from tests.benchmarks.processes import in_own_process, program
from tests.benchmarks.sampling import sampled
from tests.benchmarks.stage import connect_senders, draft, enlist, new_caller, service_on

SENDERS: Final = 8
CONNECTIONS: Final = 32
"""What a worker of the usual concurrency opens: 4 for each sender."""
_SETTINGS: Final = Settings(send_gap_seconds=0, tick_seconds=0.1)
_SINK: Final = ("service.channels.sink", "--directory")
_POLL_SECONDS: Final = 0.05
_IS_COMPLETED: Final = """
    SELECT status = 'completed' FROM dispatch_campaigns WHERE workspace_id = $1 AND campaign_id = $2
"""


class Size(Struct, frozen=True):
    """So many mails, at most 500 for each sender, and how often."""

    mails: int
    runs: int


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size(100, 1),
    "quick": Size(1_500, 1),
    "full": Size(4_000, 3),
}


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """Mails per second at the sink: of a worker alone, of a worker beside a projector, and of the bare loop."""
    size = SIZES[setting.scale]
    alone, beside_projector, bare = list[float](), list[float](), list[float]()
    parts = Counter[str]()
    for run in range(size.runs):
        directory = setting.ground.directory / f"sink-{run}"
        async with setting.ground.database() as dsn, program(*_SINK, str(directory)) as url:
            setting.tell(f"preparing 2 campaigns of {size.mails:,} mails, run {run + 1} of {size.runs}")
            caller, first, second = await _prepare(dsn, url, size.mails)
            setting.tell(f"sending with a worker, run {run + 1} of {size.runs}")
            async with sampled(dsn) as seconds:
                await in_own_process(_work, dsn, caller, first)
            alone.append(_rate(directory, size.mails))
            parts.update(seconds)
            setting.tell(f"sending with a worker beside a projector, run {run + 1} of {size.runs}")
            await in_own_process(_work_and_project, dsn, caller, second)
            beside_projector.append(_rate(directory, size.mails))
            setting.tell(f"sending with a bare loop, run {run + 1} of {size.runs}")
            await in_own_process(_send_bare, url, directory, size.mails)
            bare.append(_rate(directory, size.mails))
    loop = series(f"bare aiosmtplib loop, {CONNECTIONS} connections", bare)
    yield compared("mails/s", series("worker", alone), loop, parts=parts)
    yield compared("mails/s", series("worker and projector in one process", beside_projector), loop)


async def _prepare(dsn: str, url: str, mails: int) -> tuple[Caller, UUID, UUID]:
    """Two drafts of so many leads, each with sender accounts of its own."""
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        caller = await new_caller(liftoff)
        first, second = [await _draft(liftoff, caller, url, mails) for _ in range(2)]
        return caller, first, second


async def _draft(liftoff: Liftoff, caller: Caller, url: str, mails: int) -> UUID:
    host = url.removeprefix("smtp://")
    # A log-in of its own makes an inbox another one, with connections of its own.
    inboxes = [f"smtp://{new_id()}:password@{host}" for _ in range(SENDERS)]
    sender_ids = await connect_senders(liftoff, caller, inboxes)
    return (await enlist(liftoff, caller, await draft(liftoff, caller, sender_ids), mails)).id


async def _work(dsn: str, caller: Caller, campaign_id: UUID) -> None:
    async with service_on(dsn, _SETTINGS) as liftoff:
        await _send_all(liftoff, caller, campaign_id)


async def _work_and_project(dsn: str, caller: Caller, campaign_id: UUID) -> None:
    async with service_on(dsn, _SETTINGS) as liftoff, projecting(liftoff):
        await _send_all(liftoff, caller, campaign_id)


async def _send_all(liftoff: Liftoff, caller: Caller, campaign_id: UUID) -> None:
    """Launch the campaign and work until it is completed: until the outcome of every send is in the log."""
    await liftoff.launching.launch(caller, campaign_id)
    async with working(liftoff):
        while not await liftoff.pool.fetchval(_IS_COMPLETED, caller.workspace_id, campaign_id):
            await asyncio.sleep(_POLL_SECONDS)


async def _send_bare(url: str, directory: Path, count: int) -> None:
    """Send the sink its own last mails once more: so many, over all connections."""
    mails = (
        (received.rcpt, (directory / received.file).read_bytes()) for received in _last(directory, count)
    )
    await asyncio.gather(*(_send_some(url, mails) for _ in range(CONNECTIONS)))


async def _send_some(url: str, mails: Iterator[tuple[Sequence[str], bytes]]) -> None:
    """One connection: the next mail goes when the one before was accepted."""
    address = urlsplit(url)
    async with aiosmtplib.SMTP(hostname=address.hostname, port=address.port) as client:
        for recipients, message in mails:
            await client.sendmail("sender@bench.example", list(recipients), message)


def _rate(directory: Path, count: int) -> float:
    """How many of the last ``count`` mails came in per second."""
    last = _last(directory, count)
    if len(last) < count:
        raise RuntimeError(f"the sink has got {len(last)} mails of {count}")
    return (count - 1) / (last[-1].received_at - last[0].received_at).total_seconds()


def _last(directory: Path, count: int) -> list[Received]:
    return list(read_index(directory))[-count:]


BENCHMARK: Final = Benchmark(
    "send", "sending with every step in the log, beside a loop that keeps no log", measure
)
