"""How events move a campaign, as data."""

from __future__ import annotations

from typing import Final

from domain.campaign.events import (
    CampaignActivated,
    CampaignArchived,
    CampaignCompleted,
    CampaignCreated,
    CampaignPaused,
    CampaignResumed,
    CampaignStopped,
    LaunchAccepted,
    LaunchRolledBack,
    Status,
    Trigger,
)
from domain.campaign.state import MACHINE
from domain.lifecycle import Cause, Lifecycle

LIFECYCLE: Final[Lifecycle[Status, Trigger]] = Lifecycle(
    machine=MACHINE,
    births=(CampaignCreated,),
    causes=(
        Cause(LaunchAccepted, "launch", required=True),
        Cause(CampaignActivated, "activate", required=True),
        Cause(LaunchRolledBack, "expire", given={"reason": "stale"}, required=True),
        Cause(LaunchRolledBack, "roll_back", required=True),
        Cause(CampaignPaused, "pause", required=True),
        Cause(CampaignResumed, "resume", required=True),
        Cause(CampaignCompleted, "complete", required=True),
        Cause(CampaignStopped, "stop", required=True),
        Cause(CampaignArchived, "archive", required=True),
    ),
)
