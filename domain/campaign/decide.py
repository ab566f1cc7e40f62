"""What may be done to a campaign: commands in, events out, or a refusal that says why.

A command that changes nothing answers no events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never
from uuid import UUID

from msgspec import UNSET, Struct
from msgspec.structs import replace

from domain.bounce_guard import GuardRule, Tally, too_many_bounces
from domain.campaign.checks import check_settings
from domain.campaign.events import (
    EDITABLE,
    AccountLimit,
    CampaignActivated,
    CampaignArchived,
    CampaignCompleted,
    CampaignCreated,
    CampaignDeleted,
    CampaignPaused,
    CampaignResumed,
    CampaignStopped,
    DraftsRevised,
    LaunchAccepted,
    LaunchRolledBack,
    LeadListRevised,
    Obstacle,
    PauseReason,
    Receipt,
    RefusedWrite,
    RollbackReason,
    RunStarted,
    SequenceRevised,
    Settings,
    SettingsChange,
    SettingsChanged,
    StaleWriteRefused,
    Status,
    Trigger,
)
from domain.campaign.scheduling import fail, require_unscheduled, schedule, unschedule
from domain.campaign.state import MACHINE, Campaign
from domain.event import Event
from domain.refusal import FieldError, Refused
from domain.sequence import Channel, Node, replace_all, seed

# --- Commands ----------------------------------------------------------------------------------------------------


class Create(Struct, frozen=True, kw_only=True):
    """Begin a draft. ``senders`` tells the channel of each sender account the workspace has among those named."""

    campaign_id: UUID
    channel: Channel
    settings: Settings
    senders: Mapping[UUID, Channel]
    node_ids: tuple[UUID, UUID]


class Edit(Struct, frozen=True, kw_only=True):
    """Change settings, and the whole sequence if ``nodes`` is given."""

    change: SettingsChange
    nodes: tuple[Node, ...] | None = None
    senders: Mapping[UUID, Channel] = {}


class ReviseLeads(Struct, frozen=True, kw_only=True):
    """Change the lead list of a draft by so many leads."""

    added: int = 0
    removed: int = 0
    corrected: int = 0


class ReviseDrafts(Struct, frozen=True, kw_only=True):
    """Write so many message drafts in the draft."""

    written: int


class Launch(Struct, frozen=True, kw_only=True):
    """Launch the draft for ``total`` leads, leaving out ``skipped``; ``receipt`` says what was launched."""

    total: int
    skipped: int
    receipt: Receipt | None = None


class ScheduleLaunch(Struct, frozen=True, kw_only=True):
    """Launch the draft at ``launch_at``, and at no other time that was set before."""

    launch_at: datetime
    now: datetime


class UnscheduleLaunch(Struct, frozen=True):
    """Launch the draft at no time."""


class FailScheduledLaunch(Struct, frozen=True, kw_only=True):
    """The launch scheduled for ``launch_at`` was refused with ``code``."""

    launch_at: datetime
    code: str
    obstacles: tuple[Obstacle, ...] = ()


class StartRun(Struct, frozen=True, kw_only=True):
    """A worker takes up the run of ``epoch``; ``unrecorded``: so many died before they wrote that they did."""

    epoch: int
    unrecorded: int = 0


class Activate(Struct, frozen=True, kw_only=True):
    """The run of ``epoch`` has prepared ``prepared`` leads."""

    epoch: int
    prepared: int


class RollBack(Struct, frozen=True, kw_only=True):
    """Undo the launch of ``epoch``; ``compensates`` are the ids of the events that are undone."""

    epoch: int
    reason: RollbackReason
    compensates: tuple[UUID, ...]


class RecordRefusal(Struct, frozen=True, kw_only=True):
    """Keep that a write of the superseded ``epoch`` was refused."""

    epoch: int
    write: RefusedWrite


class Pause(Struct, frozen=True, kw_only=True):
    """Claim no more sends."""

    reason: PauseReason = "requested"


class Guard(Struct, frozen=True, kw_only=True):
    """Claim no more sends if too many of the campaign's bounce."""

    tally: Tally
    rule: GuardRule


class Resume(Struct, frozen=True, kw_only=True):
    """Claim sends again; completes at once when no lead has anything left to do."""

    something_left: bool


class Complete(Struct, frozen=True, kw_only=True):
    """End the campaign unless a lead has something left to do."""

    something_left: bool


class Stop(Struct, frozen=True):
    """End the campaign for good."""


class Archive(Struct, frozen=True):
    """Put the campaign away."""


class Delete(Struct, frozen=True):
    """Throw the draft away."""


