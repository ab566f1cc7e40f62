"""The run of a launch attempt, seen from outside: its id, its sign of life, and how far it has come."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from service.database.pool import Connection
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("runs.sql"))

_RUN_ID: Final = re.compile(r"run_([0-9a-f]{32})_([1-9][0-9]{0,9})", re.ASCII)


class Progress(Struct, frozen=True):
    """``count`` leads are enrolled, those up to the ordinal ``through`` (-1: none)."""

    count: int
    through: int


NOT_BEGUN: Final = Progress(0, -1)


def run_id(campaign_id: UUID, epoch: int) -> str:
    """The public id of a run: it is the launch attempt, so it says which."""
    return f"run_{campaign_id.hex}_{epoch}"


def parse_run_id(text: str) -> tuple[UUID, int] | None:
    """The campaign and launch attempt that a run id names; None when it is no run id."""
    found = _RUN_ID.fullmatch(text)
    return (UUID(hex=found[1]), int(found[2])) if found else None


class Runs:
    """The runs' own rows; every method joins the caller's transaction."""

    def __init__(self, dead_after: timedelta) -> None:
        """A run without a sign of life for ``dead_after`` is taken for dead."""
        self._dead_after = dead_after

    async def announce(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, epoch: int
    ) -> None:
        """The launch is accepted: its run is to come."""
        await _queries.announce(connection, workspace_id=workspace_id, campaign_id=campaign_id, epoch=epoch)

    async def take_up(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, epoch: int
    ) -> bool:
        """Whether no worker has had the run in its hands before; keeps that one has. It is no sign of life."""
        first: bool | None = await _queries.take_up(
            connection, workspace_id=workspace_id, campaign_id=campaign_id, epoch=epoch
        )
        return first is True

    async def beat(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, epoch: int, now: datetime
    ) -> None:
        """A sign of life."""
        await _queries.beat(
            connection, workspace_id=workspace_id, campaign_id=campaign_id, epoch=epoch, now=now
        )

    async def withdraw(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, epoch: int
    ) -> None:
        """The launch is rolled back: its run enrols nobody any more. To be called before streams are written."""
        await _queries.withdraw(connection, workspace_id=workspace_id, campaign_id=campaign_id, epoch=epoch)

    async def is_alive(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, epoch: int, now: datetime
    ) -> bool:
        """Whether the run gave a sign of life lately."""
        beat_at: datetime | None = await _queries.last_beat(
            connection, workspace_id=workspace_id, campaign_id=campaign_id, epoch=epoch
        )
        return beat_at is not None and now - beat_at <= self._dead_after

    async def advance(
        self,
        connection: Connection,
        workspace_id: UUID,
        campaign_id: UUID,
        epoch: int,
        before: Progress,
        after: Progress,
    ) -> bool:
        """Keep that the run has come from ``before`` to ``after``; False when it was elsewhere, and stays there.

        Whoever else enrols for it, or withdraws it, waits. To be called before streams are written.
        """
        advanced: bool | None = await _queries.advance(
            connection,
            workspace_id=workspace_id,
            campaign_id=campaign_id,
            epoch=epoch,
            before=before.count,
            before_through=before.through,
            after=after.count,
            after_through=after.through,
        )
        return advanced is True

    async def progress(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, epoch: int
    ) -> Progress | None:
        """How far the run has enrolled; None when it was withdrawn."""
        row = await _queries.progress(
            connection, workspace_id=workspace_id, campaign_id=campaign_id, epoch=epoch
        )
        return None if row is None else Progress(row["enrolled"], row["enrolled_through"])
