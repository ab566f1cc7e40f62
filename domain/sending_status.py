"""Why a sender account is sending for a campaign, or is not: one code, by the same rules that claims follow.

Where there are several reasons, the first of a fixed order is told: the campaign, its leads, the sender account, a
restored database, the engine, the operating hours, the daily limits, what is due, the weekly limits, the gap. (A
launch plans around hours and limits, so outside of them nothing is due either; they are the better answer.) Repaired
one by one, in that order, they end at ``healthy``: a claim at that moment would take something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from domain.campaign.events import PauseReason, Status
from domain.pacing import Allowance, Lane
from domain.quota import Quota
from domain.schedule import OperatingHours, is_open, next_midnight, next_open
from domain.sender.events import SenderStatus
from domain.sequence import Action

Code = Literal[
    "campaign_draft",
    "campaign_launching",
    "campaign_paused",
    "bounce_guard",
    "campaign_completed",
    "campaign_stopped",
    "campaign_archived",
    "no_leads_left",
    "sender_warming",
    "sender_error",
    "restored_not_accepted",
    "waiting_for_engine",
    "out_of_hours",
    "daily_limit_met",
    "sends_in_flight",
    "delay_not_elapsed",
    "awaiting_connection",
    "looking_for_trace",
    "weekly_limit_met",
    "gap_not_elapsed",
    "healthy",
]

SENTENCES: Final[Mapping[Code, str]] = {
    "campaign_draft": "The campaign is a draft: launch it.",
    "campaign_launching": "The launch is preparing the sends.",
    "campaign_paused": "The campaign is paused: resume it.",
    "bounce_guard": "The bounce guard paused the campaign: see to its addresses, then resume it.",
    "campaign_completed": "The campaign is completed: every lead is done.",
    "campaign_stopped": "The campaign was stopped for good.",
    "campaign_archived": "The campaign is archived.",
    "no_leads_left": "No lead of this sender account has anything left to do.",
    "sender_warming": "The sender account is not warmed up yet.",
    "sender_error": "The sender account does not work: verify it, or reconnect it.",
    "restored_not_accepted": "The database was restored: nothing is sent until the operator has accepted that.",
    "waiting_for_engine": "No worker gives a sign of life: start one, or wait for it to come back.",
    "out_of_hours": "It is outside of the campaign's operating hours.",
    "daily_limit_met": "A daily limit is met: of the sender account, of the campaign, or of the account in it.",
    "sends_in_flight": "What is due is being handed over at this moment.",
    "delay_not_elapsed": "Nothing is due: the next step is planned for later.",
    "awaiting_connection": "The leads that are left were invited, and have not accepted yet.",
    "looking_for_trace": "The outcome of the last sends is open: the provider is asked for a trace of them.",
    "weekly_limit_met": "The sender account has done all that its rolling limit of seven days allows.",
    "gap_not_elapsed": "The sender account rests between two sends.",
    "healthy": "It is sending.",
}

_OF_STATUS: Final[Mapping[Status, Code]] = {
    "draft": "campaign_draft",
    "launching": "campaign_launching",
    "paused": "campaign_paused",
    "completed": "campaign_completed",
    "stopped": "campaign_stopped",
    "archived": "campaign_archived",
}
_NOT_WARM: Final = frozenset[SenderStatus]({"pending", "warming"})


class SendingStatus(Struct, frozen=True):
    """The reason, and when it is known to end (None: not by itself, or nobody knows when)."""

    code: Code
    next_at: datetime | None = None


class Due(Struct, frozen=True, kw_only=True):
    """What a campaign's leads of one sender account have left to do.

    ``waiting``: for each action, when the first of its leads is due. ``connection_by``, ``trace_at``: when the first is
    given up that waits for a connection, and when the first trace is looked for. ``in_flight``: handed over just now.
    """

    waiting: Mapping[Action, datetime] = {}
    connection_by: datetime | None = None
    trace_at: datetime | None = None
    in_flight: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is left."""
        return not (self.waiting or self.connection_by or self.trace_at or self.in_flight)


