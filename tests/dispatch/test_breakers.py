"""A sender whose sends fail one after the other is closed, and its leads wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from domain.breaker import FAILURES_IN_A_ROW
from domain.sender import decide as senders
from domain.sender.state import Sender
from service.channels.outcome import Accepted, Deferred, Outcome, Refused, SenderRefused, Unknown
from service.composition import Liftoff
from tests.api.making import caller, make_sender
from tests.dispatch.conftest import Launch, Worker
from tests.http.conftest import MovableClock

ACCEPTED: Final = Accepted(250, "OK")
DEFERRED: Final = Deferred(451, "later")
MANY: Final = FAILURES_IN_A_ROW


@pytest.fixture
async def sender_id(liftoff: Liftoff, workspace_id: UUID) -> UUID:
    return await make_sender(liftoff, workspace_id)


async def play(worker: Worker, outcomes: Sequence[Outcome]) -> None:
    """Send one after the other; this is what becomes of them."""
    for outcome in outcomes:
        await worker.record(await worker.take(at_most=1), outcome)


async def closed(liftoff: Liftoff, workspace_id: UUID, sender_id: UUID) -> Sender:
    await liftoff.housekeeping.round()
    return await liftoff.senders.load(workspace_id, sender_id)


@pytest.mark.parametrize("failure", [DEFERRED, SenderRefused(550, "not you"), Unknown("gone")])
async def test_many_failures_in_a_row_set_the_sender_to_error_and_its_leads_wait(
    liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker, sender_id: UUID, failure: Outcome
) -> None:
    await launch(20, [sender_id])
    await play(worker, [failure] * MANY)
    assert await worker.take() == []  # before anybody has looked
    sender = await closed(liftoff, workspace_id, sender_id)
    assert (sender.status, sender.detail_id is None) == ("error", False)
    assert await worker.take() == []


async def test_a_success_in_between_begins_the_row_anew_and_a_bounce_does_not(
    liftoff: Liftoff, workspace_id: UUID, launch: Launch, worker: Worker, sender_id: UUID
) -> None:
    await launch(25, [sender_id])
    await play(worker, [DEFERRED] * (MANY - 1) + [ACCEPTED] + [DEFERRED] * (MANY - 2))
    await play(worker, [Refused(550, "no such user", "recipient"), DEFERRED])
    assert (await closed(liftoff, workspace_id, sender_id)).status == "active"
    await play(worker, [DEFERRED])
    assert (await closed(liftoff, workspace_id, sender_id)).status == "error"


async def test_many_workers_count_together(
    liftoff: Liftoff, workspace_id: UUID, launch: Launch, sender_id: UUID
) -> None:
    await launch(MANY + 5, [sender_id])
    workers = [Worker(liftoff) for _ in range(MANY)]
    claims = [await worker.take(at_most=1) for worker in workers]
    await asyncio.gather(*(worker.record(own, DEFERRED) for worker, own in zip(workers, claims, strict=True)))
    assert (await closed(liftoff, workspace_id, sender_id)).status == "error"


async def test_a_verified_sender_goes_on_and_begins_a_new_row(
    liftoff: Liftoff,
    workspace_id: UUID,
    launch: Launch,
    worker: Worker,
    sender_id: UUID,
    clock: MovableClock,
) -> None:
    await launch(MANY + 2, [sender_id])
    await play(worker, [DEFERRED] * MANY)
    inbox_id = (await closed(liftoff, workspace_id, sender_id)).inbox_id
    assert inbox_id is not None
    verified = senders.RecordVerified(inbox_id)
    await liftoff.senders.execute(caller(workspace_id), sender_id, lambda now: senders.decide(now, verified))
    clock.move(timedelta(minutes=2))
    await play(worker, [DEFERRED] * (MANY - 1))
    assert (await closed(liftoff, workspace_id, sender_id)).status == "active"
    assert len(await worker.take(at_most=1)) == 1
