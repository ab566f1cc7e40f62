"""``/api/workspace``: what holds for all campaigns of the workspace."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from service.access import Scope
from service.http.acting import acting
from service.http.operations import operation
from service.http.requests import ApiRequest
from service.workspaces.settings import Shown, WorkspaceSettings

_EXAMPLE: Final = {"postal_address": "Quieter Weeks Ltd\n1 Mill Lane\nBath", "require_postal_address": True}

PostalAddress = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"\S",
        description="Where the sender of the mails can be written to, on one or more lines.",
    ),
]


class WorkspaceView(Struct, frozen=True, kw_only=True):
    """The workspace's settings.

    With a `postal_address` every mail ends with it and with a line to unsubscribe. If `require_postal_address`, no
    e-mail campaign can be launched without one.
    """

    postal_address: PostalAddress | None
    require_postal_address: bool


class WorkspaceForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the workspace's settings: what is left out is as it was in the beginning."""

    postal_address: PostalAddress | None = None
    require_postal_address: bool = False


class OneWorkspace(Struct, frozen=True):
    """A workspace."""

    workspace: WorkspaceView


@get("/workspace", **operation("workspace.get", Scope.CAMPAIGNS_READ, answer={"workspace": _EXAMPLE}))
async def get_workspace(
    request: ApiRequest, workspace_settings: NamedDependency[WorkspaceSettings]
) -> OneWorkspace:
    """What holds for all campaigns of the workspace."""
    return _view(await workspace_settings.show(request.caller.workspace_id))


@put(
    "/workspace",
    **operation("workspace.update", Scope.SENDERS_WRITE, request=_EXAMPLE, answer={"workspace": _EXAMPLE}),
)
async def put_workspace(
    request: ApiRequest,
    workspace_settings: NamedDependency[WorkspaceSettings],
    data: JSONBody[WorkspaceForm],
) -> OneWorkspace:
    """Set all of it; mails that are sent from now on follow."""
    wanted = Shown(data.postal_address, data.require_postal_address)
    return _view(await workspace_settings.put(acting(request), wanted))


workspace_routes: Final[list[ControllerRouterHandler]] = [get_workspace, put_workspace]


def _view(shown: Shown) -> OneWorkspace:
    return OneWorkspace(WorkspaceView(**shown._asdict()))
