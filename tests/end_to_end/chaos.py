"""Launches from many clients, through two services, while workers are killed: ``python -m tests.end_to_end.chaos``.

Two services and two workers have one database. Each client asks for the launch of every campaign, in an order of its
own, of either service; every few seconds a worker is ended by kill -9 and started again. What must hold afterwards:
each campaign was launched once and completed, nobody got a step twice, no lead is lost, and the counters are what the
log amounts to.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import httpx
from msgspec import Struct

from domain.upcasters import UPCASTERS
from service.composition import EVENTS
from service.database.pool import open_pool
from service.projector.replay import replay_and_compare
from service.settings import Settings
from service.startup import database
from service.store.codec import Codec
from service.store.feed import Feed
from tests.end_to_end.campaigning import connect, good, make_ready
from tests.end_to_end.processes import ServiceProcess, SinkProcess, WorkerProcess

PATIENCE_SECONDS = 180.0
IN_FLIGHT = 8


class Plan(Struct, frozen=True, kw_only=True):
    """How much is to happen: launches within ``seconds``, a kill each ``kill_every`` seconds until ``kills`` were."""

    campaigns: int
    leads: int
    clients: int
    seconds: float
    kill_every: float
    kills: int
    seed: int


class Stage(Struct, frozen=True):
    """The processes, and a client of each service."""

    sink: SinkProcess
    workers: Sequence[WorkerProcess]
    apis: Sequence[httpx.AsyncClient]


class Aftermath(Struct, frozen=True, kw_only=True):
    """What was found when it was over."""

    campaigns: int
    leads: int
    kills: int
    answers: dict[str, int]
    winners: list[int]
    accepted: list[int]
    rolled_back: int
    run_starts: int
    stale_writes_refused: int
    statuses: dict[str, int]
    leads_by_status: dict[str, int]
    mails: int
    accepted_sends: int
    outcome_unknown: int
    most_of_one_step: int
    differences: list[str]

    @property
    def faults(self) -> list[str]:
        """What should not be so."""
        once = [1] * self.campaigns
        refusals = {"409 launch-in-progress", "409 campaign-changed", "400 campaign-not-draft"}
        rules = {
            "not every campaign had one winner": self.winners != once,
            "not every campaign was launched once": self.accepted != once or self.rolled_back > 0,
            "a launch was answered in a way it should not be": not self.answers.keys() <= {"200", *refusals},
            "a campaign did not complete": self.statuses != {"completed": self.campaigns},
            "somebody got a step twice": self.most_of_one_step > 1,
            "a lead was lost": sum(self.leads_by_status.values()) != self.leads,
            "a lead is not done": not self.leads_by_status.keys() <= {"completed", "outcome_unknown"},
            "more is unknown than was in flight": self.outcome_unknown > IN_FLIGHT * self.kills,
            "the log knows of more than was sent": self.accepted_sends > self.mails,
            "a mail is not accounted for": self.mails - self.accepted_sends > self.outcome_unknown,
            "the counters differ from the log": self.differences != [],
        }
        return [fault for fault, found in rules.items() if found]


async def wreak(directory: Path, plan: Plan, settings: Mapping[str, str]) -> Aftermath:
    """Make the campaigns, launch them while workers are killed, wait for the end, and look."""
    chance = Random(plan.seed)
    async with _stage(directory, settings) as stage:
        api = stage.apis[0]
        ids = [
            await make_ready(api, stage.sink.url, plan.leads, senders=1, name=f"c{number}")
            for number in range(plan.campaigns)
        ]
        killing = asyncio.create_task(_kill_workers(stage.workers, plan, chance))
        answers = await asyncio.gather(
            *(_launch_all(stage.apis, ids, plan, Random(chance.random())) for _ in range(plan.clients))
        )
        await killing
        await _all_settled(api, plan.campaigns)

        return await _look(directory, stage, plan, ids, answers, settings)


@asynccontextmanager
async def _stage(directory: Path, settings: Mapping[str, str]) -> AsyncIterator[Stage]:
    data, own = directory / "data", {"LIFTOFF_WORKER_CONCURRENCY": str(IN_FLIGHT), **settings}
    with ExitStack() as processes:
        sink = processes.enter_context(SinkProcess(directory / "sink"))
        first = processes.enter_context(ServiceProcess(data, **own))  # makes the database and the key
        second = ServiceProcess(data, **own)
        workers = [WorkerProcess(data, **own) for _ in range(2)]
        beside: Sequence[AbstractContextManager[object]] = (second, *workers)
        await asyncio.gather(*(asyncio.to_thread(processes.enter_context, each) for each in beside))
        async with AsyncExitStack() as clients:
            apis = [
                await clients.enter_async_context(connect(service.url, first.key))
                for service in (first, second)
            ]
            yield Stage(sink, workers, apis)


async def _launch_all(
    apis: Sequence[httpx.AsyncClient], ids: Sequence[str], plan: Plan, chance: Random
) -> dict[str, str]:
    """One client: the launch of each campaign, at random times; answers what it was told of each."""
    told: dict[str, str] = {}
    for campaign_id in chance.sample(ids, len(ids)):
        await asyncio.sleep(chance.uniform(0, 2 * plan.seconds / len(ids)))
        answer = await chance.choice(apis).post(f"/api/campaigns/{campaign_id}/launch")
        code = f" {answer.json()['code']}" if answer.is_error else ""
        told[campaign_id] = f"{answer.status_code}{code}"
    return told


async def _kill_workers(workers: Sequence[WorkerProcess], plan: Plan, chance: Random) -> None:
    for _ in range(plan.kills):
        await asyncio.sleep(plan.kill_every)
        worker = chance.choice(workers)
        await asyncio.to_thread(worker.kill)
        await asyncio.to_thread(worker.start)


async def _all_settled(api: httpx.AsyncClient, campaigns: int) -> None:
    """Until nothing is launching or active any more."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await _statuses(api, campaigns)).keys() & {"launching", "active"}:
            await asyncio.sleep(0.2)


