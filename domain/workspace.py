"""What a workspace has decided for all of its campaigns: the postal address under its mails. Event, state, decide."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from domain.campaign.events import TextRef
from domain.event import Event, Recorded

# --- Events ----------------------------------------------------------------------------------------------------------


class WorkspaceChanged(Event, frozen=True, kw_only=True):
    """The workspace's settings are these from here on; ``postal_address`` names its document in the vault."""

    type = "workspace-changed"
    postal_address: TextRef | None
    require_postal_address: bool


EVENTS: tuple[type[Event], ...] = (WorkspaceChanged,)

# --- State -----------------------------------------------------------------------------------------------------------


class Workspace(Struct, frozen=True, kw_only=True):
    """A workspace's settings. ``require_postal_address``: without the address no e-mail campaign can be launched."""

    postal_address: TextRef | None = None
    require_postal_address: bool = False

    @property
    def lacks_postal_address(self) -> bool:
        """Whether the address is missing that the workspace requires."""
        return self.require_postal_address and self.postal_address is None


def fold(history: Iterable[Recorded]) -> Workspace:
    """The workspace after its history. Total: what is not a workspace's own changes nothing."""
    workspace = Workspace()
    for recorded in history:
        if isinstance(recorded.event, WorkspaceChanged):
            event = recorded.event
            workspace = Workspace(
                postal_address=event.postal_address, require_postal_address=event.require_postal_address
            )
    return workspace


# --- Decide ----------------------------------------------------------------------------------------------------------


def change(workspace: Workspace, wanted: Workspace) -> tuple[Event, ...]:
    """What makes the settings be ``wanted``; an address with the same words is the same address."""
    if _digest(workspace) == _digest(wanted) and (
        workspace.require_postal_address == wanted.require_postal_address
    ):
        return ()
    changed = WorkspaceChanged(
        postal_address=wanted.postal_address, require_postal_address=wanted.require_postal_address
    )
    return (changed,)


def _digest(workspace: Workspace) -> str | None:
    return None if workspace.postal_address is None else workspace.postal_address.digest
