"""Requests to the running service: reading a campaign, launching many at once; beside endpoints that do the least."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import cycle, islice
from typing import Final
from uuid import UUID

from msgspec import Struct

from service.database.pool import connect_as_owner
from service.projector.runner import Projector
from service.settings import Settings
from tests.benchmarks.asking import Asked, ask
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, compared, percentile, series
from tests.benchmarks.processes import program
from tests.benchmarks.stage import connect_senders, draft, enlist, new_caller, new_key, service_on

CONNECTIONS: Final = 16
READ: Final = 2 * CONNECTIONS
"""So many campaigns are read in turn: looks at the same one at the same moment would be one look."""
_SETTINGS: Final = Settings()
_SERVER: Final = "tests.benchmarks.server"
_LEADS: Final = 10
_BARE_TABLE: Final = "CREATE TABLE bare_launches (id bigint GENERATED ALWAYS AS IDENTITY, campaign_id uuid)"


class Size(Struct, frozen=True):
    """So many reads in each of so many turns, and so many launches at once, so often.

    The turns are short, for a busy machine changes from one second to the next; those of launches are not, for what is
    launched is still prepared when it is the other's turn.
    """

    reads: int
    turns: int
    launches: int
    runs: int


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size(20, 1, 2, 1),
    "quick": Size(250, 4, 30, 2),
    "full": Size(600, 15, 200, 3),
}


class Plan(Struct, frozen=True):
    """A workspace, its key, and drafts that can be launched."""

    workspace_id: UUID
    secret: str
    campaigns: list[UUID]


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """Requests per second, and how long they take."""
    size = SIZES[setting.scale]
    async with setting.ground.database() as dsn:
        setting.tell(f"preparing {size.launches * size.runs} campaigns of {_LEADS} leads")
        plan = await _prepare(dsn, size)
        async with AsyncExitStack() as stack:
            servers = [program(_SERVER, which, dsn, str(plan.workspace_id)) for which in ("liftoff", "bare")]
            ours, bare = [await stack.enter_async_context(server) for server in servers]
            setting.tell(f"reading campaigns {size.reads * size.turns:,} times")
            bare_reads = [f"/campaigns/{id_}" for id_ in islice(cycle(plan.campaigns[:READ]), size.reads)]
            reads = [f"/api{path}" for path in bare_reads]
            # Once before it counts: until connections and statements are there.
            await ask(ours, "GET", reads, CONNECTIONS, plan.secret)
            await ask(bare, "GET", bare_reads, CONNECTIONS)
            both = [
                (
                    await ask(ours, "GET", reads, CONNECTIONS, plan.secret),
                    await ask(bare, "GET", bare_reads, CONNECTIONS),
                )
                for _ in range(size.turns)
            ]
            beside = "bare endpoint, a row by its key"
            for figure in _figures("GET of a campaign", beside, both, (Aim(0.7, "ratio"),)):
                yield figure
            setting.tell(f"launching {size.launches} campaigns at once")
            parts = [plan.campaigns[run :: size.runs] for run in range(size.runs)]
            both = [
                (
                    await ask(ours, "POST", [_launch(id_) for id_ in part], CONNECTIONS, plan.secret),
                    await ask(bare, "POST", [_launch(id_).removeprefix("/api") for id_ in part], CONNECTIONS),
                )
                for part in parts
            ]
            for figure in _figures(
                f"launches of {_LEADS} leads at once", "bare endpoint, a durable row", both
            ):
                yield figure


def _launch(campaign_id: UUID) -> str:
    return f"/api/campaigns/{campaign_id}/launch"


def _figures(
    what: str, beside: str, both: Sequence[tuple[Asked, Asked]], aims: Sequence[Aim] = ()
) -> list[Figure]:
    ours, bare = [one for one, _ in both], [other for _, other in both]
    figures = [
        compared(
            "requests/s",
            series(what, [asked.rate for asked in ours]),
            series(beside, [asked.rate for asked in bare]),
            aims=aims,
        )
    ]
    for percent in (50, 99):
        slow = [[1000 * percentile(percent, asked.times) for asked in each] for each in (ours, bare)]
        words = f", {percent} of 100 within"
        figures.append(compared("ms", series(what + words, slow[0]), series(beside + words, slow[1])))
    return figures


async def _prepare(dsn: str, size: Size) -> Plan:
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:
        await connection.execute(_BARE_TABLE)
        await connection.execute("GRANT INSERT ON bare_launches TO liftoff_app")
    finally:
        await connection.close()
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        caller = await new_caller(liftoff)
        sender_ids = await connect_senders(liftoff, caller, ["smtp://127.0.0.1:25"])
        campaigns = [
            await enlist(liftoff, caller, await draft(liftoff, caller, sender_ids, delay_days=1), _LEADS)
            for _ in range(size.launches * size.runs)
        ]
        key = await new_key(liftoff, caller.workspace_id)
        return Plan(caller.workspace_id, key, [campaign.id for campaign in campaigns])


BENCHMARK: Final = Benchmark("requests", "reading and launching over HTTP, beside bare endpoints", measure)
