"""Which idempotent requests are running and which were answered: the table behind the Idempotency-Key.

A request is claimed before it runs. While it runs, its process renews the claim; the claim of a process that died
lapses within ``CLAIMED`` and may be taken over. Answers are sealed, for they may hold secrets, and are forgotten after
``KEPT``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from service.clock import Clock
from service.database.pool import Pool
from service.database.statements import statements
from service.ids import new_id
from service.vault import Sealer

KEPT: Final = timedelta(hours=24)
CLAIMED: Final = timedelta(seconds=30)
_ANSWERS_AT_ONCE: Final = 100
_PURPOSE: Final = "idempotent-answer"

_queries: Any = statements(Path(__file__).with_name("claims.sql"))


class RequestName(NamedTuple):
    """What a client means by "the same request": its workspace, and a digest of method, path and Idempotency-Key."""

    workspace_id: UUID
    digest: bytes


class Claim(NamedTuple):
    """The right to run a request, until it lapses."""

    request: RequestName
    claim_id: UUID


class Answer(Struct, frozen=True, array_like=True):
    """A response as it was sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class KeptAnswer(NamedTuple):
    """The answer to an earlier request, and the fingerprint of what that request said."""

    fingerprint: bytes
    answer: Answer


class Claims:
    """Claims requests for this process, keeps their answers and finds those of others."""

    def __init__(self, pool: Pool, sealer: Sealer, clock: Clock) -> None:
        self._pool = pool
        self._sealer = sealer
        self._clock = clock
        self._running: set[Claim] = set()

    async def claim(self, request: RequestName) -> Claim | None:
        """The right to run the request, or None when it is running elsewhere or was answered."""
        now = self._clock.now()
        claim = Claim(request, new_id())
        won = await _queries.claim_request(
            self._pool,
            workspace_id=request.workspace_id,
            request=request.digest,
            claim_id=claim.claim_id,
            claimed_until=now + CLAIMED,
            expires_at=now + KEPT,
            now=now,
        )
        return claim if won else None

    @asynccontextmanager
    async def running(self, claim: Claim) -> AsyncIterator[None]:
        """Keep the claim alive inside the ``with`` block; an exception gives it up, for a repetition to run."""
        self._running.add(claim)
        try:
            yield
        except BaseException:
            await self.release(claim)
            raise
        finally:
            self._running.discard(claim)

    async def renew(self) -> None:
        """Renew the claims of all requests running in this process; to be called well within ``CLAIMED``."""
        running = list(self._running)
        if running:
            await _queries.renew_claims(
                self._pool,
                workspaces=[claim.request.workspace_id for claim in running],
                requests=[claim.request.digest for claim in running],
                claims=[claim.claim_id for claim in running],
                claimed_until=self._clock.now() + CLAIMED,
            )

    async def keep(self, claim: Claim, fingerprint: bytes, answer: Answer) -> None:
        """Store the answer for those who ask again; nothing happens if the claim was taken over meanwhile."""
        sealed = self._sealer.seal_value(_PURPOSE, _place(claim.request), msgspec.msgpack.encode(answer))
        await _queries.keep_answer(
            self._pool,
            workspace_id=claim.request.workspace_id,
            request=claim.request.digest,
            claim_id=claim.claim_id,
            fingerprint=fingerprint,
            answer=sealed,
        )

    async def release(self, claim: Claim) -> None:
        """Give the claim up without an answer."""
        await _queries.release_claim(
            self._pool,
            workspace_id=claim.request.workspace_id,
            request=claim.request.digest,
            claim_id=claim.claim_id,
        )

    async def find(self, request: RequestName) -> KeptAnswer | None:
        """The answer to the first request; None while it is running."""
        row = await _queries.find_answer(
            self._pool, workspace_id=request.workspace_id, request=request.digest
        )
        if row is None or row["answer"] is None:
            return None
        return KeptAnswer(row["fingerprint"], self._open(request, row["answer"]))

    async def forget_about(self, workspace_id: UUID, words: Collection[str]) -> None:
        """Delete the answers in which one of these words stands. Who repeats such a request has it run once more."""
        wanted, after = [word.encode() for word in words], b""
        while True:
            rows = _queries.answers_after(
                self._pool, workspace_id=workspace_id, request=after, at_most=_ANSWERS_AT_ONCE
            )
            kept = {row["request"]: row["answer"] async for row in rows}
            if not kept:
                return
            found = [
                request
                for request, sealed in kept.items()
                if any(word in self._open(RequestName(workspace_id, request), sealed).body for word in wanted)
            ]
            await _queries.forget(self._pool, workspace_id=workspace_id, requests=found)
            after = max(kept)

    def _open(self, request: RequestName, sealed: bytes) -> Answer:
        answer = self._sealer.open_value(_PURPOSE, _place(request), sealed)
        return msgspec.msgpack.decode(answer, type=Answer)

    async def forget_expired(self) -> None:
        """Delete the answers whose day is over."""
        await _queries.forget_expired(self._pool, now=self._clock.now())


def _place(request: RequestName) -> bytes:
    """The row a sealed answer belongs to."""
    return request.workspace_id.bytes + request.digest
