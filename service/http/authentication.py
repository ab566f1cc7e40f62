"""Who asks, and may they: an API key at the door of ``/api``, and the scope that each route declares."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Receive, Send
from litestar.types import Scope as AsgiScope
from litestar.utils.path import normalize_path
from msgspec import Struct

from service.access.keys import ApiKey, ApiKeys, Scope, is_secret
from service.access.uses import KeyUses
from service.clock import Clock
from service.http.layers import Layer
from service.http.operations import operation_of
from service.http.problems import Problem
from service.logging import bound

API: Final = "/api"
INBOUND: Final = "/api/inbound"
"""The one address under ``/api`` that is for programs without a key: what they deliver there is signed."""
_SCHEME: Final = "bearer"


class KeyHolder(Struct, frozen=True):
    """Who asks: the holder of a key, for its workspace and within its scopes."""

    workspace_id: UUID
    key_id: UUID
    scopes: frozenset[Scope]

    @property
    def actor(self) -> str:
        """The holder as the event log names it."""
        return f"key:{self.key_id}"

    def require(self, needed: Scope) -> None:
        """Raises ``Problem`` ``missing-scope`` unless the key has the scope."""
        if needed not in self.scopes:
            raise Problem(
                "missing-scope",
                f"This needs a key with the scope {needed.value}, which yours does not have.",
                members={"scope": needed.value},
            )


class Authentication(Layer):
    """Lets nobody past ``/api`` without a valid key, not even to learn that an address does not exist."""

    def __init__(self, app: ASGIApp, keys: ApiKeys, uses: KeyUses, clock: Clock) -> None:
        super().__init__(app)
        self._keys = keys
        self._uses = uses
        self._clock = clock

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Put the ``KeyHolder`` into ``scope["auth"]``. Raises ``Problem`` ``unauthorized``."""
        if not _is_api(scope["path"]):
            await self.app(scope, receive, send)
            return
        caller = await self._authenticate(scope)
        scope["auth"] = caller
        with bound(workspace_id=caller.workspace_id, key_id=caller.key_id):
            await self.app(scope, receive, send)

    async def _authenticate(self, scope: HTTPScope) -> KeyHolder:
        now = self._clock.now()
        key = _valid(await self._keys.find(_presented_secret(scope)), now)
        self._uses.note(key, now)
        return KeyHolder(key.workspace_id, key.id, key.scopes)


class RequiredScope(ASGIMiddleware):
    """Checks the scope that a route's operation declares, before anything else of the route runs."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: AsgiScope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises ``Problem`` ``missing-scope``."""
        if declared := operation_of(scope):
            caller: KeyHolder | None = scope.get("auth")
            if caller is None:  # only if the router and the door ever disagree on what lies under /api
                raise _unauthorized("This needs an API key.")
            caller.require(declared.scope)
        await next_app(scope, receive, send)


def _is_api(path: str) -> bool:
    # Normalised as the router does it, so that //api/… is no way around the door.
    normal = normalize_path(path)
    return normal != INBOUND and (normal == API or normal.startswith(f"{API}/"))


def _presented_secret(scope: HTTPScope) -> str:
    header = next((value for name, value in scope["headers"] if name == b"authorization"), None)
    if header is None:
        raise _unauthorized("The request has no Authorization header.")
    scheme, _, secret = header.decode("latin-1").strip().partition(" ")
    if scheme.lower() != _SCHEME or not is_secret(secret.strip()):
        raise _unauthorized(
            "The Authorization header is not of the form 'Bearer pk_live_' and 64 hex digits."
        )
    return secret.strip()


def _valid(key: ApiKey | None, now: datetime) -> ApiKey:
    if key is None:
        raise _unauthorized("There is no such API key.")
    if key.revoked_at is not None:
        raise _unauthorized("This API key was revoked.")
    if key.expires_at is not None and key.expires_at <= now:
        raise _unauthorized("This API key has expired.")
    return key


def _unauthorized(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
