"""What can happen to a campaign, and the values its events carry. Their shape is the storage format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from domain.bounce_guard import BounceEvidence
from domain.event import Event
from domain.lead.events import SkipReason
from domain.readiness import Checks
from domain.schedule import OperatingHours
from domain.sequence import Channel, Node

Status = Literal["draft", "launching", "active", "paused", "completed", "stopped", "archived"]
Trigger = Literal[
    "launch", "activate", "roll_back", "expire", "pause", "resume", "complete", "stop", "archive"
]
RollbackReason = Literal["resolution-failed", "dispatch-failed", "run-failed", "stale"]
PauseReason = Literal["requested", "bounce-guard"]
RefusedWrite = Literal["start", "enrol", "activate", "send"]
AttemptStatus = Literal["queued", "running", "finished", "rolled_back"]


class TextRef(Struct, frozen=True):
    """A text in the vault: its document, and the keyed digest of its content."""

    document_id: UUID
    digest: str


class AccountLimit(Struct, frozen=True):
    """At most ``daily_limit`` sends a day of this campaign through the sender ``account_id``."""

    account_id: UUID
    daily_limit: int


class Settings(Struct, frozen=True, kw_only=True):
    """What the user set on the campaign; every field has a rule in ``EDITABLE``."""

    name: TextRef
    signature: TextRef | None = None
    daily_limit: int | None = None
    account_limits: tuple[AccountLimit, ...] = ()
    operating_hours: OperatingHours | None = None
    stop_on_reply: bool = True
    open_tracking: bool = False
    skip_other_campaigns: bool = False
    sender_account_ids: tuple[UUID, ...] = ()


class SettingsChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New values of some settings; a field that is unset stays as it is."""

    name: TextRef | UnsetType = UNSET
    signature: TextRef | UnsetType | None = UNSET
    daily_limit: int | UnsetType | None = UNSET
    account_limits: tuple[AccountLimit, ...] | UnsetType = UNSET
    operating_hours: OperatingHours | UnsetType | None = UNSET
    stop_on_reply: bool | UnsetType = UNSET
    open_tracking: bool | UnsetType = UNSET
    skip_other_campaigns: bool | UnsetType = UNSET
    sender_account_ids: tuple[UUID, ...] | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value is not UNSET}


class Account(Struct, frozen=True):
    """A sender account as the launch found it: its status at that version of its stream."""

    id: UUID
    status: str
    version: int


class Receipt(Struct, frozen=True, kw_only=True):
    """What was launched. ``leads``, ``content``, ``senders`` and ``limits`` are digests; the rest is their evidence.

    How the digests are made, ``domain.campaign.receipt`` says. ``skipped`` counts the leads left out, by reason.
    """

    leads: str
    content: str
    senders: str
    limits: str
    checks: Checks
    accounts: tuple[Account, ...]
    skipped: dict[SkipReason, int]


class Obstacle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stood in the way of a launch: a blocker's code, and the sender, nodes or leads it is about."""

    code: str
    sender_id: UUID | None = None
    positions: tuple[int, ...] = ()
    reasons: dict[SkipReason, int] = {}


IN_OPERATION: frozenset[Status] = frozenset({"launching", "active", "paused"})
"""In which statuses a campaign may have something left to send: it needs its senders, and its people are spoken for."""

_DRAFT: frozenset[Status] = frozenset({"draft"})
_LIVE: frozenset[Status] = frozenset({"draft", "active", "paused"})

EDITABLE: Mapping[str, frozenset[Status]] = {
    "name": _LIVE,
    "operating_hours": _LIVE,
    "daily_limit": _LIVE,
    "account_limits": _LIVE,
    "skip_other_campaigns": _DRAFT,
    "stop_on_reply": _DRAFT,
    "open_tracking": _DRAFT,
    "signature": _DRAFT,
    "sender_account_ids": _DRAFT,
    "sequence_nodes": _DRAFT,
}
"""In which statuses a field may be changed."""


class CampaignCreated(Event, frozen=True, kw_only=True):
    """A draft was begun, with a seeded sequence."""

    type = "campaign-created"
    campaign_id: UUID
    channel: Channel
    settings: Settings
    nodes: tuple[Node, ...]


class SettingsChanged(Event, frozen=True, kw_only=True):
    """Some settings have new values."""

    type = "campaign-settings-changed"
    change: SettingsChange


