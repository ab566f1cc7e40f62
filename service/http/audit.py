"""``/api/audit``: the signed checkpoints of a workspace's history."""

from __future__ import annotations

from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from service.access import Scope
from service.audit.checkpoints import Checkpoints
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.requests import ApiRequest
from service.http.values import Count, Time


class CheckpointView(Struct, frozen=True):
    """A promise that is never taken back: the first `size` events have the root that `note` signs (C2SP checkpoint)."""

    size: Count
    note: str
    sealed_at: Time


class CheckpointPage(Struct, frozen=True):
    """Checkpoints, newest first; `next_cursor` is null on the last page."""

    checkpoints: list[CheckpointView]
    next_cursor: str | None


_NOTE: Final = (
    "liftoff/01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41\n"
    "1234\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— liftoff/01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


@get(
    "/audit/checkpoints",
    **operation(
        "checkpoint.list",
        Scope.AUDIT_READ,
        problems=["invalid-cursor"],
        answer={
            "checkpoints": [{"size": 1234, "note": _NOTE, "sealed_at": "2030-01-31T09:00:00Z"}],
            "next_cursor": None,
        },
    ),
)
async def list_checkpoints(
    request: ApiRequest,
    checkpoints: NamedDependency[Checkpoints],
    cursors: NamedDependency[Cursors],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CheckpointPage:
    """The signed checkpoints of the workspace's history, newest first. Keep one, and no event before it can change."""
    workspace_id = request.caller.workspace_id
    listing = f"checkpoints:{workspace_id}"
    below = cursors.read(listing, cursor, int) if cursor else None
    found = await checkpoints.page(workspace_id, below, limit + 1)
    shown = [CheckpointView(each.size, each.note, each.sealed_at) for each in found[:limit]]
    more = len(found) > limit
    return CheckpointPage(shown, cursors.write(listing, shown[-1].size) if more else None)


audit_routes: Final[list[ControllerRouterHandler]] = [list_checkpoints]
