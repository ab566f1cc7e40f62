"""The places of a worker: how many sends may be in flight, which is how many a kill may leave in doubt."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from service.channels.inbox_url import SmtpUrl
from service.channels.outcome import Accepted, Outcome
from service.channels.smtp import SmtpChannel
from service.composition import Liftoff
from service.database.pool import Pool
from service.dispatch.mails import MailCarrier
from service.dispatch.ticks import Ticks
from tests.api.making import make_sender
from tests.dispatch.conftest import SHARD, Launch, Worker

PLACES: Final = 3
LEADS: Final = 24
_IN_FLIGHT: Final = "SELECT count(*) FROM dispatch_due WHERE worker_id IS NOT NULL"


class CountingChannel(SmtpChannel):
    """Takes every mail, and counts how many sends are in flight while it does."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._database = pool
        self.mails = 0
        self.most_in_flight = 0
        self.took_all = asyncio.Event()

    async def send(self, inbox: SmtpUrl, envelope_from: str, recipient: str, message: bytes) -> Outcome:
        """Counts, and accepts."""
        self.most_in_flight = max(self.most_in_flight, await self._database.fetchval(_IN_FLIGHT))
        self.mails += 1
        if self.mails == LEADS:
            self.took_all.set()
        return Accepted(250, "OK")


async def test_no_more_sends_are_without_an_outcome_than_the_worker_has_places(
    liftoff: Liftoff, workspace_id: UUID, launch: Launch
) -> None:
    await launch(LEADS, [await make_sender(liftoff, workspace_id)])
    channel = CountingChannel(liftoff.pool)
    one = Worker(liftoff)
    carrier = MailCarrier(one.mails, channel, liftoff.accounts)
    ticks = Ticks(one.claims, {"email": carrier}, one.recording, timedelta(milliseconds=10), PLACES)
    storing = asyncio.create_task(one.recording.run())
    working = asyncio.create_task(ticks.link(SHARD))
    try:
        async with asyncio.timeout(20):
            await channel.took_all.wait()
            await ticks.stop()
            await working
    finally:
        storing.cancel()
    assert (channel.mails, channel.most_in_flight) == (LEADS, PLACES)
    assert await liftoff.pool.fetchval(_IN_FLIGHT) == 0
