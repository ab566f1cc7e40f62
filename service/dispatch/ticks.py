"""The tick chains: each shard of senders has one, which claims what is due, sends it, and comes back within a second.

A link of a chain is a job of the engine. It works for ``LINK_SECONDS`` and then asks to be run again, so that shards
move between workers as those come and go. The job is one row under one key, so a chain can't multiply; its generation,
checked in every claim, keeps a worker that was only frozen from claiming beside its successor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Final

import structlog

from domain.refusal import Refused
from service.caller import Caller
from service.channels import outcome as channel
from service.channels.inbox_url import parse_smtp_url
from service.channels.smtp import SmtpChannel
from service.database.pool import OUTAGES
from service.dispatch.claims import Claim, Claims
from service.dispatch.mails import Mails, Prepared, Ready, Unsendable
from service.dispatch.recording import Finished, Outcome, Recording
from service.senders.accounts import Accounts

LINK_SECONDS: Final = 10.0

_log = structlog.get_logger(__name__)


class Ticks:
    """Runs the links of this worker's chains; all of them share its capacity for sends in flight."""

    def __init__(
        self,
        claims: Claims,
        mails: Mails,
        smtp: SmtpChannel,
        recording: Recording,
        accounts: Accounts,
        tick: timedelta,
        concurrency: int,
    ) -> None:
        """A chain with nothing due looks again after ``tick``; ``concurrency`` bounds the sends in flight."""
        self._claims = claims
        self._mails = mails
        self._smtp = smtp
        self._recording = recording
        self._accounts = accounts
        self._tick = tick.total_seconds()
        self._free = concurrency
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
        while loop.time() < ends_at and not self._stopping.is_set():
            begun = await self._begin_sends(shard, generation)
            if begun is None:
                _log.warning("chain_superseded", shard=shard, generation=generation)
                return
            if not begun:
                await self._rest()

    def stop_claiming(self) -> None:
        """Claim nothing more; the links under way end."""
        self._stopping.set()

    async def stop(self) -> None:
        """Claim nothing more, and wait until every send in flight has its outcome stored."""
        self.stop_claiming()
        while self._sends:
            await asyncio.gather(*self._sends, return_exceptions=True)
        await self._recording.drained()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), self._tick)
        except TimeoutError:
            return

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
        """All free places for sends; waits until there is one."""
        while not self._free:
            self._freed.clear()
            await self._freed.wait()
        room, self._free = self._free, 0
        return room

    def _give_room(self, places: int) -> None:
        if places:
            self._free += places
            self._freed.set()

    async def _send_all(self, claims: Sequence[Claim]) -> None:
        for prepared in await self._prepare(claims):
            self._start(self._send(prepared))

    async def _prepare(self, claims: Sequence[Claim]) -> Sequence[Prepared]:
        """The mails of the claims, however often it takes: their intents are committed."""
        while True:
            try:
                return await self._mails.prepare(claims)
            except OUTAGES as error:
                _log.error("mails_not_prepared_yet", count=len(claims), error=type(error).__name__)
                await asyncio.sleep(self._tick)
            except Exception as error:
                if len(claims) > 1:  # one of them must not keep the others from being sent
                    return [prepared for claim in claims for prepared in await self._prepare([claim])]
                # Nothing was handed over, so it may be tried again when somebody has seen to the cause.
                _log.error("mail_not_prepared", send_id=str(claims[0].send_id), exc_info=error)
                return [Unsendable(claims[0], channel.Deferred(None, "The mail could not be prepared."))]

    async def _send(self, prepared: Prepared) -> None:
        outcome = await self._hand_over(prepared)
        self._recording.put(Finished(prepared, outcome))
        self._give_room(1)
        if isinstance(prepared, Ready) and isinstance(outcome, channel.SenderRefused):
            await self._close_sender(prepared, outcome)

    async def _hand_over(self, prepared: Prepared) -> Outcome:
        if isinstance(prepared, Unsendable):
            return prepared.why
        inbox = parse_smtp_url(prepared.smtp_url)
        try:
            return await self._smtp.send(inbox, prepared.envelope_from, prepared.recipient, prepared.message)
        except Exception as error:
            # The channel answers for the network; whatever it did not foresee leaves open what the server has.
            _log.error("send_broke", send_id=str(prepared.claim.send_id), exc_info=error)
            return channel.Unknown(f"the channel failed: {type(error).__name__}")

    async def _close_sender(self, prepared: Ready, refused: channel.SenderRefused) -> None:
        """The server does not let this sender send: its leads wait until a person has seen to it."""
        due = prepared.claim.due
        caller = Caller(due.workspace_id, "worker", prepared.claim.send_id)
        try:
            await self._accounts.record_refusal(caller, due.sender_id, prepared.inbox_id, refused.reply)
        except (Refused, *OUTAGES) as error:
            # If the account is still there, its next send is refused like this one, and that is told again.
            _log.error("sender_not_closed", sender_id=str(due.sender_id), error=type(error).__name__)
        else:
            _log.warning("sender_refused", sender_id=str(due.sender_id), code=refused.code)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)
