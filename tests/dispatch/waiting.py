"""Races are scripted: a test goes on when a session of its database is seen to wait for another."""

from __future__ import annotations

import asyncio
from typing import Final

from service.database.pool import Pool

_PATIENCE_SECONDS: Final = 20
_SOMEBODY_WAITS: Final = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
    )
"""


async def until_somebody_waits(pool: Pool) -> None:
    """Until a session waits for a lock of another."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await pool.fetchval(_SOMEBODY_WAITS):
            await asyncio.sleep(0.002)
