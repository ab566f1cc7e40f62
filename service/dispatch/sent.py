"""Mails that were sent: found by the id of the send, which their Message-ID is made from, or by who got them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch.due import Key

_queries: Any = statements(Path(__file__).with_name("sent.sql"))


class SentMail(Struct, frozen=True):
    """A send, to which lead it was, who the lead is, and by which sender account."""

    workspace_id: UUID
    lead_id: UUID
    campaign_id: UUID
    person_id: UUID
    sender_id: UUID
    send_id: UUID

    @property
    def lead(self) -> Key:
        """Which lead's stream tells of it."""
        return self.workspace_id, self.lead_id

    @property
    def campaign(self) -> Key:
        """Whose lead it is."""
        return self.workspace_id, self.campaign_id


async def first_of(connection: Connection, workspace_id: UUID, send_ids: Sequence[UUID]) -> SentMail | None:
    """The first of these sends that the workspace knows."""
    row = await _queries.sent(connection, workspace_id=workspace_id, send_ids=[str(id_) for id_ in send_ids])
    return None if row is None else SentMail(**row)


async def latest_to(
    connection: Connection, workspace_id: UUID, sender_id: UUID, person_id: UUID, at: datetime
) -> SentMail | None:
    """The latest send to the person through the sender account that began at that moment or before."""
    row = await _queries.latest_to(
        connection, workspace_id=workspace_id, sender_id=str(sender_id), person_id=person_id, at=at
    )
    return None if row is None else SentMail(**row)
