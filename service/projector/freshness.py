"""Waiting until a read model has seen a write, so that a client always sees its own.

All who wait in a process share one look at the checkpoints, every few milliseconds and only while somebody waits; a
projector in the same process tells at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from projections.catalogue import ALL, AnyProjection
from service.database.pool import OUTAGES, Pool
from service.projector import checkpoints

PATIENCE_SECONDS: Final = 2.0
POLL_SECONDS: Final = 0.005


class _Wait(Struct, eq=False):
    names: Collection[str]
    position: int
    is_over: asyncio.Future[bool]


class Freshness:
    """Knows how far the read models are."""

    def __init__(self, pool: Pool, projections: Sequence[AnyProjection] = ALL) -> None:
        self._pool = pool
        self._projections = projections
        self._positions: dict[str, int] = {}
        self._waits: list[_Wait] = []
        self._watch: asyncio.Task[None] | None = None

    async def reached(
        self, position: int, *projections: AnyProjection, patience: float = PATIENCE_SECONDS
    ) -> bool:
        """Wait until the tables of these ``projections`` hold all events up to ``position``.

        Answers False when they don't after ``patience`` seconds, or won't because one of them has stopped.
        Raises what asyncpg raises when the database can't be asked.
        """
        names = [projection.name for projection in projections]
        if self._have_reached(names, position):
            return True
        wait = _Wait(names, position, asyncio.get_running_loop().create_future())
        self._waits.append(wait)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_while_somebody_waits())
        try:
            async with asyncio.timeout(patience):
                return await wait.is_over
        except TimeoutError:
            return False
        finally:
            self._waits.remove(wait)

    def observe(self, positions: Mapping[str, int]) -> None:
        """Take note of positions that are committed."""
        for name, position in positions.items():
            self._positions[name] = max(position, self._positions.get(name, 0))
        for wait in self._open_waits():
            if self._have_reached(wait.names, wait.position):
                wait.is_over.set_result(True)

    def _have_reached(self, names: Collection[str], position: int) -> bool:
        return all(self._positions.get(name, 0) >= position for name in names)

    def _open_waits(self) -> list[_Wait]:
        return [wait for wait in self._waits if not wait.is_over.done()]

    async def _look_while_somebody_waits(self) -> None:
        while self._waits:
            try:
                async with self._pool.acquire() as connection:
                    found = await checkpoints.find(connection, self._projections)
            except OUTAGES as error:
                for wait in self._open_waits():
                    wait.is_over.set_exception(error)
                return
            self.observe({checkpoint.name: checkpoint.position for checkpoint in found})
            stopped = {checkpoint.name for checkpoint in found if checkpoint.poison is not None}
            for wait in self._open_waits():
                if not stopped.isdisjoint(wait.names):
                    wait.is_over.set_result(False)
            await asyncio.sleep(POLL_SECONDS)
