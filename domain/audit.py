"""The audit's own facts: who was handed the history, and which keys vouch for it. One stream per workspace."""

from __future__ import annotations

from domain.event import Event


class AuditExported(Event, frozen=True, kw_only=True):
    """The events numbered ``first`` to ``last`` were exported, out of a sealed history of ``size`` events."""

    type = "audit-exported"
    size: int
    first: int
    last: int


class AuditKeyRotated(Event, frozen=True, kw_only=True):
    """From here on checkpoints are signed by the key number ``key``; ``public_key`` is its Ed25519 key, in hex."""

    type = "audit-key-rotated"
    key: int
    public_key: str


EVENTS: tuple[type[Event], ...] = (AuditExported, AuditKeyRotated)