Command: TypeAlias = (
    Edit
    | ReviseLeads
    | ReviseDrafts
    | Launch
    | ScheduleLaunch
    | UnscheduleLaunch
    | FailScheduledLaunch
    | StartRun
    | Activate
    | RollBack
    | RecordRefusal
    | Pause
    | Guard
    | Resume
    | Complete
    | Stop
    | Archive
    | Delete
)

# --- Decide ------------------------------------------------------------------------------------------------------

_STATUS_REFUSALS: Mapping[Trigger, tuple[str, str]] = {
    "activate": ("campaign-not-launching", "Only launching campaigns can be activated"),
    "roll_back": ("campaign-not-launching", "Only a launch in progress can be rolled back"),
    "expire": ("campaign-not-launching", "Only a launch in progress can be rolled back"),
    "pause": ("campaign-not-active", "Only active campaigns can be paused"),
    "resume": ("campaign-not-paused", "Only paused campaigns can be resumed"),
    "complete": ("campaign-not-active", "Only active campaigns can be completed"),
    "stop": ("campaign-not-running", "Only active or paused campaigns can be stopped"),
    "archive": ("campaign-not-ended", "Only draft, completed or stopped campaigns can be archived"),
}


def create(command: Create) -> tuple[Event, ...]:
    """The birth of a campaign. Raises ``Invalid`` for a limit out of range, a sender unknown or of the other type."""
    check_settings(command.settings, command.channel, command.senders)
    return (
        CampaignCreated(
            campaign_id=command.campaign_id,
            channel=command.channel,
            settings=command.settings,
            nodes=seed(command.channel, command.node_ids),
        ),
    )


def decide(campaign: Campaign, command: Command) -> tuple[Event, ...]:
    """The events that ``command`` leads to. Raises ``Refused`` (not now) or ``Invalid`` (never)."""
    if campaign.deleted:
        raise Refused("not-found", "The campaign was deleted.")
    match command:
        case Edit():
            return _edit(campaign, command)
        case ReviseLeads() | ReviseDrafts():
            require_draft(campaign)
            return _revise(command)
        case Launch():
            return _launch(campaign, command)
        case ScheduleLaunch() | UnscheduleLaunch() | FailScheduledLaunch():
            return _schedule(campaign, command)
        case StartRun(epoch=epoch, unrecorded=unrecorded):
            _require_current(campaign, epoch)
            return (RunStarted(epoch=epoch, start=max(campaign.attempts[-1].starts, unrecorded) + 1),)
        case Activate(epoch=epoch, prepared=prepared):
            _require_current(campaign, epoch)
            return (CampaignActivated(epoch=epoch, prepared=prepared),)
        case RollBack():
            _require("expire" if command.reason == "stale" else "roll_back", campaign)
            _require_current(campaign, command.epoch)
            return (
                LaunchRolledBack(epoch=command.epoch, reason=command.reason, compensates=command.compensates),
            )
        case RecordRefusal(epoch=epoch, write=write):
            return (StaleWriteRefused(epoch=epoch, current_epoch=campaign.epoch, write=write),)
        case Pause() | Guard():
            return _pause(campaign, command)
        case Resume(something_left=something_left):
            _require("resume", campaign)
            return (CampaignResumed(),) if something_left else (CampaignResumed(), CampaignCompleted())
        case Complete(something_left=something_left):
            _require("complete", campaign)
            return () if something_left else (CampaignCompleted(),)
        case Stop():
            _require("stop", campaign)
            return (CampaignStopped(),)
        case Archive():
            _require("archive", campaign)
            require_unscheduled(campaign)
            return (CampaignArchived(),)
        case Delete():
            require_draft(campaign)
            return (CampaignDeleted(),)
        case _:
            assert_never(command)


def require_draft(campaign: Campaign) -> None:
    """Raises ``Refused`` unless the campaign is a draft that may be changed: one that waits for its launch may not."""
    if campaign.status != "draft":
        raise Refused(
            "campaign-not-draft",
            f"The campaign is {campaign.status}; this is possible only while it is a draft.",
            {"campaign_status": campaign.status},
        )
    require_unscheduled(campaign)


def require_launchable(campaign: Campaign) -> None:
    """Raises ``Refused`` ``launch-in-progress`` or ``campaign-not-draft`` unless a launch is legal now."""
    if MACHINE.target("launch", campaign.status) is not None:
        return
    if campaign.status == "launching":
        raise Refused(
            "launch-in-progress",
            "A launch of this campaign is in progress; wait for it to become active.",
            {"started_at": campaign.attempts[-1].accepted_at, "epoch": campaign.epoch},
        )
    raise Refused(
        "campaign-not-draft",
        f"The campaign is {campaign.status}; only a draft can be launched.",
        {"campaign_status": campaign.status},
    )


