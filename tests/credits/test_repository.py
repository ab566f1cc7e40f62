"""Ledgers on a real Postgres: who is first wins, nobody spends twice, and what is left behind is given back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from domain import credits, streams
from domain.credits import Grant, Reserve, Settle
from domain.refusal import Refused
from service.composition import Liftoff
from service.credits.refunding import RESERVATION_LIFETIME
from service.ids import new_id
from tests.api.making import caller
from tests.http.conftest import MovableClock


async def grant(liftoff: Liftoff, workspace_id: UUID, amount: int) -> None:
    await liftoff.credits.execute(caller(workspace_id), Grant(grant_id=new_id(), amount=amount))


async def reserve(liftoff: Liftoff, workspace_id: UUID, count: int) -> UUID:
    reservation_id = new_id()
    command = Reserve(reservation_id=reservation_id, action="LINKEDIN_PROFILE", count=count)
    await liftoff.credits.execute(caller(workspace_id), command)
    return reservation_id


async def settle(liftoff: Liftoff, workspace_id: UUID, reservation_id: UUID, done: int) -> None:
    command = Settle(reservation_id=reservation_id, done=done, reason="not-produced")
    await liftoff.credits.execute(caller(workspace_id), command)


async def test_of_many_who_reserve_at_once_as_many_win_as_the_balance_is_enough_for(
    liftoff: Liftoff, workspace_id: UUID
) -> None:
    await grant(liftoff, workspace_id, 10)
    outcomes = await asyncio.gather(
        *(reserve(liftoff, workspace_id, 3) for _ in range(8)), return_exceptions=True
    )
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Refused)]
    ledger = await liftoff.credits.load(workspace_id)
    assert refused == ["insufficient-credits"] * 5
    assert (ledger.balance, ledger.reserved) == (1, 9)


async def test_of_many_who_settle_one_reservation_one_is_heard(liftoff: Liftoff, workspace_id: UUID) -> None:
    await grant(liftoff, workspace_id, 10)
    reservation_id = await reserve(liftoff, workspace_id, 6)
    await asyncio.gather(*(settle(liftoff, workspace_id, reservation_id, done) for done in range(6)))
    ledger = await liftoff.credits.load(workspace_id)
    assert ledger.open == {}
    assert ledger.balance + ledger.charged == 10
    history = await liftoff.store.read_stream(workspace_id, streams.credits(workspace_id))
    kinds = [recorded.event.type for recorded in history]
    assert kinds.count("credits-refunded") == 1


async def test_a_settlement_that_is_rolled_back_leaves_the_reservation_open(
    liftoff: Liftoff, workspace_id: UUID
) -> None:
    await grant(liftoff, workspace_id, 10)
    reservation_id = await reserve(liftoff, workspace_id, 6)
    command = Settle(reservation_id=reservation_id, done=6, reason="not-produced")
    async with liftoff.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await liftoff.credits.settlement(connection, workspace_id, command)
        await transaction.rollback()
    assert [id_ for _, id_ in await liftoff.credits.abandoned(liftoff.clock.now() + timedelta(1))] == [
        reservation_id
    ]


async def test_the_ledger_of_one_workspace_is_not_another_s(liftoff: Liftoff, workspace_id: UUID) -> None:
    await grant(liftoff, workspace_id, 10)
    assert await liftoff.credits.load(new_id()) == credits.EMPTY


class TestHousekeeping:
    async def test_what_was_reserved_for_a_request_that_died_goes_back(
        self, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock
    ) -> None:
        await grant(liftoff, workspace_id, 10)
        await reserve(liftoff, workspace_id, 6)
        clock.move(RESERVATION_LIFETIME)
        await liftoff.housekeeping.round()
        assert (await liftoff.credits.load(workspace_id)).reserved == 6
        clock.move(timedelta(seconds=1))
        await liftoff.housekeeping.round()
        await liftoff.housekeeping.round()
        history = await liftoff.store.read_stream(workspace_id, streams.credits(workspace_id))
        assert credits.fold(history).balance == 10
        assert history[-1].event.type == "credits-refunded"
        assert (history[-1].actor, len(history)) == ("sweeper", 3)

    async def test_what_is_settled_is_left_alone(
        self, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock
    ) -> None:
        await grant(liftoff, workspace_id, 10)
        await settle(liftoff, workspace_id, await reserve(liftoff, workspace_id, 6), 6)
        clock.move(RESERVATION_LIFETIME * 2)
        await liftoff.housekeeping.round()
        assert (await liftoff.credits.load(workspace_id)).balance == 4
