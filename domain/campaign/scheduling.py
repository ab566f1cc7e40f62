"""A launch set for later: the draft is frozen until then, so that what was checked is what is launched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from domain.campaign.events import LaunchScheduled, LaunchUnscheduled, Obstacle, ScheduledLaunchFailed
from domain.campaign.state import Campaign
from domain.event import Event
from domain.refusal import FieldError, Invalid, Refused

FURTHEST_AHEAD: Final = timedelta(days=365)
UNDONE: Final = "launch-rolled-back"
"""The refusal of a launch that was accepted and taken back: it has used the schedule up already."""


def require_unscheduled(campaign: Campaign) -> None:
    """Raises ``Refused`` ``launch-scheduled`` for a draft that waits for its launch."""
    if campaign.launch_at is None:
        return
    time = campaign.launch_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise Refused(
        "launch-scheduled",
        f"The campaign is to be launched at {time} and stays as it is until then. "
        "Cancel the scheduled launch to change it.",
        {"launch_at": campaign.launch_at},
    )


def schedule(campaign: Campaign, launch_at: datetime, now: datetime) -> tuple[Event, ...]:
    """Launch at ``launch_at``; no news if that is the plan. Raises ``Invalid`` for a time past or too far ahead."""
    if launch_at <= now:
        raise Invalid(
            FieldError("launch_at", "This time is past: give one to come, or none to launch at once.")
        )
    if launch_at - now > FURTHEST_AHEAD:
        raise Invalid(
            FieldError("launch_at", f"A launch is scheduled at most {FURTHEST_AHEAD.days} days ahead.")
        )
    return () if campaign.launch_at == launch_at else (LaunchScheduled(launch_at=launch_at),)


def unschedule(campaign: Campaign) -> tuple[Event, ...]:
    """Launch at no time. Raises ``Refused`` ``no-scheduled-launch`` when none was set."""
    if campaign.launch_at is None:
        raise Refused(
            "no-scheduled-launch",
            f"No launch of this campaign is scheduled; it is {campaign.status}.",
            {"campaign_status": campaign.status},
        )
    return (LaunchUnscheduled(),)


def fail(
    campaign: Campaign, launch_at: datetime, code: str, obstacles: tuple[Obstacle, ...]
) -> tuple[Event, ...]:
    """The launch set for ``launch_at`` was refused; no news if it is set for another time by now, or for none."""
    undone = code == UNDONE and campaign.status == "draft" and campaign.launch_at is None
    if campaign.launch_at != launch_at and not undone:
        return ()
    return (ScheduledLaunchFailed(launch_at=launch_at, code=code, obstacles=obstacles),)
