"""Statements that are asked for at the same moment travel together, and each gets its own answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest

from service.database.convoy import LONGEST, Convoy
from service.database.pool import Pool, open_pool

ECHO: Final = "SELECT $1::int AS number, pg_current_xact_id()::text AS trip"
PART: Final = "SELECT 12 / $1::int AS parted"
DRAW: Final = "SELECT $1::int AS number, random() AS drawn"
SOMETIMES: Final = "SELECT 1 AS one WHERE $1::bool"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, max_size=4) as opened:
        yield opened


@pytest.fixture
def convoy(pool: Pool) -> Convoy:
    return Convoy(pool)


async def test_those_that_ask_at_once_travel_together_and_each_gets_its_own_answer(convoy: Convoy) -> None:
    count = 2 * LONGEST + 1
    rows = await asyncio.gather(*(convoy.fetchrow(ECHO, number) for number in range(count)))
    assert [row["number"] for row in rows] == list(range(count))
    assert sorted(Counter(row["trip"] for row in rows).values()) == [1, LONGEST, LONGEST]


async def test_those_that_ask_the_same_at_once_are_given_one_answer(convoy: Convoy) -> None:
    rows = await asyncio.gather(*(convoy.fetchrow(DRAW, number) for number in [1, 2] * LONGEST))
    assert [row["number"] for row in rows] == [1, 2] * LONGEST
    assert len({row["drawn"] for row in rows}) == 2


async def test_who_asks_the_same_later_is_given_a_later_answer(convoy: Convoy) -> None:
    earlier = asyncio.create_task(convoy.fetchrow(DRAW, 1))
    for _ in range(2):
        await asyncio.sleep(0)  # it has set out
    assert (await convoy.fetchrow(DRAW, 1))["drawn"] != (await earlier)["drawn"]


async def test_who_asks_later_travels_later(convoy: Convoy) -> None:
    first, second = await convoy.fetchrow(ECHO, 1), await convoy.fetchrow(ECHO, 2)
    assert first["trip"] != second["trip"]


async def test_other_statements_travel_apart(convoy: Convoy) -> None:
    echoed, parted = await asyncio.gather(convoy.fetchrow(ECHO, 1), convoy.fetchrow(PART, 3))
    assert (echoed["number"], parted["parted"]) == (1, 4)


async def test_what_was_committed_before_it_was_asked_for_is_seen(convoy: Convoy, pool: Pool) -> None:
    await pool.execute("INSERT INTO workspaces VALUES (gen_random_uuid(), 'before', now())")
    names = "SELECT count(*) AS n FROM workspaces WHERE name = $1"
    slow = asyncio.create_task(convoy.fetchrow("SELECT pg_sleep($1)", 0.2))
    rows = await asyncio.gather(*(convoy.fetchrow(names, name) for name in ("before", "after")))
    assert [row["n"] for row in rows] == [1, 0]
    await pool.execute("INSERT INTO workspaces VALUES (gen_random_uuid(), 'after', now())")
    assert (await convoy.fetchrow(names, "after"))["n"] == 1
    await slow


async def test_an_error_comes_to_all_that_travelled_with_it_and_to_nobody_else(convoy: Convoy) -> None:
    together = await asyncio.gather(*(convoy.fetchrow(PART, by) for by in (3, 0)), return_exceptions=True)
    assert all(isinstance(each, asyncpg.DivisionByZeroError) for each in together)
    assert (await convoy.fetchrow(PART, 3))["parted"] == 4


async def test_who_gives_up_takes_nobody_along(convoy: Convoy) -> None:
    staying, leaving, asking_the_same = (
        asyncio.create_task(convoy.fetchrow(ECHO, number)) for number in (1, 2, 2)
    )
    await asyncio.sleep(0)
    leaving.cancel()
    assert [(await each)["number"] for each in (staying, asking_the_same)] == [1, 2]
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_statement_without_an_answer_for_each_is_an_error_and_no_mixed_up_answer(
    convoy: Convoy,
) -> None:
    with pytest.raises(ValueError, match="asked 1 times, this answers with 0 rows"):
        await convoy.fetchrow(SOMETIMES, False)
