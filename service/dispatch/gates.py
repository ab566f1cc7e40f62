"""Gates: what a claim looks at before it takes anything, kept in step with the events they follow from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.campaign.events import IN_OPERATION
from domain.campaign.state import Campaign
from domain.readiness import READY_STATUS
from domain.sender.state import Sender
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch import quotas

_queries: Any = statements(Path(__file__).with_name("gates.sql"))

SLOTS = 1024
"""Senders are spread over so many slots, and the slots over the tick chains."""


class Gates:
    """Writes the gates. Every method joins the caller's transaction."""

    async def hold_campaign(self, connection: Connection, workspace_id: UUID, campaign_id: UUID) -> None:
        """Lock the campaign's gate, if it has one: to be called before its stream is written.

        Waits for claims under way, so once this transaction is committed nothing is claimed by what held before.
        """
        await _queries.hold_campaign(connection, workspace_id=workspace_id, campaign_id=campaign_id)

    async def set_campaign(self, connection: Connection, workspace_id: UUID, campaign: Campaign) -> None:
        """Let the campaign's gate and lanes say what its state says."""
        settings = campaign.settings
        hours = settings.operating_hours
        own_limits = {limit.account_id: limit.daily_limit for limit in settings.account_limits}
        await _queries.set_campaign(
            connection,
            workspace_id=workspace_id,
            campaign_id=campaign.id,
            status=campaign.status,
            epoch=campaign.epoch,
            operating_hours=None if hours is None else msgspec.json.encode(hours).decode(),
            daily_limit=settings.daily_limit,
            sender_ids=list(settings.sender_account_ids),
            daily_limits=[own_limits.get(sender_id) for sender_id in settings.sender_account_ids],
            at_most=len(settings.sender_account_ids),
        )

    async def set_sender(
        self, connection: Connection, workspace_id: UUID, sender: Sender, now: datetime
    ) -> None:
        """Let the sender's gate say what its state says."""
        usable = sender.status == READY_STATUS[sender.channel]
        if usable:
            await _queries.forget_failures(connection, workspace_id=workspace_id, sender_id=sender.id)
        await _queries.set_sender(
            connection,
            workspace_id=workspace_id,
            sender_id=sender.id,
            slot=slot_of(sender.id),
            usable=usable,
            daily_limit=sender.daily_limit,
            now=now,
        )
        await quotas.put(connection, workspace_id, sender.id, sender.weekly_limits)

    async def campaigns_sending(
        self, connection: Connection, workspace_id: UUID, sender_id: UUID
    ) -> list[UUID]:
        """The campaigns in operation that send through the sender account."""
        rows = _queries.campaigns_sending(
            connection, workspace_id=workspace_id, sender_id=sender_id, in_operation=list(IN_OPERATION)
        )
        return [row["campaign_id"] async for row in rows]

    async def drop_sender(self, connection: Connection, workspace_id: UUID, sender_id: UUID) -> None:
        """Take the sender's gate and lanes away.

        Raises ``asyncpg.ForeignKeyViolationError`` while a campaign sends through it, or is just being launched.
        """
        await _queries.drop_idle_lanes(
            connection, workspace_id=workspace_id, sender_id=sender_id, in_operation=list(IN_OPERATION)
        )
        await _queries.drop_sender(connection, workspace_id=workspace_id, sender_id=sender_id)

    async def something_left(self, connection: Connection, workspace_id: UUID, campaign_id: UUID) -> bool:
        """Whether any lead of the campaign has something left to do."""
        left: bool = await _queries.something_left(
            connection, workspace_id=workspace_id, campaign_id=campaign_id
        )
        return left

    async def in_flight(self, connection: Connection, workspace_id: UUID, campaign_id: UUID) -> int:
        """How many sends of the campaign were handed to a provider and have no outcome yet."""
        count: int = await _queries.in_flight(connection, workspace_id=workspace_id, campaign_id=campaign_id)
        return count

    async def withdraw(self, connection: Connection, workspace_id: UUID, campaign_id: UUID) -> None:
        """Take back what a launch planned: it is rolled back."""
        await _queries.withdraw(connection, workspace_id=workspace_id, campaign_id=campaign_id)


def slot_of(sender_id: UUID) -> int:
    """Where a sender stands among the ``SLOTS``; the last bytes of a UUIDv7 are random."""
    return int.from_bytes(sender_id.bytes[-4:]) % SLOTS
