"""Where identifiers come from: UUIDv7 (RFC 9562), ordered by time, so that indexes grow at their end."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7()
