"""Statements that are asked for at the same moment travel together: one connection, one round trip for all of them.

What a small statement costs this process is mostly the way there: to take a connection, to send, to be woken up. Those
who ask the very same, as all requests with one key do, are given the same answer, which the database finds once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from itertools import chain
from typing import Final, TypeAlias

import asyncpg

from service.database.pool import Pool

LONGEST: Final = 8
"""More would save little, and while all travel in one convoy there is nothing else to be done."""

_Answer: TypeAlias = asyncio.Future[asyncpg.Record]
_Asked: TypeAlias = dict[tuple[Hashable, ...], list[_Answer]]
"""The answers that are waited for, by what was asked."""


class Convoy:
    """Takes statements as a pool does: those that only read, and answer with one row whatever they are asked.

    A statement sets out after all who share it asked for it, and sees what is committed when its own turn comes, so no
    answer is older than its question. Who asks in the same turn of the event loop goes along, and nobody waits for more
    to come: the busier the process, the longer its convoys. If one fails, all of its convoy do.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._gathering: dict[str, _Asked] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def fetchrow(self, statement: str, *arguments: Hashable) -> asyncpg.Record:
        """The row. Raises what asyncpg raises."""
        answer: _Answer = asyncio.get_running_loop().create_future()
        convoy = self._gathering.get(statement)
        if convoy is None or (len(convoy) == LONGEST and arguments not in convoy):
            convoy = self._set_out(statement)
        convoy.setdefault(arguments, []).append(answer)
        return await answer

    def _set_out(self, statement: str) -> _Asked:
        convoy = self._gathering[statement] = {}
        task = asyncio.create_task(self._travel(statement, convoy))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return convoy

    async def _travel(self, statement: str, convoy: _Asked) -> None:
        if self._gathering.get(statement) is convoy:
            del self._gathering[statement]
        try:
            rows = await self._pool.fetchmany(statement, list(convoy))
            if len(rows) != len(convoy):
                raise ValueError(
                    f"asked {len(convoy)} times, this answers with {len(rows)} rows: {statement}"
                )
        except Exception as error:
            for answer in chain.from_iterable(convoy.values()):
                if not answer.done():  # its caller has given up
                    answer.set_exception(error)
            return
        for row, shared in zip(rows, convoy.values(), strict=True):
            for answer in shared:
                if not answer.done():
                    answer.set_result(row)
