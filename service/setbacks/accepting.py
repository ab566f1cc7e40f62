"""Accepting that the database was set back: sending goes on from where it is, by the operator's decision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from msgspec import Struct

from domain import streams
from domain.audit import RestoreAccepted
from service.caller import Caller
from service.campaigns.lifecycle import Lifecycle
from service.clock import Clock
from service.database.pool import Pool
from service.database.statements import statements
from service.ids import new_id
from service.setbacks import marks
from service.setbacks.marks import Setback, Setbacks
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, StreamWrite
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("accepting.sql"))
_log = structlog.get_logger(__name__)
OPERATOR: Final = "operator"


class NotAcceptable(Exception):
    """There is nothing to accept, or not yet: the message says what to do."""


class Sending(Struct, frozen=True):
    """A campaign that goes on: how many leads have a step due by now, and how many sends were in flight."""

    workspace_id: UUID
    campaign_id: UUID
    status: Literal["active", "launching"]
    due: int
    in_flight: int


class Standing(Struct, frozen=True):
    """What is known: how the database was set back, the workspaces by name, and what would go on."""

    setbacks: Sequence[Setback]
    workspaces: dict[UUID, str]
    campaigns: Sequence[Sending]


class Accepting:
    """Says what is known, and accepts it."""

    def __init__(
        self, pool: Pool, store: EventStore, setbacks: Setbacks, lifecycle: Lifecycle, clock: Clock
    ) -> None:
        self._pool = pool
        self._store = store
        self._setbacks = setbacks
        self._lifecycle = lifecycle
        self._clock = clock

    async def standing(self) -> Standing:
        """What is known at this moment."""
        setbacks = await self._setbacks.unaccepted()
        async with self._pool.acquire() as connection:
            names = {row["workspace_id"]: row["name"] async for row in _queries.workspaces(connection)}
            rows = _queries.campaigns(connection, now=self._clock.now())
            return Standing(setbacks, names, [Sending(*row.values()) async for row in rows])

    async def pause_all(self) -> int:
        """Pause every campaign that would go on; answers how many. Raises ``NotAcceptable`` while one is launching."""
        campaigns = (await self.standing()).campaigns
        launching = [str(each.campaign_id) for each in campaigns if each.status == "launching"]
        if launching:
            raise NotAcceptable(
                f"A campaign that is being launched can't be paused yet ({', '.join(launching)}): start the service, "
                "which finishes or undoes the launch and sends nothing, and accept after that."
            )
        for each in campaigns:
            await self._lifecycle.pause(Caller(each.workspace_id, OPERATOR, new_id()), each.campaign_id)
        return len(campaigns)

    async def accept(self) -> None:
        """Let sending go on, and record that in the history of every workspace. Raises ``NotAcceptable``."""
        async with self._store.transaction() as connection:
            accepted = await marks.accept(connection, self._clock.now())
            if not accepted:
                raise NotAcceptable(
                    "There is nothing to accept: the database was not restored, or it was accepted."
                )
            workspaces = [row["workspace_id"] async for row in _queries.workspaces(connection)]
            await self._store.append_in(
                connection, [self._recorded(workspace_id, accepted) for workspace_id in workspaces]
            )
        _log.warning("restore_accepted", setbacks=len(accepted))

    def _recorded(self, workspace_id: UUID, accepted: Sequence[Setback]) -> Append:
        """The event of a workspace."""
        published = [each for each in accepted if each.workspace_id == workspace_id]
        furthest = max(published, key=lambda each: each.published_size or 0, default=None)
        backups = [each.backup_taken_at for each in accepted if each.backup_taken_at is not None]
        event = RestoreAccepted(
            position=min(each.position for each in accepted),
            backup_taken_at=max(backups, default=None),
            size=furthest.size if furthest else None,
            published_size=furthest.published_size if furthest else None,
        )
        write = StreamWrite(stream=streams.audit(workspace_id), expected=AnyVersion(), events=(event,))
        context = Caller(workspace_id, OPERATOR, new_id()).context(self._clock)
        return Append(workspace_id=workspace_id, writes=(write,), context=context)
