"""Launches: how long until the client has its 200, and from there until the run has made the campaign active.

Beside them stand a count of the roster, which no launch can do without reading, and a raw COPY of what the run writes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, cast
from uuid import UUID

import httpx
from msgspec import Struct

from service.caller import Caller
from service.composition import Liftoff
from service.http.routes import api
from service.metrics import new_registry
from service.projector.runner import Projector
from service.serving import working
from service.settings import Settings
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, compared, percentile, series
from tests.benchmarks.processes import Done, in_own_process
from tests.benchmarks.rawcopy import copy_rows, save_rows
from tests.benchmarks.sampling import sampled
from tests.benchmarks.stage import connect_senders, draft, enlist, new_caller, new_key, service_on

SENDERS: Final = 8
_WARM_UP: Final = 100
_AIMED_AT: Final = 10_000
"""Leads of the launches that are to be answered in time; those of more are to be active in time."""
_SETTINGS: Final = Settings(rate_limit_per_second=1e6, rate_limit_burst=1_000_000)
_WRITTEN: Final = {"dispatch_due": "true", "events": "type = 'leads-enrolled'"}
"""What a run writes, by table."""
_COUNT: Final = "SELECT count(*) FROM roster WHERE workspace_id = $1 AND campaign_id = $2"
_IS_ACTIVE: Final = """
    SELECT status = 'active' FROM dispatch_campaigns WHERE workspace_id = $1 AND campaign_id = $2
