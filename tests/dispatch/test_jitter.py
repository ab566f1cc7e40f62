"""Gaps with jitter: the claim rests exactly as long as the plan says it will."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from domain.pacing import Gaps
from domain.simulation import simulate
from service.campaigns.ahead import LooksAhead
from service.channels.outcome import Accepted
from service.composition import Liftoff
from tests.dispatch.conftest import Launch, Worker
from tests.http.conftest import MovableClock

GAP: Final = timedelta(minutes=10)
INSTANT: Final = timedelta(microseconds=1)


async def test_with_jitter_each_claim_is_made_at_the_very_moment_that_was_planned(
    liftoff: Liftoff, launch: Launch, workspace_id: UUID, clock: MovableClock
) -> None:
    campaign = await liftoff.campaigns.load(workspace_id, await launch(6))
    looks_ahead = LooksAhead(liftoff.pool, liftoff.campaigns, Gaps(email=GAP, jitter=0.5))
    ahead = await looks_ahead.of(workspace_id, campaign, clock.now())
    planned = list(simulate(clock.now(), ahead.senders, ahead.campaigns))
    worker = Worker(liftoff, GAP, jitter=0.5)

    for send in planned:
        if send.at > clock.now():
            clock.move(send.at - INSTANT - clock.now())
            assert await worker.take() == []
            clock.move(INSTANT)
        [claim] = await worker.take()
        assert (claim.due.lead_id.int, claim.due.node_id) == (send.rank, send.node_id)
        await worker.record([claim], Accepted(250, "OK"))

    assert await worker.take() == []
    rests = [later.at - earlier.at for earlier, later in pairwise(planned[:6])]
    assert all(GAP <= rest <= 1.5 * GAP for rest in rests)
    assert len(set(rests)) == len(rests)
