"""One client process: writers at random, a reader of the feed, and a projector, each request recorded in a file.

It says ``ready`` and waits for a line on stdin, so that all begin together. It is meant to be killed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from service.database.pool import Pool, open_pool
from service.logging import configure_logging
from service.store.feed import Feed
from tests.histories.client import Client
from tests.histories.history import (
    Answer,
    Append,
    Conflicting,
    Fenced,
    Guard,
    Lost,
    Numbers,
    Stored,
    Write,
)
from tests.histories.planted import BY_NAME, projector
from tests.histories.recording import Recorder
from tests.histories.tally import TALLY
from tests.store.events import CODEC

APPLICATION: Final = "history-client"
WRITERS: Final = 5
STREAMS: Final = tuple(f"s{number}" for number in range(6))
CAMPAIGNS: Final = ("c0", "c1")
LONGEST_LINGER_SECONDS: Final = 0.01
SMALL_PAGE: Final = 25
_NUMBERS_A_CLIENT: Final = 10_000_000


class Writer:
    """Writes on, at random, from what it has seen of the streams: which may be old."""

    def __init__(self, client: Client, chance: Random, numbers: list[int]) -> None:
        self._client = client
        self._chance = chance
        self._numbers = numbers
        self._versions = defaultdict[str, int](int)
        self._fences = defaultdict[str, int](int)

    async def write_until(self, deadline: float) -> None:
        """One request after the other."""
        while time.monotonic() < deadline:
            if self._chance.random() < 0.15:
                await self._look()
            else:
                await self._append(self._any_append())

    async def _look(self) -> None:
        stream = self._chance.choice((*STREAMS, *CAMPAIGNS))
        answer = await self._client.read(stream)
        if isinstance(answer, Numbers):
            self._versions[stream] = len(answer.numbers)

    async def _append(self, request: Append) -> None:
        chance = self._chance.random()
        if chance < 0.3:
            with suppress(OSError):
                async with self._client.holding(request, commits=chance < 0.22):
                    await asyncio.sleep(self._chance.random() * LONGEST_LINGER_SECONDS)
            return
        answer = await self._client.append(request)
        self._learn(request, answer)
        if request.append_id is not None and (isinstance(answer, Lost) or chance > 0.8):
            self._learn(request, await self._client.append(request))
        if request.append_id is not None and chance > 0.97:
            await self._client.append(replace(self._any_append(), append_id=request.append_id))

    def _learn(self, request: Append, answer: Answer) -> None:
        match answer:
            case Stored(versions=versions):
                self._versions.update(versions)
                self._fences.update({each.stream: each.raises for each in request.writes if each.raises})
            case Conflicting(stream=stream, actual=actual):
                self._versions[stream] = actual
            case Fenced(stream=stream, fence=fence):
                self._fences[stream] = fence

    def _any_append(self) -> Append:
        append_id = UUID(int=self._chance.getrandbits(128)) if self._chance.random() < 0.4 else None
        campaign = self._chance.choice(CAMPAIGNS)
        stream, epoch = self._chance.choice(STREAMS), self._fences[campaign]
        kinds = {
            "anything": (self._anything(), None, None),
            "swap": ((self._write(stream, self._versions[stream]),), None, None),
            "guarded": ((self._write(stream),), None, Guard(campaign, epoch)),
            "launch": ((self._write(campaign, self._versions[campaign], epoch + 1),), None, None),
            "of the run": ((self._write(campaign), self._write(stream)), epoch, None),
        }
        [kind] = self._chance.choices(list(kinds), [4, 3, 3, 1, 1])
        writes, written_epoch, guard = kinds[kind]
        return Append(writes=writes, epoch=written_epoch, guard=guard, append_id=append_id)

    def _anything(self) -> tuple[Write, ...]:
        return tuple(
            self._write(stream) for stream in self._chance.sample(STREAMS, self._chance.randint(1, 3))
        )

    def _write(self, stream: str, expected: int | None = None, raises: int | None = None) -> Write:
        numbers = tuple(self._number() for _ in range(self._chance.randint(1, 2)))
        return Write(stream=stream, numbers=numbers, expected=expected, raises=raises)

    def _number(self) -> int:
        self._numbers[0] += 1
        return self._numbers[0]


async def _follow_until(client: Client, reader: str, deadline: float) -> None:
    upto = 0
    while time.monotonic() < deadline:
        upto = await client.follow(reader, upto)
        await asyncio.sleep(0.002)


async def _work(pool: Pool, given: argparse.Namespace) -> None:
    file = os.open(given.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    bug = BY_NAME.get(given.bug)
    isolation = "read_committed" if bug is None else bug.reading
    client = Client(pool, Recorder(lambda line: os.write(file, line)), isolation)
    print("ready", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    deadline, chance = time.monotonic() + given.seconds, Random(given.seed)
    numbers = [given.number * _NUMBERS_A_CLIENT]
    projecting = projector(bug)(pool, Feed(pool, CODEC), [TALLY], SMALL_PAGE)
    running = asyncio.create_task(projecting.run())
    await asyncio.gather(
        *(Writer(client, Random(chance.random()), numbers).write_until(deadline) for _ in range(WRITERS)),
        _follow_until(client, f"reader {given.number}", deadline),
    )
    running.cancel()
    await client.close()


async def _run(given: argparse.Namespace) -> None:
    configure_logging(stream=sys.stderr)
    async with await open_pool(given.database_url, application_name=APPLICATION, max_size=12) as pool:
        await _work(pool, given)


def main() -> None:
    """Work for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--bug", default=None)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
