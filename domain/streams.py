"""The names of streams: whose facts stand where."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec

CAMPAIGN: Final = "campaign-"
ROSTER: Final = "roster-"
LEAD: Final = "lead-"
SENDER: Final = "sender-"
SUPPRESSIONS: Final = "suppressions-"
AUDIT: Final = "audit-"
CREDITS: Final = "credits-"
DRAFTS: Final = "drafts-"
PROJECTIONS: Final = "projections-"
WORKSPACE: Final = "workspace-"


def campaign(campaign_id: UUID) -> str:
    """The campaign's own facts."""
    return f"{CAMPAIGN}{campaign_id}"


def roster(campaign_id: UUID) -> str:
    """Facts about many of the campaign's leads at once."""
    return f"{ROSTER}{campaign_id}"


def lead(lead_id: UUID) -> str:
    """What happens to one lead once sending starts."""
    return f"{LEAD}{lead_id}"


def sender(sender_id: UUID) -> str:
    """The sender account's facts."""
    return f"{SENDER}{sender_id}"


def suppressions(workspace_id: UUID) -> str:
    """Who must not be written to in this workspace."""
    return f"{SUPPRESSIONS}{workspace_id}"


def audit(workspace_id: UUID) -> str:
    """What was done with the workspace's sealed history."""
    return f"{AUDIT}{workspace_id}"


def credits(workspace_id: UUID) -> str:
    """The workspace's ledger of credits."""
    return f"{CREDITS}{workspace_id}"


def drafts(campaign_id: UUID) -> str:
    """Which message drafts the campaign has, for whom and for which node."""
    return f"{DRAFTS}{campaign_id}"


def projections(workspace_id: UUID) -> str:
    """What the read models leave out of the workspace's history."""
    return f"{PROJECTIONS}{workspace_id}"


def workspace(workspace_id: UUID) -> str:
    """What the workspace has decided for all of its campaigns."""
    return f"{WORKSPACE}{workspace_id}"


@lru_cache(maxsize=4096)
def subject(stream: str) -> UUID:
    """The id of what the stream is about. Remembered: the next events of a stream are often close by."""
    return msgspec.convert(stream.partition("-")[2], UUID)
