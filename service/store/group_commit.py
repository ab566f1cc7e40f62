"""Group commit: appends that arrive together travel together, and pay for one round trip and one flush to disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, cast

from msgspec import Struct

from service.store.appends import Outcome
from service.store.errors import AppendFailed
from service.store.trip import Key, Request

LANES: Final = 2  # trips under way at a time: one is being written to disk while the next is being made up
MOST_REQUESTS: Final = 500
MOST_EVENTS: Final = 5_000
MOST_PASSED_OVER: Final = 1_000

Carry = Callable[[Sequence[Request]], Awaitable[Sequence[Outcome]]]


class _Waiting(Struct, eq=False):
    request: Request
    answer: asyncio.Future[Outcome]


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
        """Who goes with the next trip: all that wait, but for streams that are already under way.

        Who stays behind keeps the streams it needs, so that the writers of a stream take turns in their order.
        """
        trip: list[_Waiting] = []
        left: list[_Waiting] = []
        written, guarded = self._streams_under_way()
        events = 0
        while (
            self._queue
            and len(trip) < MOST_REQUESTS
            and events < MOST_EVENTS
            and len(left) < MOST_PASSED_OVER
        ):
            waiting = self._queue.popleft()
            if waiting.answer.done():
                continue  # its caller has given up
            request = waiting.request
            if written.isdisjoint(request.written | request.guarded) and guarded.isdisjoint(request.written):
                trip.append(waiting)
                events += len(request.events)
            else:
                left.append(waiting)
            written |= request.written
            guarded |= request.guarded
        self._queue.extendleft(reversed(left))
        return trip

    def _streams_under_way(self) -> tuple[set[Key], set[Key]]:
        requests = [waiting.request for trip in self._under_way for waiting in trip]
        return (
            {key for request in requests for key in request.written},
            {key for request in requests for key in request.guarded},
        )

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
