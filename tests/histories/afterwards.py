"""What there is in the end: the log as it lies in the table, and what the projection has applied."""

from __future__ import annotations

import json
from collections.abc import Iterable

from service.database.pool import Connection, Pool
from service.projector.runner import Projector
from service.store.feed import Feed
from tests.histories import tally
from tests.histories.history import Entry, History, Operation
from tests.store.events import CODEC


async def look(
    operations: Iterable[Operation], owner: Connection, pool: Pool, projector: type[Projector]
) -> History:
    """The history, once nobody appends any more; the projection catches up first."""
    working = projector(pool, Feed(pool, CODEC), [tally.TALLY])
    seen = await working.start()
    while seen:
        seen = await working.turn()
    rows = await owner.fetch("SELECT position, stream, version, payload FROM events ORDER BY position")
    log = tuple(
        Entry(
            position=row["position"],
            stream=row["stream"],
            version=row["version"],
            number=json.loads(row["payload"])["number"],
        )
        for row in rows
    )
    return History(operations=tuple(operations), log=log, applied=await tally.applied(owner))