async def _statuses(api: httpx.AsyncClient, campaigns: int) -> Counter[str]:
    listed = good(await api.get(f"/api/campaigns?limit={campaigns}"))["campaigns"]
    return Counter(campaign["status"] for campaign in listed)


async def _look(
    directory: Path,
    stage: Stage,
    plan: Plan,
    ids: Sequence[str],
    answers: Sequence[Mapping[str, str]],
    settings: Mapping[str, str],
) -> Aftermath:
    api, steps = stage.apis[0], stage.sink.steps()
    details = [good(await api.get(f"/api/campaigns/{id_}")) for id_ in ids]
    types = [await _event_types(api, id_) for id_ in ids]
    by_status: Counter[str] = Counter()
    for detail in details:
        by_status.update(detail["prospects_by_status"])
    return Aftermath(
        campaigns=plan.campaigns,
        leads=plan.campaigns * plan.leads,
        kills=plan.kills,
        answers=dict(Counter(answer for each in answers for answer in each.values())),
        winners=[sum(each[id_] == "200" for each in answers) for id_ in ids],
        accepted=[each["campaign-launch-accepted"] for each in types],
        rolled_back=sum(each["campaign-launch-rolled-back"] for each in types),
        run_starts=sum(each["campaign-run-started"] for each in types),
        stale_writes_refused=sum(each["campaign-stale-write-refused"] for each in types),
        statuses=dict(await _statuses(api, plan.campaigns)),
        leads_by_status=dict(by_status),
        mails=stage.sink.count,
        accepted_sends=sum(sum(detail["sends_by_node"].values()) for detail in details),
        outcome_unknown=by_status["outcome_unknown"],
        most_of_one_step=max(steps.values(), default=0),
        differences=await _differences(directory, settings),
    )


async def _event_types(api: httpx.AsyncClient, campaign_id: str) -> Counter[str]:
    events = good(await api.get(f"/api/campaigns/{campaign_id}/events?limit=200"))["events"]
    return Counter(event["type"] for event in events)


async def _differences(directory: Path, settings: Mapping[str, str]) -> list[str]:
    """Where the read models, and so the counters, differ from a fold of the whole log."""
    place = Settings(data_dir=directory / "data", database_url=settings.get("LIFTOFF_DATABASE_URL"))
    with database(place) as dsn:
        async with await open_pool(dsn) as pool:
            comparison = await replay_and_compare(pool, Feed(pool, Codec(EVENTS, UPCASTERS)))
    return [repr(difference) for difference in comparison.differences]


def main() -> int:
    """Run it and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=50)
    parser.add_argument("--leads", type=int, default=40)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill-every", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    plan = Plan(**vars(given), kills=int(given.seconds / given.kill_every))
    with tempfile.TemporaryDirectory(prefix="liftoff-chaos-", ignore_cleanup_errors=True) as directory:
        found = asyncio.run(wreak(Path(directory), plan, {}))
    for name, value in ((field, getattr(found, field)) for field in found.__struct_fields__):
        shown = dict(Counter(value)) if name in ("winners", "accepted") else value
        print(f"{name:21} {shown}")  # noqa: T201
    print("faults:", ", ".join(found.faults) or "none")  # noqa: T201
    return 1 if found.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
