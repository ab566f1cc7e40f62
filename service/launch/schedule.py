"""The table of scheduled launches: what each draft waits for, in step with the draft."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.campaign.state import Campaign
from service.database.pool import Connection
from service.database.statements import statements

_queries: Any = statements(Path(__file__).with_name("schedule.sql"))


class DueLaunch(Struct, frozen=True):
    """A launch whose time has come; ``tried_since`` is when it was first taken up."""

    workspace_id: UUID
    campaign_id: UUID
    launch_at: datetime
    tried_since: datetime


async def follow(connection: Connection, workspace_id: UUID, campaign: Campaign) -> None:
    """Let the table say what the campaign says. Joins the caller's transaction."""
    if campaign.launch_at is None:
        await _queries.clear_schedule(connection, workspace_id=workspace_id, campaign_id=campaign.id)
    else:
        await _queries.set_schedule(
            connection, workspace_id=workspace_id, campaign_id=campaign.id, launch_at=campaign.launch_at
        )


async def take_due(connection: Connection, now: datetime, try_again_at: datetime) -> DueLaunch | None:
    """A launch that is due, for the caller alone until ``try_again_at``; None when there is none."""
    row = await _queries.take_due(connection, now=now, try_again_at=try_again_at)
    return None if row is None else DueLaunch(*row.values())
