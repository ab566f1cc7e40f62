"""What people did on LinkedIn, as the dispatch wants to hear it. The provider's events and its lists both lead here."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from service.database.pool import Connection


class News(Protocol):
    """Hears of people: ``person_id`` is the keyed digest of their profile, as leads have it. They may be nobody's lead.

    Each method joins the caller's transaction, and changes nothing the second time.
    """

    async def connected(
        self,
        connection: Connection,
        workspace_id: UUID,
        sender_id: UUID,
        person_id: UUID,
        correlation_id: UUID,
    ) -> None:
        """The person and the sender's account are connected."""
        ...

    async def replied(
        self,
        connection: Connection,
        workspace_id: UUID,
        sender_id: UUID,
        person_id: UUID,
        correlation_id: UUID,
        words: str,
    ) -> None:
        """The person wrote to the sender's account; ``words`` are theirs, so they belong into the vault."""
        ...