class SequenceRevised(Event, frozen=True, kw_only=True):
    """The sequence is now this, in this order."""

    type = "campaign-sequence-revised"
    nodes: tuple[Node, ...]


class LeadListRevised(Event, frozen=True, kw_only=True):
    """Leads were added to, removed from or corrected in the draft; which ones is told by the roster's stream."""

    type = "campaign-lead-list-revised"
    added: int = 0
    removed: int = 0
    corrected: int = 0


class DraftsRevised(Event, frozen=True, kw_only=True):
    """Message drafts were written in the draft; which ones is told by the stream of its drafts."""

    type = "campaign-message-drafts-revised"
    written: int


class LaunchScheduled(Event, frozen=True, kw_only=True):
    """The draft is to be launched then, and must stay as it is until then; replaces what was scheduled before."""

    type = "campaign-launch-scheduled"
    launch_at: datetime


class LaunchUnscheduled(Event, frozen=True, kw_only=True):
    """The draft is to be launched at no time any more, and may be changed again."""

    type = "campaign-launch-unscheduled"


class ScheduledLaunchFailed(Event, frozen=True, kw_only=True):
    """The launch scheduled for ``launch_at`` was refused with ``code``; the draft may be changed again."""

    type = "campaign-scheduled-launch-failed"
    launch_at: datetime
    code: str
    obstacles: tuple[Obstacle, ...] = ()


class LaunchAccepted(Event, frozen=True, kw_only=True):
    """A launch won: ``total`` leads will be worked on, ``skipped`` were left out with their reasons.

    ``receipt`` says what exactly was launched; launches of before there were receipts have none.
    """

    type = "campaign-launch-accepted"
    epoch: int
    total: int
    skipped: int
    receipt: Receipt | None = None


class RunStarted(Event, frozen=True, kw_only=True):
    """A worker took up the run of ``epoch``, for the ``start``-th time (more than 1: after a crash)."""

    type = "campaign-run-started"
    epoch: int
    start: int


class LaunchRolledBack(Event, frozen=True, kw_only=True):
    """The launch of ``epoch`` is undone: compensates the events named, the campaign is a draft again."""

    type = "campaign-launch-rolled-back"
    epoch: int
    reason: RollbackReason
    compensates: tuple[UUID, ...]


class CampaignActivated(Event, frozen=True, kw_only=True):
    """The run of ``epoch`` has prepared the sends of ``prepared`` leads."""

    type = "campaign-activated"
    epoch: int
    prepared: int


class StaleWriteRefused(Event, frozen=True, kw_only=True):
    """A run of ``epoch`` tried to write after its launch was over; nothing of it was stored."""

    type = "campaign-stale-write-refused"
    epoch: int
    current_epoch: int
    write: RefusedWrite


class CampaignPaused(Event, frozen=True, kw_only=True):
    """No send is claimed from here on; ``evidence`` is what the bounce guard saw, if it was the guard.

    Before version 2 there was no guard.
    """

    type = "campaign-paused"
    schema = 2
    reason: PauseReason
    evidence: BounceEvidence | None = None


class CampaignResumed(Event, frozen=True, kw_only=True):
    """Sends are claimed again."""

    type = "campaign-resumed"


class CampaignCompleted(Event, frozen=True, kw_only=True):
    """Every lead is terminal."""

    type = "campaign-completed"


class CampaignStopped(Event, frozen=True, kw_only=True):
    """Ended by the user, for good; leads still open are cancelled."""

    type = "campaign-stopped"


class CampaignArchived(Event, frozen=True, kw_only=True):
    """Put away."""

    type = "campaign-archived"


class CampaignDeleted(Event, frozen=True, kw_only=True):
    """A draft was thrown away; its history remains."""

    type = "campaign-deleted"


EVENTS: tuple[type[Event], ...] = (
    CampaignCreated,
    SettingsChanged,
    SequenceRevised,
    LeadListRevised,
    DraftsRevised,
    LaunchScheduled,
    LaunchUnscheduled,
    ScheduledLaunchFailed,
    LaunchAccepted,
    RunStarted,
    LaunchRolledBack,
    CampaignActivated,
    StaleWriteRefused,
    CampaignPaused,
    CampaignResumed,
    CampaignCompleted,
    CampaignStopped,
    CampaignArchived,
    CampaignDeleted,
)
