"""Group commit: appends that arrive together travel together, and pay for one round trip and one flush to disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from math import ceil
from typing import Final, cast

from msgspec import Struct

from service.store.appends import Outcome
from service.store.errors import AppendFailed
from service.store.trip import Key, Request

LANES: Final = 2
"""Trips under way at a time: one is being stored while the next is being made up."""
LEAST_SHARE: Final = 8
"""A trip is worth its way with so many requests. With more inside, each lane takes its share of them.

Did one take all, the other would stay empty, and Postgres idle while a trip is made up: 31,000 events a second then,
50,000 so (``tests/benchmarks/append.py``, 16 writers of 100 events).
"""
MOST_REQUESTS: Final = 500
MOST_EVENTS: Final = 5_000
MOST_PASSED_OVER: Final = 1_000

Carry = Callable[[Sequence[Request]], Awaitable[Sequence[Outcome]]]


class _Waiting(Struct, eq=False):
    request: Request
    answer: asyncio.Future[Outcome]


class _Streams:
    """The streams requests use, and whether another may use its own beside them."""

    def __init__(self) -> None:
        self._written: set[Key] = set()
        self._raised: set[Key] = set()
        self._guarded: set[Key] = set()

    def add(self, request: Request) -> None:
        self._written |= request.written
        self._raised |= request.raised
        self._guarded |= request.guarded

    def admit(self, request: Request) -> bool:
        return (
            self._written.isdisjoint(request.written)
            and self._raised.isdisjoint(request.guarded)
            and self._guarded.isdisjoint(request.raised)
        )


class GroupCommit:
    """Makes trips out of requests. ``carry`` takes one trip to the database and brings an outcome for each request."""

    def __init__(self, carry: Carry) -> None:
        self._carry = carry
        self._queue: deque[_Waiting] = deque()
        self._under_way: list[list[_Waiting]] = []
        self._lanes: set[asyncio.Task[None]] = set()

    async def send(self, request: Request) -> Outcome:
        """Take the request along with the next trip. Raises ``AppendFailed``, or what is wrong with this request.

        A caller that is cancelled while it waits doesn't know whether its append was stored.
        """
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if len(self._lanes) < LANES:
            self._lanes.add(asyncio.create_task(self._run_lane()))
        return await waiting.answer

    async def drain(self) -> None:
        """Wait until all trips have ended."""
        while self._lanes:
            await asyncio.wait(self._lanes)

    async def _run_lane(self) -> None:
        while trip := self._board():
            self._under_way.append(trip)
            await self._travel(trip)
            self._under_way.remove(trip)
        # At once, not by a callback of the task: who sends before that would wait for a lane that has ended.
        self._lanes.remove(cast("asyncio.Task[None]", asyncio.current_task()))

    def _board(self) -> list[_Waiting]:
        """Who goes with the next trip: all that wait, but for those whose streams are taken.

        Who stays behind keeps the streams it needs, so that the writers of a stream take turns in their order.
        """
        trip: list[_Waiting] = []
        left: list[_Waiting] = []
        taken = _Streams()
        for under_way in chain.from_iterable(self._under_way):
            taken.add(under_way.request)
        events = 0
        fair_share = max(LEAST_SHARE, ceil(self._inside() / LANES))
        while (
            self._queue
            and len(trip) < min(fair_share, MOST_REQUESTS)
            and events < MOST_EVENTS
            and len(left) < MOST_PASSED_OVER
        ):
            waiting = self._queue.popleft()
            if waiting.answer.done():
                continue  # its caller has given up
            if taken.admit(waiting.request):
                trip.append(waiting)
                events += len(waiting.request.events)
            else:
                left.append(waiting)
            taken.add(waiting.request)
        self._queue.extendleft(reversed(left))
        return trip

    def _inside(self) -> int:
        """How many requests are waiting or under way."""
        return len(self._queue) + sum(map(len, self._under_way))

    async def _travel(self, trip: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._carry([waiting.request for waiting in trip])
        except Exception as error:
            if len(trip) == 1 or isinstance(error, AppendFailed):
                for waiting in trip:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
            else:  # nothing was stored, because of one of them: each alone, so that the others don't suffer for it
                for waiting in trip:
                    await self._travel([waiting])
            return
        for waiting, outcome in zip(trip, outcomes, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(outcome)
