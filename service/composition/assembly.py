"""All parts of the service, on one database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any

from service.clock import Clock
from service.composition import parts
from service.database.pool import open_pool
from service.settings import Settings
from service.vault import MasterKey


@dataclass(frozen=True, kw_only=True)
class Liftoff(parts.Ground, parts.Launches, parts.Sending, parts.Desk, parts.Messages, parts.Auditing):
    """The parts that every role of the program shares."""


@asynccontextmanager
async def assembled(
    settings: Settings, dsn: str, master_key: MasterKey, clock: Clock
) -> AsyncIterator[Liftoff]:
    """The service's parts on a migrated database, until the end of the block.

    Raises ``DatabaseError``, and ``WrongMasterKey`` when the database belongs to another key.
    """
    pool = await open_pool(dsn, max_size=settings.database_pool_size)
    try:
        liftoff = assemble(parts.ground(settings, pool, master_key, clock))
        async with pool.acquire() as connection:
            await liftoff.vault.require_master_key(connection)
        yield liftoff
        await liftoff.store.close()
        if liftoff.linkedin is not None:
            await liftoff.linkedin.close()
    finally:
        await pool.close()


def assemble(on: parts.Ground) -> Liftoff:
    """The service's parts on this ground."""
    launches, messages = parts.launches(on), parts.messages(on)
    areas = (
        on,
        launches,
        messages,
        parts.sending(on, launches, messages),
        parts.desk(on),
        parts.auditing(on),
    )
    return Liftoff(**{name: part for area in areas for name, part in _named(area).items()})


def _named(area: Any) -> dict[str, Any]:
    """The parts of an area by their names."""
    return {field.name: getattr(area, field.name) for field in fields(area)}
