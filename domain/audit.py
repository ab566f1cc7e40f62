"""The audit's own facts: who was handed the history, which keys vouch for it, where it began anew.

One stream per workspace.
"""

from __future__ import annotations

from datetime import datetime

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


class RestoreAccepted(Event, frozen=True, kw_only=True):
    """The database was set back to an earlier state of itself, and sending goes on from there all the same.

    ``position``: of the last event it had; what happened after it is unknown. ``backup_taken_at``: when the backup was
    taken that it was restored from, if that is how it was set back. ``size``, ``published_size``: how many events of
    the workspace were sealed here, and how many a checkpoint published before tells of, if one tells of more.
    """

    type = "restore-accepted"
    position: int
    backup_taken_at: datetime | None
    size: int | None
    published_size: int | None


EVENTS: tuple[type[Event], ...] = (AuditExported, AuditKeyRotated, RestoreAccepted)
