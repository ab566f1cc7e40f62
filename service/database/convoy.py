"""Statements that are asked for at the same moment travel together: one connection, one round trip for all of them.

What a small statement costs this process is mostly the way there: to take a connection, to send, to be woken up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg
from msgspec import Struct

from service.database.pool import Pool

LONGEST: Final = 8
"""More would save little, and while all travel in one convoy there is nothing else to be done."""


class _Asked(Struct, eq=False):
    arguments: Sequence[object]
    answer: asyncio.Future[asyncpg.Record]


class Convoy:
    """Takes statements as a pool does: those that only read, and answer with one row whatever they are asked.

    A statement sets out after it was asked for, and sees what is committed when its own turn comes, so no answer is
    older than its question. Who asks in the same turn of the event loop goes along, and nobody waits for more to come:
    the busier the process, the longer its convoys. If one fails, all of its convoy do.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._gathering: dict[str, list[_Asked]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def fetchrow(self, statement: str, *arguments: object) -> asyncpg.Record:
        """The row. Raises what asyncpg raises."""
        asked = _Asked(arguments, asyncio.get_running_loop().create_future())
        convoy = self._gathering.get(statement)
        if convoy is None or len(convoy) == LONGEST:
            convoy = self._gathering[statement] = []
            task = asyncio.create_task(self._travel(statement, convoy))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        convoy.append(asked)
        return await asked.answer

    async def _travel(self, statement: str, convoy: Sequence[_Asked]) -> None:
        if self._gathering.get(statement) is convoy:
            del self._gathering[statement]
        try:
            rows = await self._pool.fetchmany(statement, [asked.arguments for asked in convoy])
            if len(rows) != len(convoy):
                raise ValueError(
                    f"asked {len(convoy)} times, this answers with {len(rows)} rows: {statement}"
                )
        except Exception as error:
            for asked in convoy:
                if not asked.answer.done():  # its caller has given up
                    asked.answer.set_exception(error)
            return
        for asked, row in zip(convoy, rows, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(row)
