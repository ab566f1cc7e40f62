"""How much may be sent right now: the limits of a sender, of a campaign, and of a sender within a campaign.

Each of the three has an ``Allowance``. What is claimed is charged to all three; when one has nothing left it says when
it has again, and nobody needs to look before. Some actions of a sender have a ``Quota`` besides, over any seven days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain.schedule import OperatingHours, next_midnight, next_open, sending_day
from domain.sequence import Action

HOUR: Final = timedelta(hours=1)
WEEK: Final = timedelta(days=7)


class Allowance(Struct, frozen=True, kw_only=True):
    """What one of the three may still send.

    ``daily_limit`` None: no limit of its own. ``sent_today`` counts the sends of ``day``. Nothing is sent before
    ``next_free_at``.
    """

    daily_limit: int | None
    day: date
    sent_today: int
    next_free_at: datetime

    def left(self, now: datetime, at_most: int) -> int:
        """How many may be sent at ``now``, ``at_most`` if there is no limit."""
        if now < self.next_free_at:
            return 0
        if self.daily_limit is None:
            return at_most
        sent = self.sent_today if self.day == sending_day(now) else 0
        return max(0, min(at_most, self.daily_limit - sent))

    def charged(self, now: datetime) -> Allowance:
        """The allowance after one more send at ``now``; free again at midnight once the limit is met."""
        today = sending_day(now)
        sent = (self.sent_today if self.day == today else 0) + 1
        return replace(self, day=today, sent_today=sent).closed_until(now).settled(now)

    def settled(self, now: datetime) -> Allowance:
        """The allowance, closed until midnight if its limit is met: it may be lower than when it was last charged."""
        sent = self.sent_today if self.day == sending_day(now) else 0
        met = self.daily_limit is not None and sent >= self.daily_limit
        return self.closed_until(next_midnight(now)) if met else self

    def closed_until(self, instant: datetime) -> Allowance:
        """The allowance with nothing to send before ``instant``."""
        return replace(self, next_free_at=max(self.next_free_at, instant))


class Quota(Struct, frozen=True, kw_only=True):
    """What a sender may still do of one action within any seven days.

    ``done`` counts by the hour, which is named by its beginning: an hour counts until seven days after its end, so that
    no stretch of seven days, wherever it begins, ever holds more than ``weekly_limit``. Nothing is done before
    ``next_free_at``.
    """

    weekly_limit: int
    done: Mapping[datetime, int]
    next_free_at: datetime

    def left(self, now: datetime) -> int:
        """How many may be done at ``now``."""
        if now < self.next_free_at:
            return 0
        return max(
            0, self.weekly_limit - sum(n for hour, n in self.done.items() if now < _forgotten_at(hour))
        )

    def charged(self, now: datetime) -> Quota:
        """The quota after one more at ``now``."""
        hour = hour_of(now)
        return replace(self, done={**self.done, hour: self.done.get(hour, 0) + 1}).settled(now)

    def settled(self, now: datetime) -> Quota:
        """The quota, closed until an hour is forgotten if it is used up."""
        if self.left(now) or now < self.next_free_at:
            return self
        counted = sorted(
            _forgotten_at(hour) for hour, n in self.done.items() if n and now < _forgotten_at(hour)
        )
        return replace(self, next_free_at=counted[0]) if counted else self


class Gaps(Struct, frozen=True):
    """The least time between two sends of one sender: of mails, and of actions on LinkedIn."""

    email: timedelta = timedelta()
    linkedin: timedelta = timedelta()

    def after(self, action: Action) -> timedelta:
        """How long a sender rests after an action."""
        return self.email if action == "email" else self.linkedin


def hour_of(instant: datetime) -> datetime:
    """The beginning of the hour in which the instant lies, in UTC."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def within_hours(campaign: Allowance, hours: OperatingHours | None, now: datetime) -> Allowance:
    """The allowance of a campaign, closed until its operating hours begin if they have not."""
    opens_at = next_open(hours, now)
    return campaign.closed_until(opens_at) if opens_at > now else campaign


def after_gap(sender: Allowance, gap: timedelta, now: datetime) -> Allowance:
    """The allowance of a sender that has just sent: nothing before ``gap`` has passed."""
    return sender.closed_until(now + gap) if gap else sender


def _forgotten_at(hour: datetime) -> datetime:
    return hour + HOUR + WEEK
