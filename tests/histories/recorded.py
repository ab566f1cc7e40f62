"""Records a run: client processes write, read and project, and are killed and cut off meanwhile."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from msgspec import Struct

from service.database.pool import Connection, connect_as_owner, open_pool
from tests.histories.afterwards import look
from tests.histories.history import History, Operation
from tests.histories.planted import Bug, planted, projector
from tests.histories.recording import operations
from tests.histories.slate import wipe
from tests.histories.workload import APPLICATION

_PATIENCE_SECONDS: Final = 60


class Plan(Struct, frozen=True, kw_only=True):
    """How long clients work; how many there are; how many of them are killed, and how many connections cut."""

    clients: int = 3
    kills: int = 1
    cuts: int = 6
    seconds: float = 2.0
    seed: int = 1


async def record(dsn: str, directory: Path, plan: Plan, bug: Bug | None = None) -> History:
    """The history of one run on an empty log, with the bug in the program, or none."""
    owner = await connect_as_owner(dsn, application_name="history")
    try:
        await wipe(owner)
        async with planted(owner, bug):
            await _let_work(dsn, directory, plan, bug, owner)
            await _all_gone(owner)
            async with await open_pool(dsn, application_name="history") as pool:
                found = sorted(_operations(directory), key=lambda operation: operation.began)
                return await look(found, owner, pool, projector(bug))
    finally:
        await owner.close()


async def _let_work(dsn: str, directory: Path, plan: Plan, bug: Bug | None, owner: Connection) -> None:
    clients = await asyncio.gather(
        *(_start(dsn, directory, number, plan, bug) for number in range(1, plan.clients + 1))
    )
    try:
        for client in clients:
            assert client.stdin is not None
            client.stdin.write(b"go\n")
        await _disturb(clients, plan, owner)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(*(client.wait() for client in clients))
    finally:
        for client in clients:
            _kill(client)


async def _disturb(clients: Sequence[Process], plan: Plan, owner: Connection) -> None:
    """Kill and cut, in any order, while the clients work."""
    chance, loop = Random(plan.seed), asyncio.get_running_loop()
    victims: list[Process | None] = [*chance.sample(clients, plan.kills), *[None] * plan.cuts]
    chance.shuffle(victims)
    began, pace = loop.time(), plan.seconds / (len(victims) + 1)
    for turn, victim in enumerate(victims, start=1):
        await asyncio.sleep(began + turn * pace - loop.time())
        if victim is None:
            await _cut_one(owner, chance)
        else:
            _kill(victim)


def _kill(client: Process) -> None:
    with suppress(ProcessLookupError):  # it may have ended by itself
        client.kill()


async def _start(dsn: str, directory: Path, number: int, plan: Plan, bug: Bug | None) -> Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.histories.workload"),
        *("--database-url", dsn, "--record", str(directory / f"client {number}.jsonl")),
        *("--number", str(number), "--seconds", str(plan.seconds), "--seed", str(plan.seed + number)),
        *(() if bug is None else ("--bug", bug.name)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    assert process.stdout is not None
    async with asyncio.timeout(_PATIENCE_SECONDS):
        assert await process.stdout.readline() == b"ready\n"
    return process


async def _cut_one(owner: Connection, chance: Random) -> None:
    """End a connection on the side of the server, in the midst of whatever it does."""
    rows = await owner.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
        " ORDER BY state = 'idle', pid",
        APPLICATION,
    )
    if rows:
        await owner.execute(
            "SELECT pg_terminate_backend($1)", chance.choice(rows[: len(rows) // 2 + 1])["pid"]
        )


async def _all_gone(owner: Connection) -> None:
    """Until no session of a client is left: what a dead one still had under way has then ended."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
            APPLICATION,
        ):
            await asyncio.sleep(0.01)


def _operations(directory: Path) -> Iterator[Operation]:
    for file in sorted(directory.glob("*.jsonl")):
        yield from operations(file.stem, file.read_bytes().splitlines(keepends=True))
