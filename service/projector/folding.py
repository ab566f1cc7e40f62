"""Events folded into the tables of a projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from domain.event import Recorded
from projections.fold import Fold
from projections.projection import Fact, Projection, Row, State
from service.database.pool import Connection
from service.projector import tables


class Folding(Generic[State, Row, Fact]):
    """Folds into the tables at ``place``, in the transaction of ``connection``; what was taken counts once written.

    Raises what the projection raises for an event it can't fold, and what asyncpg raises; it is of no use after that.
    """

    def __init__(
        self, connection: Connection, projection: Projection[State, Row, Fact], place: str = tables.LIVE
    ) -> None:
        self._connection = connection
        self._place = place
        self._projection = projection
        self._fold = Fold(projection)

    def __len__(self) -> int:
        """How many things are in memory, at 1 to 2 kB each."""
        return len(self._fold)

    async def take(self, events: Sequence[Recorded]) -> None:
        """Fold the next events, in memory."""
        unknown = self._fold.expect(events)
        self._fold.admit(await tables.load(self._connection, self._projection, unknown, self._place))
        self._fold.apply()

    async def write(self) -> None:
        """Write all that has changed, or nothing of it, and forget it."""
        changes = self._fold.changes()
        if changes.outdated or changes.rows:
            async with self._connection.transaction():
                await tables.write(self._connection, self._projection, changes, self._place)
        self._fold = Fold(self._projection)
