"""So many requests per key and second, and no more: a token bucket for each key.

The buckets are in the memory of one process: behind N processes a key may make up to N times as many requests. The
limit protects the service from a client running wild; it is not an account of usage, and need not be exact.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from litestar.types import ASGIApp, HTTPScope, Receive, Send

from service.clock import Clock
from service.http.authentication import KeyHolder
from service.http.layers import Layer
from service.http.problems import Problem

_CROWD: Final = 10_000
_NO_WAIT: Final = timedelta()


class TokenBuckets:
    """A bucket of ``burst`` tokens per key, refilled by ``per_second``.

    It is kept as one value: the moment at which it is full again (the GCRA form of a token bucket).
    """

    def __init__(self, *, per_second: float, burst: int, clock: Clock) -> None:
        self._refill = timedelta(seconds=1 / per_second)
        self._capacity = burst * self._refill
        self._clock = clock
        self._full_at: dict[UUID, datetime] = {}
        self._crowd = _CROWD

    def take(self, key_id: UUID) -> timedelta:
        """Take a token from the key's bucket, or tell how long until there is one (then nothing is taken)."""
        now = self._clock.now()
        # A clock set back must not lock anybody out: no bucket can be further from full than empty.
        full_at = min(max(self._full_at.get(key_id, now), now), now + self._capacity) + self._refill
        wait = full_at - self._capacity - now
        if wait > _NO_WAIT:
            return wait
        self._full_at[key_id] = full_at
        if len(self._full_at) > self._crowd:
            self._forget_full(now)
        return _NO_WAIT

    def _forget_full(self, now: datetime) -> None:
        """A bucket that is full is like one never used. Looked for only when the buckets have doubled."""
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        self._crowd = max(_CROWD, 2 * len(self._full_at))


class RateLimit(Layer):
    """Refuses the requests of a key that asks too often. Stands behind the authentication."""

    def __init__(self, app: ASGIApp, buckets: TokenBuckets) -> None:
        super().__init__(app)
        self._buckets = buckets

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Raises ``Problem`` ``rate-limited``."""
        caller: KeyHolder | None = scope.get("auth")
        if caller is not None and (wait := self._buckets.take(caller.key_id)):
            seconds = math.ceil(wait.total_seconds())
            raise Problem(
                "rate-limited",
                f"This key has made too many requests; the next one is possible in {seconds} s.",
                members={"retry_after": seconds},
                headers={"Retry-After": str(seconds)},
            )
        await self.app(scope, receive, send)
