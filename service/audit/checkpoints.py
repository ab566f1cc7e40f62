"""The checkpoints that were made: signed promises that so many events amount to this root."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from service.database.pool import Pool
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("checkpoints.sql"))
MOST_IN_AN_EXPORT: Final = 100


class Checkpoint(Struct, frozen=True):
    """A checkpoint of a workspace's first ``size`` events. ``serial``: the order in which all were made."""

    workspace_id: UUID
    size: int
    serial: int
    note: str
    sealed_at: datetime


class Published(Struct, frozen=True):
    """A checkpoint somewhere outside: the workspace's first ``size`` events, in the words of the signed note."""

    workspace_id: UUID
    size: int
    note: str


class Checkpoints:
    """Reads the checkpoints of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self, workspace_id: UUID) -> Checkpoint | None:
        """The workspace's last one; None while nothing of it is sealed."""
        row = await _queries.newest(self._pool, workspace_id=workspace_id)
        return None if row is None else Checkpoint(**row)

    async def page(self, workspace_id: UUID, below: int | None, at_most: int) -> list[Checkpoint]:
        """The workspace's checkpoints of a size ``below`` (None: all), newest first."""
        rows = _queries.page(self._pool, workspace_id=workspace_id, below=below, at_most=at_most)
        return [Checkpoint(**row) async for row in rows]

    async def made_after(self, serial: int, at_most: int) -> list[Checkpoint]:
        """The next of all workspaces, in the order in which they were made."""
        return [
            Checkpoint(**row) async for row in _queries.made_after(self._pool, serial=serial, at_most=at_most)
        ]

    async def spread(self, workspace_id: UUID, upto: int) -> list[Checkpoint]:
        """The one of size ``upto`` and some before it, evenly spread, oldest first; every key's last is among them."""
        rows = _queries.spread(self._pool, workspace_id=workspace_id, upto=upto, most=MOST_IN_AN_EXPORT)
        return [Checkpoint(**row) async for row in rows]

    async def lacking(self, published: Iterable[Published]) -> list[Published]:
        """Those of them that were not made here, each once."""
        asked = list(dict.fromkeys(published))
        rows = _queries.held(
            self._pool,
            workspace_ids=[each.workspace_id for each in asked],
            sizes=[each.size for each in asked],
            notes=[each.note for each in asked],
        )
        held = {row["n"] async for row in rows}
        return [each for n, each in enumerate(asked, 1) if n not in held]
