"""The long forms of the laws, the state machine and the interleavings."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from domain.event import Recorded
from tests.end_to_end.campaigning import connect, make_sender
from tests.end_to_end.processes import ServiceProcess, SinkProcess
from tests.interleavings.house import House
from tests.interleavings.scopes import LARGE, SMALL
from tests.interleavings.search import search
from tests.kit.defects import NearLegal, near_legal
from tests.kit.deployment import Deployment
from tests.kit.in_memory import InMemory
from tests.kit.judge import faults
from tests.kit.machine import campaign_machine
from tests.kit.over_http import OverHttp
from tests.laws.catalogue import LAWS
from tests.laws.law import Law
from tests.long.entry import Until

CASES_AT_ONCE = 100


def laws(until: Until) -> Counter[str]:
    """Every law, with other cases each time."""
    seen: Counter[str] = Counter(laws=len(LAWS))
    for law, share in until.shares(LAWS):
        for chance in count():
            seen["cases"] += law.hold(CASES_AT_ONCE, chance)
            if share.left < 0:
                break
    return seen


def near_legal_histories(until: Until) -> Counter[str]:
    """Histories with one defect: each is noticed."""
    law = Law("each defect is noticed", faults, near_legal(), _is_noticed)
    seen: Counter[str] = Counter()
    for chance in count():
        seen["histories"] += law.hold(CASES_AT_ONCE, chance)
        if until.left < 0:
            return seen
    return seen


def _is_noticed(judge: Callable[[list[Recorded]], list[str]], case: NearLegal) -> None:
    assert judge(case.history), case.defect


def machine_in_memory(until: Until) -> Counter[str]:
    """The state machine over the pure domain."""
    return _machine_runs(InMemory, until, at_once=50)


def machine_over_http(until: Until) -> Counter[str]:
    """The state machine over HTTP, against a service of its own."""
    with tempfile.TemporaryDirectory(prefix="liftoff-long-") as directory:
        home = Path(directory)
        home.chmod(0o755)  # the database of a run as root runs as another user
        with SinkProcess(home / "sink") as sink, ServiceProcess(home / "data") as service:
            sender_id = asyncio.run(_sender(service, sink.url))
            deploy = partial(OverHttp, service.url, service.key, sender_id)
            return _machine_runs(deploy, until, at_once=1)


async def _sender(service: ServiceProcess, sink_url: str) -> str:
    async with connect(service.url, service.key) as api:
        return await make_sender(api, sink_url, "kit")


def _machine_runs(deploy: Callable[[], Deployment], until: Until, at_once: int) -> Counter[str]:
    profile = settings(
        max_examples=at_once, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    seen: Counter[str] = Counter()

    def counted() -> Deployment:
        seen["runs"] += 1
        return deploy()

    for chance in count():
        run_state_machine_as_test(seed(chance)(campaign_machine(counted)), settings=profile)
        if until.left < 0:
            return seen
    return seen


def interleavings(until: Until) -> Counter[str]:
    """All states of larger scopes, as far as the time allows."""
    seen: Counter[str] = Counter()
    for (name, scope), share in until.shares((SMALL | LARGE).items()):
        found = search(House(), scope, partial(_has_time, share))
        assert found.fault is None, f"{name}: {found.fault}"
        seen["states"] += found.states
        seen["steps"] += found.steps
        seen["scopes searched through" if found.complete else "scopes searched in part"] += 1
    return seen


def _has_time(until: Until, states: int) -> bool:
    return until.left > 0
