"""Suppression: people of a workspace who must not be written to any more. One stream per workspace."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.event import Event

SuppressionReason = Literal["unsubscribed", "hard-bounce"]


class PersonSuppressed(Event, frozen=True, kw_only=True):
    """Nothing more is sent to this person; ``person_id`` is the keyed digest of the identity."""

    type = "person-suppressed"
    person_id: UUID
    reason: SuppressionReason


def is_hard_bounce(code: int) -> bool:
    """Whether a refusal of a recipient means that the mailbox is no good for anybody (RFC 5321, 4.2.3; RFC 7504)."""
    return code in {550, 551, 553, 556}


EVENTS: tuple[type[Event], ...] = (PersonSuppressed,)
