"""Breakers: senders whose sends fail one after the other are closed, however many workers see only some of it.

Failures are counted where outcomes are recorded, and nothing is claimed for a sender that has too many. That its status
says so, too, is seen to by housekeeping: a worker that dies in between takes nothing with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from domain.breaker import FAILURES_IN_A_ROW, counted
from domain.refusal import Refused
from service.caller import Caller
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.dispatch.due import Key
from service.ids import new_id
from service.senders.accounts import Accounts

_queries: Any = statements(Path(__file__).with_name("breakers.sql"))
_log = structlog.get_logger(__name__)

WORDS: Final = (
    f"{FAILURES_IN_A_ROW} sends in a row failed, so no more are tried. "
    "See to the cause, then verify the account."
)


async def count(connection: Connection, successes: Mapping[Key, Sequence[bool]]) -> None:
    """Count what became of the sends of these senders, in its order; the last locks that a transaction takes."""
    failing = [key for key, each in successes.items() if not all(each)]
    if failing:
        await _queries.begin(connection, **_columns(failing))
    held = _queries.hold(connection, **_columns(list(successes)))
    in_rows = {(row["workspace_id"], row["sender_id"]): row["in_row"] async for row in held}
    changed = {key: counted(in_row, successes[key]) for key, in_row in in_rows.items()}
    if changed != in_rows:
        await _queries.put(connection, **_columns(list(changed)), in_rows=list(changed.values()))


class Breakers:
    """Closes the senders whose breaker is open."""

    def __init__(self, pool: Pool, accounts: Accounts) -> None:
        self._pool = pool
        self._accounts = accounts

    async def round(self) -> None:
        """Look once at everything."""
        async with self._pool.acquire() as connection:
            rows = _queries.open_breakers(connection, failures=FAILURES_IN_A_ROW)
            found = [(row["workspace_id"], row["sender_id"]) async for row in rows]
        for workspace_id, sender_id in found:
            try:
                await self._accounts.record_failures(
                    Caller(workspace_id, "sweeper", new_id()), sender_id, WORDS
                )
            except Refused as refused:
                _log.info("sender_not_closed", sender_id=str(sender_id), code=refused.code)
            else:
                _log.warning("sender_closed_after_failures", sender_id=str(sender_id))


def _columns(keys: Sequence[Key]) -> dict[str, list[Any]]:
    return {
        "workspace_ids": [workspace_id for workspace_id, _ in keys],
        "sender_ids": [sender_id for _, sender_id in keys],
    }
