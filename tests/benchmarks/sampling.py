"""Where time goes, seen from the database: what its sessions are doing is asked a hundred times a second."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from service.database.pool import Connection, connect_as_owner

PROGRAM: Final = "the program itself (no statement is running)"
_INTERVAL: Final = 0.01
_LABEL_LENGTH: Final = 64
_COMMENT: Final = re.compile(r"--[^\n]*\n")
# A session that waits for its client is not working: in the middle of a COPY it waits for the program's next rows.
_SESSIONS: Final = """
    SELECT query, state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' AS works
      FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@asynccontextmanager
async def sampled(dsn: str) -> AsyncIterator[Mapping[str, float]]:
    """Seconds by statement, as they add up while anybody else is connected.

    What is measured must run in another process: this one has to be free to look.
    """
    seconds = defaultdict[str, float](float)
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks: where time goes")
    looking = asyncio.create_task(_look(connection, seconds))
    try:
        yield seconds
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await connection.close()


async def _look(connection: Connection, seconds: defaultdict[str, float]) -> None:
    statement = await connection.prepare(_SESSIONS)
    before = time.perf_counter()
    while True:
        await asyncio.sleep(_INTERVAL)
        sessions = await statement.fetch()
        now = time.perf_counter()
        if sessions:
            running = [_label(row["query"]) for row in sessions if row["works"]] or [PROGRAM]
            for label in running:
                seconds[label] += (now - before) / len(running)
        before = now


def _label(query: str) -> str:
    """The beginning of a statement, in one line."""
    return " ".join(_COMMENT.sub(" ", query).split())[:_LABEL_LENGTH]
