"""When a key was last used: noticed in passing by each request, written down later and seldom."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from service.access.keys import ApiKey, ApiKeys, KeyUse

GRANULARITY = timedelta(minutes=1)


class KeyUses:
    """Collects the uses of keys in memory, so that no request waits for a write.

    A crash loses the uses of the last moments; the next use of the key makes up for it.
    """

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys
        self._pending: dict[UUID, KeyUse] = {}

    def note(self, key: ApiKey, now: datetime) -> None:
        """``key`` is being used; forgotten when the stored time is less than a minute old."""
        if key.last_used_at is None or now - key.last_used_at >= GRANULARITY:
            self._pending[key.id] = KeyUse(key.workspace_id, key.id, now)

    async def write(self) -> None:
        """Store what was noted since the last call."""
        pending, self._pending = self._pending, {}
        if pending:
            await self._keys.record_uses(list(pending.values()))
