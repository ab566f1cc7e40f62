"""Workspaces: the tenants. Everything else in the database belongs to one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from service.clock import Clock
from service.database.pool import Pool
from service.database.statements import statements
from service.ids import new_id

_queries: Any = statements(Path(__file__).with_name("access.sql"))


class Workspaces:
    """The registry of workspaces."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def any(self) -> bool:
        """Whether there is a workspace at all."""
        exists: bool = await _queries.any_workspace(self._pool)
        return exists

    async def find(self, name: str) -> UUID | None:
        """The id of the workspace called ``name``; None when there is none."""
        workspace_id: UUID | None = await _queries.find_workspace(self._pool, name=name)
        return workspace_id

    async def take(self, name: str) -> UUID:
        """The id of the workspace called ``name`` (1 to 200 characters), made if it is new."""
        workspace_id: UUID = await _queries.take_workspace(
            self._pool, workspace_id=new_id(), name=name, created_at=self._clock.now()
        )
        return workspace_id
