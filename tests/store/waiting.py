"""Races are scripted, not hoped for: a test goes on when another connection is seen to wait."""

from __future__ import annotations

import asyncio

from service.database.pool import Connection

_PATIENCE_SECONDS = 20


async def until_blocked(observer: Connection, waiting: Connection) -> list[int]:
    """The server processes that ``waiting`` waits for, as soon as it waits for a lock of theirs."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            blockers: list[int] = await observer.fetchval(
                "SELECT pg_blocking_pids($1)", waiting.get_server_pid()
            )
            if blockers:
                return blockers
            await asyncio.sleep(0.002)