"""


class Size(Struct, frozen=True):
    """So many campaigns of so many leads each, launched one after the other."""

    leads: int
    campaigns: int


SIZES: Final[Mapping[Scale, tuple[Size, ...]]] = {
    "smallest": (Size(100, 2),),
    "quick": (Size(100, 10), Size(10_000, 3)),
    "full": (Size(100, 50), Size(10_000, 10), Size(1_000_000, 1)),
}


class Plan(Struct, frozen=True):
    """What is launched, and with which key; before it, and not counted, a small one to warm up."""

    workspace_id: UUID
    key: str
    warm_up: UUID
    campaign_ids: list[UUID]


class Launches(Struct, frozen=True):
    """Seconds of each launch: of a count of its roster before it, to the 200, and from there to the active campaign."""

    counted: list[float]
    accepted: list[float]
    active: list[float]


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """For each size the times of its launches, and the memory of the process that does them."""
    least_memory = None
    for size in SIZES[setting.scale]:
        async with setting.ground.database() as dsn:
            setting.tell(f"preparing {size.campaigns} campaigns of {size.leads:,} leads")
            plan = await prepare(dsn, size)
            setting.tell(f"launching {size.campaigns} campaigns of {size.leads:,} leads")
            async with sampled(dsn) as parts:
                done = await in_own_process(launch_all, dsn, plan)
            least_memory = least_memory or done.peak_megabytes
            copied = await _copy(setting, dsn)
        for figure in _figures(size, done, copied, parts, least_memory):
            yield figure


def _figures(
    size: Size, done: Done[Launches], copied: float, parts: Mapping[str, float], least_memory: float
) -> list[Figure]:
    leads, launches = f"{size.leads:,} leads", done.answer
    accepted = [1000 * seconds for seconds in launches.accepted]
    counted = [1000 * seconds for seconds in launches.counted]
    return [
        compared(
            "ms",
            series(f"{leads}: to the 200", accepted),
            series("SELECT count(*) of the roster", counted),
            size=size.leads,
        ),
        compared(
            "ms",
            series(f"{leads}: to the 200, 99 of 100", [percentile(99, accepted)]),
            series("SELECT count(*) of the roster, 99 of 100", [percentile(99, counted)]),
            size=size.leads,
            aims=(Aim(150),) if size.leads == _AIMED_AT else (),
        ),
        compared(
            "s",
            series(f"{leads}: from the 200 to active", launches.active),
            series("raw COPY of what the run writes", [copied / size.campaigns]),
            size=size.leads,
            parts=parts,
            aims=(Aim(30),) if size.leads > _AIMED_AT else (),
        ),
        compared(
            "MB",
            series(f"{leads}: peak memory of the process", [done.peak_megabytes]),
            series("the same with the fewest leads", [least_memory]),
            size=size.leads,
        ),
    ]


async def prepare(dsn: str, size: Size) -> Plan:
    """Drafts with leads; their first mail is due a day after the launch, so that nothing is sent meanwhile."""
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        caller = await new_caller(liftoff)
        sender_ids = await connect_senders(liftoff, caller, ["smtp://127.0.0.1:25"] * SENDERS)
        warm_up, *campaign_ids = [
            await _draft(liftoff, caller, sender_ids, leads)
            for leads in (_WARM_UP, *[size.leads] * size.campaigns)
        ]
        key = await new_key(liftoff, caller.workspace_id)
        return Plan(caller.workspace_id, key, warm_up, campaign_ids)


async def _draft(liftoff: Liftoff, caller: Caller, sender_ids: Sequence[UUID], leads: int) -> UUID:
    campaign = await draft(liftoff, caller, sender_ids, delay_days=1)
    return (await enlist(liftoff, caller, campaign, leads)).id


async def launch_all(dsn: str, plan: Plan) -> Launches:
    """Launch one campaign after the other over HTTP, with a worker in the same process."""
    launches = Launches([], [], [])
    async with AsyncExitStack() as stack:
        liftoff = await stack.enter_async_context(service_on(dsn, _SETTINGS))
        await stack.enter_async_context(working(liftoff))
        client = await stack.enter_async_context(client_on(liftoff, plan.key))
        await _launch(liftoff, client, plan.workspace_id, plan.warm_up)
        for campaign_id in plan.campaign_ids:
            launches.counted.append(await _count(liftoff, plan.workspace_id, campaign_id))
            accepted, active = await _launch(liftoff, client, plan.workspace_id, campaign_id)
            launches.accepted.append(accepted)
            launches.active.append(active)
    return launches


async def _launch(
    liftoff: Liftoff, client: httpx.AsyncClient, workspace_id: UUID, campaign_id: UUID
) -> tuple[float, float]:
    """Seconds to the 200, and from there to the active campaign."""
    begun = time.perf_counter()
    response = await client.post(f"/api/campaigns/{campaign_id}/launch")
    accepted = time.perf_counter()
    response.raise_for_status()
    await _until_active(liftoff, workspace_id, campaign_id)
    return accepted - begun, time.perf_counter() - accepted


def client_on(liftoff: Liftoff, key: str) -> httpx.AsyncClient:
    """A client of the application, without a network in between."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(cast("Any", api(liftoff, new_registry()))),
        base_url="http://bench",
        headers={"Authorization": f"Bearer {key}"},
        timeout=600,
    )


async def _count(liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID) -> float:
    begun = time.perf_counter()
    await liftoff.pool.fetchval(_COUNT, workspace_id, campaign_id)
    return time.perf_counter() - begun


async def _until_active(liftoff: Liftoff, workspace_id: UUID, campaign_id: UUID) -> None:
    """Wait until the campaign's gate is open, looking again whenever something was appended."""
    appended = asyncio.Event()
    liftoff.store.on_appended.append(appended.set)
    while not await liftoff.pool.fetchval(_IS_ACTIVE, workspace_id, campaign_id):
        await appended.wait()
        appended.clear()
    liftoff.store.on_appended.remove(appended.set)


async def _copy(setting: Setting, launched: str) -> float:
    """Seconds of a raw COPY of what the runs in this database have written."""
    await save_rows(launched, _WRITTEN, setting.ground.directory)
    async with setting.ground.database() as dsn:
        return await copy_rows(dsn, _WRITTEN, setting.ground.directory)


BENCHMARK: Final = Benchmark("launch", "launches, to the 200 and to the active campaign", measure)
