"""A log with nothing in it: cheaper than a new database, and possible for nobody but the owner of this one."""

from __future__ import annotations

from service.database.pool import Connection
from tests.histories import tally


async def wipe(owner: Connection) -> None:
    """Forget every event. The guards against just that are taken off and put back.

    Tables are locked in the order in which a projector and an append come to them, who may be under way.
    """
    await tally.set_up(owner)
    async with owner.transaction():
        await owner.execute(
            """
            LOCK TABLE projections, streams, appends, events;
            ALTER TABLE events DISABLE TRIGGER events_are_only_appended;
            ALTER TABLE appends DISABLE TRIGGER answers_are_only_appended;
            TRUNCATE events, appends, streams, projections, tallies;
            ALTER SEQUENCE event_positions RESTART;
            ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_only_appended;
            ALTER TABLE appends ENABLE ALWAYS TRIGGER answers_are_only_appended;
            """
        )
