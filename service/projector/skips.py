"""Events that can't be folded, left out by an operator's decision: of the running projection and of every replay.

The decision is an event of the workspace whose event is left out, and its reason a document in the vault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast
from uuid import UUID

import structlog
from msgspec import Struct

from domain import streams
from domain.read_models import ProjectionSkipped, ReadModel
from projections.catalogue import AnyProjection
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.ids import new_id
from service.store import appends
from service.store.appends import Append, Context, StreamWrite
from service.store.log import EventStore
from service.texts import Words, pack
from service.vault import Vault

Skipped: TypeAlias = Mapping[str, frozenset[int]]
"""By projection, the positions it leaves out."""

_log = structlog.get_logger(__name__)
_queries: Any = statements(Path(__file__).with_name("skips.sql"))


async def skipped(connection: Connection, projections: Iterable[AnyProjection]) -> Skipped:
    """What these projections leave out."""
    versions = {projection.name: projection.version for projection in projections}
    found: dict[str, set[int]] = {name: set() for name in versions}
    async for row in _queries.of(connection, names=list(versions), versions=list(versions.values())):
        found[row["name"]].add(row["position"])
    return {name: frozenset(positions) for name, positions in found.items()}


class NotStopped(Exception):
    """There is nothing to skip: the projection has not stopped at an event."""


class LeftOut(Struct, frozen=True):
    """An event that a projection goes on without."""

    position: int
    event_id: UUID


class Skipping:
    """Lets a projection that stopped go on behind the event it stopped at."""

    def __init__(self, store: EventStore, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock

    async def skip(self, projection: AnyProjection, reason: str, actor: str) -> LeftOut:
        """Leave the event out, and record who decided it and why; answers the event.

        Raises ``NotStopped``.
        """
        async with self._store.transaction() as connection:
            stopped = await _queries.stopped_at(connection, name=projection.name, version=projection.version)
            if stopped is None:
                raise NotStopped(
                    f"The projection '{projection.name}' has not stopped: there is nothing to skip."
                )
            await self._leave_out(connection, projection, stopped)
            await self._record(connection, projection, stopped, reason, actor)
        _log.warning(
            "projection_skipped",
            projection=projection.name,
            position=stopped["position"],
            event_id=str(stopped["event_id"]),
            actor=actor,
        )
        return LeftOut(stopped["position"], stopped["event_id"])

    async def _leave_out(self, connection: Connection, projection: AnyProjection, stopped: Any) -> None:
        named = {"name": projection.name, "version": projection.version, "position": stopped["position"]}
        await _queries.leave_out(
            connection, **named, workspace_id=stopped["workspace_id"], event_id=stopped["event_id"]
        )
        await _queries.go_on_behind(connection, **named)

    async def _record(
        self, connection: Connection, projection: AnyProjection, stopped: Any, reason: str, actor: str
    ) -> None:
        workspace_id: UUID = stopped["workspace_id"]
        event = ProjectionSkipped(
            projection=cast(ReadModel, projection.name),
            projection_version=projection.version,
            position=stopped["position"],
            event_id=stopped["event_id"],
            reason_id=await self._vault.seal(connection, workspace_id, workspace_id, pack(Words(reason))),
        )
        write = StreamWrite(stream=streams.projections(workspace_id), expected=appends.Any(), events=[event])
        context = Context(actor=actor, correlation_id=new_id(), recorded_at=self._clock.now())
        await self._store.append_in(
            connection, [Append(workspace_id=workspace_id, writes=[write], context=context)]
        )
