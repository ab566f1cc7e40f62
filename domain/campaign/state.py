"""What is known of a campaign after its events: state, evolve, and the machine that says what is legal when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.campaign.events import (
    AttemptStatus,
    CampaignActivated,
    CampaignArchived,
    CampaignCompleted,
    CampaignCreated,
    CampaignDeleted,
    CampaignPaused,
    CampaignResumed,
    CampaignStopped,
    LaunchAccepted,
    LaunchRolledBack,
    LaunchScheduled,
    LaunchUnscheduled,
    LeadListRevised,
    PauseReason,
    Receipt,
    RollbackReason,
    RunStarted,
    ScheduledLaunchFailed,
    SequenceRevised,
    Settings,
    SettingsChanged,
    Status,
    Trigger,
)
from domain.event import Recorded
from domain.machine import Arrow, StatusMachine
from domain.sequence import Channel, Node

MACHINE: StatusMachine[Status, Trigger] = StatusMachine(
    "campaign",
    "draft",
    (
        Arrow("launch", "draft", "launching", "launch accepted (compare-and-swap on the stream version)"),
        Arrow("activate", "launching", "active", "the background run has prepared the sends"),
        Arrow(
            "roll_back", "launching", "draft", "resolution, dispatch or the run failed: compensating event"
        ),
        Arrow(
            "expire", "launching", "draft", "older than the stale window, run not alive: compensating event"
        ),
        Arrow("pause", "active", "paused", "pause, or the bounce guard (sets pause_reason)"),
        Arrow("resume", "paused", "active", "resume (completes at once when nothing is left to do)"),
        Arrow("complete", "active", "completed", "every lead is terminal"),
        Arrow("stop", "active", "stopped", "stop (final)"),
        Arrow("stop", "paused", "stopped", "stop (final)"),
        Arrow("archive", "draft", "archived", "archive"),
        Arrow("archive", "completed", "archived", "archive"),
        Arrow("archive", "stopped", "archived", "archive"),
    ),
)


class Attempt(Struct, frozen=True, kw_only=True):
    """One launch attempt and its background run; kept for good, whatever became of it."""

    epoch: int
    accepted_event: UUID
    accepted_at: datetime
    status: AttemptStatus = "queued"
    starts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: RollbackReason | None = None
    receipt: Receipt | None = None


class Campaign(Struct, frozen=True, kw_only=True):
    """What is known of a campaign after some prefix of its stream.

    ``leads_ever`` counts all leads ever added; it numbers the next one. ``total`` and ``skipped`` are those of the
    launch in force, None and 0 without one. ``launch_at``: when a draft is to be launched; until then it is frozen.
    """

    id: UUID
    channel: Channel
    status: Status
    settings: Settings
    nodes: tuple[Node, ...]
    created_at: datetime
    updated_at: datetime
    version: int
    lead_count: int = 0
    leads_ever: int = 0
    total: int | None = None
    skipped: int = 0
    launched_at: datetime | None = None
    pause_reason: PauseReason | None = None
    launch_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    deleted: bool = False

    @property
    def epoch(self) -> int:
        """The number of the latest launch attempt; 0 before the first."""
        return self.attempts[-1].epoch if self.attempts else 0

    def attempt(self, epoch: int) -> Attempt | None:
        """The launch attempt of that number."""
        return next((attempt for attempt in self.attempts if attempt.epoch == epoch), None)


def fold(history: Iterable[Recorded], campaign: Campaign | None = None) -> Campaign | None:
    """The campaign after ``history``, starting from ``campaign`` (None: from nothing)."""
    for recorded in history:
        campaign = evolve(campaign, recorded)
    return campaign


def evolve(campaign: Campaign | None, recorded: Recorded) -> Campaign | None:
    """The campaign after one more event. Total: an event that isn't the campaign's own changes nothing."""
    event, at = recorded.event, recorded.recorded_at
    if isinstance(event, CampaignCreated):
        return Campaign(
            id=event.campaign_id,
            channel=event.channel,
            status=MACHINE.initial,
            settings=event.settings,
            nodes=event.nodes,
            created_at=at,
            updated_at=at,
            version=recorded.version,
        )
    if campaign is None:
        return None
    return _apply(replace(campaign, version=recorded.version, updated_at=at), recorded)


def _apply(campaign: Campaign, recorded: Recorded) -> Campaign:
    event, at = recorded.event, recorded.recorded_at
    match event:
        case SettingsChanged(change=change):
            return replace(campaign, settings=replace(campaign.settings, **change.given()))
        case SequenceRevised(nodes=nodes):
            return replace(campaign, nodes=nodes)
        case LeadListRevised(added=added, removed=removed):
            count, ever = campaign.lead_count + added - removed, campaign.leads_ever + added
            return replace(campaign, lead_count=count, leads_ever=ever)
        case LaunchScheduled(launch_at=launch_at):
            return replace(campaign, launch_at=launch_at)
        case LaunchUnscheduled() | ScheduledLaunchFailed():
            return replace(campaign, launch_at=None)
        case LaunchAccepted(epoch=epoch, total=total, skipped=skipped, receipt=receipt):
            attempt = Attempt(epoch=epoch, accepted_event=recorded.event_id, accepted_at=at, receipt=receipt)
            begun = replace(campaign, total=total, skipped=skipped, launched_at=at, launch_at=None)
            return _moved(replace(begun, attempts=(*campaign.attempts, attempt)), "launch")
        case RunStarted(epoch=epoch, start=start):
            return _with_attempt(campaign, epoch, status="running", starts=start, started_at=at)
        case LaunchRolledBack(epoch=epoch, reason=reason):
            undone = replace(campaign, total=None, skipped=0, launched_at=None)
            ended = _with_attempt(undone, epoch, status="rolled_back", finished_at=at, error=reason)
            return _moved(ended, "expire" if reason == "stale" else "roll_back")
        case CampaignActivated(epoch=epoch):
            return _moved(_with_attempt(campaign, epoch, status="finished", finished_at=at), "activate")
        case CampaignPaused(reason=reason):
            return _moved(replace(campaign, pause_reason=reason), "pause")
        case CampaignResumed():
            return _moved(replace(campaign, pause_reason=None), "resume")
        case CampaignCompleted():
            return _moved(campaign, "complete")
        case CampaignStopped():
            return _moved(replace(campaign, pause_reason=None), "stop")
        case CampaignArchived():
            return _moved(campaign, "archive")
        case CampaignDeleted():
            return replace(campaign, deleted=True)
        case _:
            return campaign


def _moved(campaign: Campaign, trigger: Trigger) -> Campaign:
    return replace(campaign, status=MACHINE.target(trigger, campaign.status) or campaign.status)


def _with_attempt(campaign: Campaign, epoch: int, **changes: object) -> Campaign:
    attempts = tuple(
        replace(attempt, **changes) if attempt.epoch == epoch else attempt for attempt in campaign.attempts
    )
    return replace(campaign, attempts=attempts)
