"""On whose behalf the service acts: becomes the columns of every event that follows from it."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from service.clock import Clock
from service.store.appends import Context


class Caller(Struct, frozen=True):
    """Who asks (``key:<id>``, ``run_<id>``, ``worker``, ``sweeper``), in which workspace, within which request."""

    workspace_id: UUID
    actor: str
    correlation_id: UUID

    def context(self, clock: Clock, epoch: int | None = None, causation_id: UUID | None = None) -> Context:
        """What an append of this caller says of itself."""
        return Context(
            actor=self.actor,
            correlation_id=self.correlation_id,
            recorded_at=clock.now(),
            causation_id=causation_id,
            epoch=epoch,
        )
