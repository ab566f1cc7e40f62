"""Scripted meetings of two or three connections, each at the moment at which one of the bugs shows.

On the log as it is, each script ends in a history without violation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg
from msgspec import Struct

from service.database.pool import Connection, Pool
from service.projector.runner import Projector
from service.store.feed import Feed, Page
from tests.histories.client import Client
from tests.histories.history import Append, Guard, Write
from tests.histories.tally import TALLY
from tests.store.events import CODEC

_PATIENCE_SECONDS: Final = 20


class Stage(Struct, frozen=True):
    """What scripts play on. ``projector`` is the class, with or without a bug."""

    pool: Pool
    owner: Connection
    client: Client
    projector: type[Projector]


Script: TypeAlias = Callable[[Stage], Awaitable[None]]


async def two_appends_with_one_expectation(on: Stage) -> None:
    """The second comes while the first is not committed yet."""
    await on.client.append(_append(1))
    async with on.client.holding(_append(2, expected=1)):
        second = asyncio.create_task(on.client.append(_append(3, expected=1)))
        await _ended_or_waiting(on, second, waiting=1)
    await second
    await on.client.append(_append(4))


async def an_append_that_knows_an_old_version(on: Stage) -> None:
    """Somebody else wrote since it looked."""
    await on.client.append(_append(1, expected=0))
    await on.client.append(_append(2, expected=0))


async def a_late_commit_of_a_lower_position(on: Stage) -> None:
    """A reader looks while the first of two appends is open and the second is committed."""
    async with on.client.holding(_append(1, "late")):
        await on.client.append(_append(2, "early"))
        upto = await on.client.follow("reader", 0)
    await on.client.follow("reader", upto)


async def appends_of_two_sessions_in_turn(on: Stage) -> None:
    """Two connections append, one after the other and again."""
    async with AsyncExitStack() as held:
        for number in (1, 2):  # both are open at once, so that they have two connections
            await held.enter_async_context(on.client.holding(_append(number, f"s{number}")))
    upto = await on.client.follow("reader", 0)
    for number in (3, 4):
        async with on.client.holding(_append(number, "t")):
            pass
        upto = await on.client.follow("reader", upto)


async def a_commit_between_claim_and_page(on: Stage) -> None:
    """The projector stands at the end of the log, has claimed its checkpoint, and then somebody appends."""

    class Meanwhile(Feed):
        async def read(
            self, after: int, limit: int, connection: Connection | None = None, most_bytes: int | None = None
        ) -> Page:
            await on.client.append(_append(after + 10))
            return await super().read(after, limit, connection, most_bytes)

    projector = on.projector(on.pool, Meanwhile(on.pool, CODEC), [TALLY])
    await projector.start()
    await projector.turn()


async def a_death_between_rows_and_checkpoint(on: Stage) -> None:
    """The projector dies where its checkpoint moves."""
    await on.client.append(_append(1))
    await on.owner.execute(
        """
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'died'; END $$;
        CREATE TRIGGER dying BEFORE UPDATE OF position ON projections FOR EACH ROW EXECUTE FUNCTION die();
        """
    )
    projector = on.projector(on.pool, Feed(on.pool, CODEC), [TALLY])
    with suppress(asyncpg.RaiseError):
        await projector.start()
    await on.owner.execute("DROP FUNCTION die CASCADE")


async def a_zombie_writes_under_its_guard(on: Stage) -> None:
    """A run writes to a lead after the next launch has raised the fence of their campaign."""
    await on.client.append(_launch(1, epoch=1))
    await on.client.append(_launch(2, epoch=2))
    await on.client.append(_append(3, "lead", guard=Guard("campaign", 1)))


async def a_zombie_writes_to_its_campaign(on: Stage) -> None:
    """A run writes to its campaign after the next launch has raised the fence."""
    await on.client.append(_launch(1, epoch=1))
    await on.client.append(_launch(2, epoch=2))
    await on.client.append(_append(3, "campaign", epoch=1))


async def a_launch_between_a_zombies_check_and_its_write(on: Stage) -> None:
    """A guarded append has been checked, and waits for an append id that another takes and gives back."""
    disputed = UUID(int=5)
    await on.client.append(_launch(1, epoch=1))
    async with on.client.holding(_append(2, "other", append_id=disputed), commits=False):
        zombie = asyncio.create_task(
            _committed(on, _append(3, "lead", guard=Guard("campaign", 1), append_id=disputed))
        )
        await _ended_or_waiting(on, zombie, waiting=1)
        launch = asyncio.create_task(_committed(on, _launch(4, epoch=2)))
        await _ended_or_waiting(on, launch, waiting=2)
    await asyncio.gather(zombie, launch)


async def an_append_that_is_sent_again(on: Stage) -> None:
    """Its first answer was lost, so far as its sender knows."""
    again = _append(1, append_id=UUID(int=5))
    await on.client.append(again)
    await on.client.append(again)


def _append(
    number: int,
    stream: str = "s",
    *,
    expected: int | None = None,
    epoch: int | None = None,
    guard: Guard | None = None,
    append_id: UUID | None = None,
) -> Append:
    writes = (Write(stream=stream, numbers=(number,), expected=expected),)
    return Append(writes=writes, epoch=epoch, guard=guard, append_id=append_id)


def _launch(number: int, *, epoch: int) -> Append:
    return Append(writes=(Write(stream="campaign", numbers=(number,), raises=epoch),))


async def _committed(on: Stage, request: Append) -> None:
    """Append in a transaction of its own, beside those that travel together."""
    async with on.client.holding(request):
        pass


async def _ended_or_waiting(on: Stage, task: asyncio.Task[object], waiting: int) -> None:
    """Until the task has ended, or so many sessions of this database wait for locks."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not task.done() and await _waiting(on.owner) < waiting:
            await asyncio.sleep(0.005)


async def _waiting(owner: Connection) -> int:
    count: int = await owner.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return count


SCRIPTS: Final[dict[str, Script]] = {
    "no head lock": two_appends_with_one_expectation,
    "ON CONFLICT DO NOTHING on events": two_appends_with_one_expectation,
    "expectations are not checked": an_append_that_knows_an_old_version,
    "it is not noticed that expectations are not met": an_append_that_knows_an_old_version,
    "position > checkpoint reader": a_late_commit_of_a_lower_position,
    "no floor lock": a_late_commit_of_a_lower_position,
    "positions drawn in stock": appends_of_two_sessions_in_turn,
    "REPEATABLE READ reader": a_commit_between_claim_and_page,
    "checkpoint moved outside the transaction of its rows": a_death_between_rows_and_checkpoint,
    "missing epoch check of the guard": a_zombie_writes_under_its_guard,
    "it is not noticed that the guard's fence was raised": a_zombie_writes_under_its_guard,
    "missing epoch check of the streams written": a_zombie_writes_to_its_campaign,
    "it is not noticed that the fence of a stream written was raised": a_zombie_writes_to_its_campaign,
    "fences are not locked": a_launch_between_a_zombies_check_and_its_write,
    "append ids are not kept": an_append_that_is_sent_again,
}
"""The script in which each bug shows."""