class Situation(Struct, frozen=True, kw_only=True):
    """All that is known, at one moment, of a campaign and one of its sender accounts.

    ``sender_status`` None: the account was removed. ``usable``: its gate is open to claims. ``lane`` None: nothing was
    launched through it. ``set_back``: the database was restored to an earlier state, which nobody has accepted.
    ``launch_at``: when a draft is to be launched. ``engine_alive``: a worker gives signs of life.
    """

    campaign_status: Status
    pause_reason: PauseReason | None = None
    launch_at: datetime | None = None
    sender_status: SenderStatus | None
    usable: bool
    set_back: bool = False
    engine_alive: bool
    due: Due = Due()
    hours: OperatingHours | None = None
    lane: Lane | None = None
    quotas: Mapping[Action, Quota] = {}


def sending_status(situation: Situation, now: datetime) -> SendingStatus:
    """The first reason in the order, or ``healthy``."""
    found = (reason(situation, now) for reason in _REASONS)
    return next((status for status in found if status is not None), SendingStatus("healthy"))


def _campaign(situation: Situation, now: datetime) -> SendingStatus | None:
    if situation.campaign_status == "active":
        return None
    if situation.pause_reason == "bounce-guard":
        return SendingStatus("bounce_guard")
    return SendingStatus(_OF_STATUS[situation.campaign_status], situation.launch_at)


def _leads(situation: Situation, now: datetime) -> SendingStatus | None:
    return SendingStatus("no_leads_left") if situation.due.is_nothing else None


def _sender(situation: Situation, now: datetime) -> SendingStatus | None:
    if situation.usable and situation.lane is not None:
        return None
    return SendingStatus("sender_warming" if situation.sender_status in _NOT_WARM else "sender_error")


def _restored(situation: Situation, now: datetime) -> SendingStatus | None:
    return SendingStatus("restored_not_accepted") if situation.set_back else None


def _engine(situation: Situation, now: datetime) -> SendingStatus | None:
    return None if situation.engine_alive else SendingStatus("waiting_for_engine")


def _hours(situation: Situation, now: datetime) -> SendingStatus | None:
    if is_open(situation.hours, now):
        return None
    return SendingStatus("out_of_hours", next_open(situation.hours, now))


def _daily_limits(situation: Situation, now: datetime) -> SendingStatus | None:
    met = any(_is_met(allowance, now) for allowance in _allowances(situation))
    return SendingStatus("daily_limit_met", next_midnight(now)) if met else None


def _nothing_due(situation: Situation, now: datetime) -> SendingStatus | None:
    due = situation.due
    if _actions_due(due, now):
        return None
    if due.in_flight:
        return SendingStatus("sends_in_flight")
    if due.waiting:
        return SendingStatus("delay_not_elapsed", min(due.waiting.values()))
    if due.connection_by is not None:
        return SendingStatus("awaiting_connection", due.connection_by)
    return SendingStatus("looking_for_trace", due.trace_at)


def _weekly_limits(situation: Situation, now: datetime) -> SendingStatus | None:
    actions = _actions_due(situation.due, now)
    limited = [situation.quotas[action] for action in actions if action in situation.quotas]
    if len(limited) < len(actions) or any(quota.left(now) for quota in limited):
        return None
    return SendingStatus("weekly_limit_met", min(quota.free_at(now) for quota in limited))


def _gap(situation: Situation, now: datetime) -> SendingStatus | None:
    free_at = max(allowance.next_free_at for allowance in _allowances(situation))
    return SendingStatus("gap_not_elapsed", free_at) if free_at > now else None


_REASONS: Final[tuple[Callable[[Situation, datetime], SendingStatus | None], ...]] = (
    _campaign,
    _leads,
    _sender,
    _restored,
    _engine,
    _hours,
    _daily_limits,
    _nothing_due,
    _weekly_limits,
    _gap,
)


def _actions_due(due: Due, now: datetime) -> list[Action]:
    return [action for action, at in due.waiting.items() if at <= now]


def _allowances(situation: Situation) -> tuple[Allowance, ...]:
    lane = situation.lane
    if lane is None:  # told before as the sender account's trouble
        return ()
    return lane.sender, lane.campaign, lane.own


def _is_met(allowance: Allowance, now: datetime) -> bool:
    """Whether the limit of the day is met, gaps and hours aside."""
    return replace(allowance, next_free_at=datetime.min.replace(tzinfo=UTC)).left(now, 1) == 0
