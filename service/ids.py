"""Where identifiers come from: UUIDv7 (RFC 9562), ordered by time, so that indexes grow at their end.

They are of the database driver's own class of UUIDs: a third of the work to make, and to send.
"""

from __future__ import annotations

from uuid import UUID

from asyncpg.pgproto import pgproto
from uuid_utils import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return id_of(uuid7().bytes)


def id_of(raw: bytes) -> UUID:
    """The identifier of these 16 bytes."""
    return pgproto.UUID(raw)
