"""``/api/keys``: the API keys of a workspace."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from service.access import ApiKey, ApiKeys, NewKey, Scope
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.http.values import Time, in_utc


class KeyView(Struct, frozen=True, kw_only=True):
    """An API key, without its secret."""

    id: UUID
    name: str
    scopes: list[Scope]
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    last_used_at: Time | None


class CreateKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made. Without `expires_at` it lasts until it is revoked."""

    scopes: Annotated[set[Scope], Meta(min_length=1)]
    name: Annotated[str, Meta(max_length=200)] = ""
    expires_at: Time | None = None


class CreatedKey(Struct, frozen=True):
    """A new key. `secret` is shown this once and can't be had again."""

    key: KeyView
    secret: str


class KeyPage(Struct, frozen=True):
    """Keys, newest first; `next_cursor` is null on the last page."""

    keys: list[KeyView]
    next_cursor: str | None


_EXAMPLE: Final = {
    "id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41",
    "name": "nightly import",
    "scopes": ["campaigns:read", "campaigns:write"],
    "created_at": "2030-01-31T09:00:00Z",
    "expires_at": "2030-05-01T00:00:00Z",
    "revoked_at": None,
    "last_used_at": None,
}


@get(
    "/keys",
    **operation(
        "key.list",
        Scope.KEYS_WRITE,
        problems=["invalid-cursor"],
        answer={"keys": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_keys(
    request: ApiRequest,
    keys: NamedDependency[ApiKeys],
    cursors: NamedDependency[Cursors],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> KeyPage:
    """The keys of the workspace, newest first, revoked and expired ones too."""
    workspace_id = request.caller.workspace_id
    listing = f"keys:{workspace_id}"
    before = cursors.read(listing, cursor, UUID) if cursor else None
    found = await keys.page(workspace_id, before, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return KeyPage([_view(key) for key in shown], cursors.write(listing, shown[-1].id) if more else None)


@post(
    "/keys",
    **operation(
        "key.create",
        Scope.KEYS_WRITE,
        request={
            "name": "nightly import",
            "scopes": ["campaigns:read", "campaigns:write"],
            "expires_at": "2030-05-01T00:00:00Z",
        },
        answer={"key": _EXAMPLE, "secret": "pk_live_" + "0" * 64},
    ),
)
async def create_key(
    request: ApiRequest,
    keys: NamedDependency[ApiKeys],
    data: JSONBody[CreateKey],
) -> Response[CreatedKey]:
    """Make a key. It can have no scope that the key asking for it lacks."""
    for scope in sorted(data.scopes):
        request.caller.require(scope)
    expires_at = in_utc(data.expires_at, "expires_at") if data.expires_at else None
    new = NewKey(scopes=frozenset(data.scopes), name=data.name, expires_at=expires_at)
    issued = await keys.issue(request.caller.workspace_id, new)
    return Response(CreatedKey(_view(issued.key), issued.secret), headers={"Cache-Control": "no-store"})


@delete("/keys/{key_id:uuid}", **operation("key.delete", Scope.KEYS_WRITE))
async def delete_key(request: ApiRequest, keys: NamedDependency[ApiKeys], key_id: FromPath[UUID]) -> None:
    """Revoke a key for good: the next request with it is refused. Its entry in the list remains."""
    if not await keys.revoke(request.caller.workspace_id, key_id):
        raise Problem.not_found()


key_routes: Final[list[ControllerRouterHandler]] = [list_keys, create_key, delete_key]


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )
