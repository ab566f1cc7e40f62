"""API keys: what a client shows to be let in. Only the SHA-256 of a key's secret is ever stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from msgspec import Struct

from domain.refusal import FieldError, Invalid
from service.clock import Clock
from service.database.convoy import Convoy
from service.database.pool import Pool
from service.database.statements import statements
from service.ids import new_id

SECRET_PREFIX = "pk_live_"
_SECRET = re.compile(SECRET_PREFIX + "[0-9a-f]{64}")
_SECRET_BYTES = 32

_queries: Any = statements(Path(__file__).with_name("access.sql"))


class Scope(StrEnum):
    """What a key may be used for. None implies another."""

    CAMPAIGNS_READ = "campaigns:read"
    CAMPAIGNS_WRITE = "campaigns:write"
    CAMPAIGNS_LAUNCH = "campaigns:launch"
    SENDERS_WRITE = "senders:write"
    AUDIT_READ = "audit:read"
    KEYS_WRITE = "keys:write"


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key as it is stored: everything but its secret."""

    id: UUID
    workspace_id: UUID
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class NewKey(Struct, frozen=True, kw_only=True):
    """What a key is made of. Without ``expires_at`` it lasts until it is revoked."""

    scopes: frozenset[Scope]
    name: str = ""
    expires_at: datetime | None = None


class IssuedKey(NamedTuple):
    """A new key and its secret, which exists nowhere else from now on."""

    key: ApiKey
    secret: str


class KeyUse(NamedTuple):
    """That a key was used, and when last."""

    workspace_id: UUID
    key_id: UUID
    at: datetime


class ApiKeys:
    """The keys of all workspaces. A lookup is one indexed query and is never cached: revocation acts at once."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._convoy = Convoy(pool)
        self._clock = clock

    async def issue(self, workspace_id: UUID, new: NewKey) -> IssuedKey:
        """Make a key of the workspace; the answer is the only place its secret is ever found.

        Raises ``Invalid`` for a key that would be expired from the start.
        """
        now = self._clock.now()
        if new.expires_at is not None and new.expires_at <= now:
            raise Invalid(FieldError("expires_at", "This moment has passed."))
        secret = SECRET_PREFIX + secrets.token_hex(_SECRET_BYTES)
        key = ApiKey(
            id=new_id(),
            workspace_id=workspace_id,
            name=new.name,
            scopes=new.scopes,
            created_at=now,
            expires_at=new.expires_at,
        )
        await _queries.add_key(
            self._pool,
            workspace_id=workspace_id,
            key_id=key.id,
            name=key.name,
            secret_hash=_hash(secret),
            scopes=sorted(key.scopes),
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
        return IssuedKey(key, secret)

    async def find(self, secret: str) -> ApiKey | None:
        """The key with this secret, expired and revoked ones too; None when there never was one."""
        row = await self._convoy.fetchrow(_queries.find_key.sql, _hash(secret))
        return None if row["key_id"] is None else _key(row)

    async def page(self, workspace_id: UUID, before: UUID | None, size: int) -> list[ApiKey]:
        """Up to ``size`` keys of the workspace, newest first, those older than the key ``before``."""
        rows = _queries.list_keys(self._pool, workspace_id=workspace_id, before=before, size=size)
        return [_key(row) async for row in rows]

    async def revoke(self, workspace_id: UUID, key_id: UUID) -> bool:
        """Revoke a key for good, from the next request on; False when the workspace has no such key."""
        revoked = await _queries.revoke_key(
            self._pool, workspace_id=workspace_id, key_id=key_id, revoked_at=self._clock.now()
        )
        return revoked is not None

    async def record_uses(self, uses: Sequence[KeyUse]) -> None:
        """Note when keys were last used; a key noted less than a minute before is left as it is."""
        await _queries.record_uses(
            self._pool,
            workspaces=[use.workspace_id for use in uses],
            keys=[use.key_id for use in uses],
            times=[use.at for use in uses],
        )


def is_secret(text: str) -> bool:
    """Whether ``text`` has the form of a key's secret: ``pk_live_`` and 64 hex digits in lower case."""
    return _SECRET.fullmatch(text) is not None


def _hash(secret: str) -> bytes:
    # A plain hash is enough: a secret is 256 random bits, there is nothing to guess that a slow hash would protect.
    return hashlib.sha256(secret.encode()).digest()


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        id=row["key_id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        scopes=_scopes(*row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )


@lru_cache(maxsize=256)
def _scopes(*names: str) -> frozenset[Scope]:
    # Kept, for each request asks: to look up members of an enumeration takes as long as all the rest of the key.
    return frozenset(map(Scope, names))