def is_stale(campaign: Campaign, now: datetime, window: timedelta, run_is_alive: bool) -> bool:
    """Whether a launch in progress may be taken for dead: older than ``window``, and its run not alive."""
    if campaign.status != "launching" or run_is_alive:
        return False
    return now - campaign.attempts[-1].accepted_at > window


def _pause(campaign: Campaign, command: Pause | Guard) -> tuple[Event, ...]:
    if isinstance(command, Pause):
        _require("pause", campaign)
        return (CampaignPaused(reason=command.reason),)
    evidence = too_many_bounces(command.tally, command.rule)
    if evidence is None or MACHINE.target("pause", campaign.status) is None:
        return ()
    return (CampaignPaused(reason="bounce-guard", evidence=evidence),)


def _revise(command: ReviseLeads | ReviseDrafts) -> tuple[Event, ...]:
    if isinstance(command, ReviseDrafts):
        return (DraftsRevised(written=command.written),) if command.written else ()
    added, removed, corrected = command.added, command.removed, command.corrected
    changed = LeadListRevised(added=added, removed=removed, corrected=corrected)
    return (changed,) if added or removed or corrected else ()


def _launch(campaign: Campaign, command: Launch) -> tuple[Event, ...]:
    require_launchable(campaign)
    if command.total < 1:
        raise Refused("all-leads-skipped", "Every lead was left out, so there is nothing to send.")
    epoch, receipt = campaign.epoch + 1, command.receipt
    return (LaunchAccepted(epoch=epoch, total=command.total, skipped=command.skipped, receipt=receipt),)


def _schedule(
    campaign: Campaign, command: ScheduleLaunch | UnscheduleLaunch | FailScheduledLaunch
) -> tuple[Event, ...]:
    match command:
        case ScheduleLaunch(launch_at=launch_at, now=now):
            require_launchable(campaign)
            return schedule(campaign, launch_at, now)
        case UnscheduleLaunch():
            return unschedule(campaign)
        case FailScheduledLaunch(launch_at=launch_at, code=code, obstacles=obstacles):
            return fail(campaign, launch_at, code, obstacles)


def _edit(campaign: Campaign, command: Edit) -> tuple[Event, ...]:
    require_unscheduled(campaign)
    given = command.change.given()
    _require_editable(campaign.status, [*given, *(["sequence_nodes"] if command.nodes is not None else [])])
    given |= _limits_that_remain(campaign.settings, command.change)
    after = replace(campaign.settings, **given)
    senders = command.senders if command.change.sender_account_ids is not UNSET else None
    check_settings(after, campaign.channel, senders)
    nodes = campaign.nodes if command.nodes is None else replace_all(campaign.channel, command.nodes)
    really = {name: value for name, value in given.items() if value != getattr(campaign.settings, name)}
    events: list[Event] = [SettingsChanged(change=SettingsChange(**really))] if really else []
    if nodes != campaign.nodes:
        events.append(SequenceRevised(nodes=nodes))
    return tuple(events)


def _limits_that_remain(settings: Settings, change: SettingsChange) -> dict[str, tuple[AccountLimit, ...]]:
    """Who takes a sender account off the campaign takes its limit off, too, unless the limits are given anew."""
    if change.sender_account_ids is UNSET or change.account_limits is not UNSET:
        return {}
    kept = tuple(limit for limit in settings.account_limits if limit.account_id in change.sender_account_ids)
    return {"account_limits": kept}


def _require_editable(status: Status, fields: list[str]) -> None:
    frozen = [name for name in fields if status not in EDITABLE[name]]
    if not frozen:
        return
    errors = tuple(
        FieldError(name, f"'{name}' can't be changed while the campaign is {status}.") for name in frozen
    )
    message = " ".join(error.message for error in errors)
    raise Refused("field-not-editable", message, {"campaign_status": status}, errors)


def _require(trigger: Trigger, campaign: Campaign) -> None:
    if MACHINE.target(trigger, campaign.status) is None:
        code, message = _STATUS_REFUSALS[trigger]
        raise Refused(code, message, {"campaign_status": campaign.status})


def _require_current(campaign: Campaign, epoch: int) -> None:
    if campaign.status != "launching" or campaign.epoch != epoch:
        raise Refused(
            "epoch-superseded",
            f"The launch attempt {epoch} is over; nothing more of it is written.",
            {"epoch": epoch, "current_epoch": campaign.epoch},
        )
