"""The tick chains: each shard of senders has one, which claims what is due, sends it, and comes back within a second.

A link of a chain is a job of the engine. It works for ``LINK_SECONDS`` and then asks to be run again, so that shards
move between workers as those come and go. The job is one row under one key, so a chain can't multiply; its generation,
checked in every claim, keeps a worker that was only frozen from claiming beside its successor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby
from typing import Any, Final

import structlog

from domain.refusal import Refused
from domain.sequence import Channel
from service.channels import outcome as channel
from service.database.pool import OUTAGES
from service.dispatch.claims import Claim, Claims
from service.dispatch.prepared import Carrier, Outcome, Prepared, Ready, Unsendable
from service.dispatch.recording import Finished, Recording

LINK_SECONDS: Final = 10.0
LINGER_SECONDS: Final = 0.05
"""How long a claim waits for more free places: it costs about the same for one send as for fifty."""

_log = structlog.get_logger(__name__)


class Ticks:
    """Runs the links of this worker's chains; all of them share its capacity for sends in flight."""

    def __init__(
        self,
        claims: Claims,
        carriers: Mapping[Channel, Carrier[Any]],
        recording: Recording,
        tick: timedelta,
        concurrency: int,
    ) -> None:
        """A chain with nothing due looks again after ``tick``.

        ``concurrency`` bounds the sends in flight: those whose intent is in the log, and whose outcome isn't yet.
        """
        self._claims = claims
        self._carriers = carriers
        self._recording = recording
        self._tick = tick.total_seconds()
        self._free = concurrency
        self._many = max(concurrency // 3, 1)
        self._freed = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._sends: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def link(self, shard: int) -> None:
        """One link of the shard's chain: claim and send until its time is up or its generation is over."""
        try:
            generation = await self._claims.begin_generation(shard)
        except OUTAGES as error:
            _log.error("link_not_begun", shard=shard, error=type(error).__name__)
            await self._rest()
            return
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + LINK_SECONDS
        quiet = False
        while (loop.time() < ends_at or self._claims.has_unheard) and not self._stopping.is_set():
            nothing = quiet and not await self._has_work(shard)
            begun = 0 if nothing else await self._begin_sends(shard, generation)
            if begun is None:
                _log.warning("chain_superseded", shard=shard, generation=generation)
                return
            quiet = not begun
            if quiet:
                await self._rest()

    def stop_claiming(self) -> None:
        """Claim nothing more; the links under way end."""
        self._stopping.set()

    async def stop(self) -> None:
        """Claim nothing more, and wait until every send in flight has its outcome stored."""
        self.stop_claiming()
        while self._sends:
            await asyncio.gather(*self._sends, return_exceptions=True)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), self._tick)
        except TimeoutError:
            return

    async def _has_work(self, shard: int) -> bool:
        """Whether a claim is worth the places it holds until it has found out that nothing is due."""
        try:
            return await self._claims.has_work(shard)
        except OUTAGES as error:
            _log.error("look_failed", shard=shard, error=type(error).__name__)
            return False

    async def _begin_sends(self, shard: int, generation: int) -> int | None:
        """Claim as much as there is room for and set it going; answers how many, None when superseded."""
        claims: Sequence[Claim] | None = ()
        # One claim at a time: places that are freed meanwhile make the next one larger, and cheaper for each send.
        async with self._claiming:
            room = await self._take_room()
            try:
                claims = await self._claims.claim(shard, generation, room)
            except OUTAGES as error:
                _log.error("claim_failed", shard=shard, error=type(error).__name__)
            finally:
                self._give_room(room - len(claims or ()))
        if claims:
            self._start(self._send_all(claims))
        return None if claims is None else len(claims)

    async def _take_room(self) -> int:
        """All free places for sends; waits until there is one, and a moment longer while there are few."""
        await self._until_free(1)
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await self._until_free(self._many)
        room, self._free = self._free, 0
        return room

    async def _until_free(self, places: int) -> None:
        while self._free < places:
            self._freed.clear()
            await self._freed.wait()

    def _give_room(self, places: int) -> None:
        if places:
            self._free += places
            self._freed.set()

    async def _send_all(self, claims: Sequence[Claim]) -> None:
        by_channel = groupby(sorted(claims, key=_channel), key=_channel)
        for channel_, those in by_channel:
            for prepared in await self._prepare(self._carriers[channel_], list(those)):
                self._start(self._send(self._carriers[channel_], prepared))

    async def _prepare(self, carrier: Carrier[Any], claims: Sequence[Claim]) -> Sequence[Prepared]:
        """The claims as sends, however often it takes: their intents are committed."""
        while True:
            try:
                return await carrier.prepare(claims)
            except OUTAGES as error:
                _log.error("sends_not_prepared_yet", count=len(claims), error=type(error).__name__)
                await asyncio.sleep(self._tick)
            except Exception as error:
                if len(claims) > 1:  # one of them must not keep the others from being sent
                    return [
                        prepared for claim in claims for prepared in await self._prepare(carrier, [claim])
                    ]
                # Nothing was handed over, so it may be tried again when somebody has seen to the cause.
                _log.error("send_not_prepared", send_id=str(claims[0].send_id), exc_info=error)
                return [Unsendable(claims[0], channel.Deferred(None, "The send could not be prepared."))]

    async def _send(self, carrier: Carrier[Any], prepared: Prepared) -> None:
        outcome = await self._hand_over(carrier, prepared)
        await self._recording.keep(Finished(prepared, outcome))
        # Not before: of a process that is killed, no more sends than it has places may have an unknown outcome.
        self._give_room(1)
        if isinstance(prepared, Ready):
            await self._heed(carrier, prepared, outcome)

    async def _hand_over(self, carrier: Carrier[Any], prepared: Prepared) -> Outcome:
        if isinstance(prepared, Unsendable):
            return prepared.why
        try:
            return await carrier.hand_over(prepared)
        except Exception as error:
            # The channel answers for the network; whatever it did not foresee leaves open what the provider has.
            _log.error("send_broke", send_id=str(prepared.claim.send_id), exc_info=error)
            return channel.Unknown(f"the channel failed: {type(error).__name__}")

    async def _heed(self, carrier: Carrier[Any], ready: Ready, outcome: Outcome) -> None:
        try:
            await carrier.heed(ready, outcome)
        except (Refused, *OUTAGES) as error:
            # If the account is still there, its next send ends like this one, and that is told again.
            _log.error(
                "sender_not_closed", sender_id=str(ready.claim.due.sender_id), error=type(error).__name__
            )

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)


def _channel(claim: Claim) -> Channel:
    return "email" if claim.due.task == "email" else "linkedin"
