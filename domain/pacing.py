"""How much may be sent right now: the limits of a sender, of a campaign, and of a sender within a campaign.

Each of the three has an ``Allowance``. What is claimed is charged to all three; when one has nothing left it says when
it has again, and nobody needs to look before. The claim and the forecast count by the same ``Lane``. Some actions of a
sender have a ``Quota`` besides (``domain.quota``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.schedule import OperatingHours, next_midnight, next_open, sending_day
from domain.sequence import Action


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
        return max(0, min(at_most, self.daily_limit - self.sent_on(now)))

    def sent_on(self, now: datetime) -> int:
        """How many were sent on the sending day of ``now``."""
        return self.sent_today if self.day == sending_day(now) else 0

    def charged(self, now: datetime) -> Allowance:
        """The allowance after one more send at ``now``; free again at midnight once the limit is met."""
        sent = self.sent_on(now) + 1
        free_at = next_midnight(now) if self._is_met(sent) else now
        return Allowance(
            daily_limit=self.daily_limit,
            day=sending_day(now),
            sent_today=sent,
            next_free_at=max(self.next_free_at, free_at),
        )

    def settled(self, now: datetime) -> Allowance:
        """The allowance, closed until midnight if its limit is met: it may be lower than when it was last charged."""
        return self.closed_until(next_midnight(now)) if self._is_met(self.sent_on(now)) else self

    def closed_until(self, instant: datetime) -> Allowance:
        """The allowance with nothing to send before ``instant``."""
        return replace(self, next_free_at=max(self.next_free_at, instant))

    def _is_met(self, sent: int) -> bool:
        return self.daily_limit is not None and sent >= self.daily_limit


def untouched(daily_limit: int | None) -> Allowance:
    """The allowance of what has never sent anything."""
    return Allowance(
        daily_limit=daily_limit,
        day=date.min,
        sent_today=0,
        next_free_at=datetime.min.replace(tzinfo=UTC),
    )


class Gaps(Struct, frozen=True):
    """The least time between two sends of one sender: of mails, and of actions on LinkedIn.

    ``jitter``: by which share of itself a gap is longer than that at the most.
    """

    email: timedelta = timedelta()
    linkedin: timedelta = timedelta()
    jitter: float = 0.0

    def after(self, action: Action) -> timedelta:
        """How long a sender rests after an action."""
        return self.email if action == "email" else self.linkedin


class Jitter(Struct, frozen=True):
    """By how much the gaps of a sender are longer than the least: by 0 up to ``most`` of it, all equally likely.

    It looks like chance and is none: the sender, the day and how many it has sent that day say how long it rests. So a
    plan knows what the claim will do, and a claim that is made again does the same.
    """

    most: float
    sender_id: UUID

    def stretched(self, gap: timedelta, day: date, nth: int) -> timedelta:
        """How long the sender rests after its ``nth`` send of ``day``: at least ``gap``."""
        seed = b"%b/%d/%d" % (self.sender_id.bytes, day.toordinal(), nth)
        drawn = int.from_bytes(blake2b(seed, digest_size=_DRAWN_BYTES).digest()) / 256**_DRAWN_BYTES
        return gap + gap * (self.most * drawn)


STEADY: Final = Jitter(0.0, UUID(int=0))
"""Gaps that are all of the least length."""
_DRAWN_BYTES: Final = 6


def within_hours(campaign: Allowance, hours: OperatingHours | None, now: datetime) -> Allowance:
    """The allowance of a campaign, closed until its operating hours begin if they have not."""
    opens_at = next_open(hours, now)
    return campaign.closed_until(opens_at) if opens_at > now else campaign


def after_gap(sender: Allowance, gap: timedelta, now: datetime) -> Allowance:
    """The allowance of a sender that has just sent: nothing before ``gap`` has passed."""
    return sender.closed_until(now + gap) if gap else sender


class Turn(NamedTuple):
    """Who goes first of the leads that may be sent to at the same moment: the least turn.

    The campaigns of a sender share it fairly: the one that it has ``served`` the fewest sends that day comes first,
    however long another's leads have been waiting. Then the longest due, the older campaign, the lead that was added
    first (ids are in order of time).
    """

    served: int
    due_at: datetime
    campaign_id: UUID
    lead: int


class Lane(Struct, frozen=True):
    """The three allowances that a send counts against, and the least time between two sends of its sender.

    ``own`` is the sender's within the campaign; ``jitter`` makes its gaps longer.
    """

    sender: Allowance
    campaign: Allowance
    own: Allowance
    gap: timedelta
    jitter: Jitter = STEADY

    def left(self, now: datetime, at_most: int) -> int:
        """How many may be sent at ``now``, ``at_most`` at the most."""
        least = min(allowance.left(now, at_most) for allowance in (self.sender, self.campaign, self.own))
        return min(least, 1) if self.gap else least

    def charged(self, now: datetime) -> Lane:
        """The lane after one more send at ``now``."""
        sender = self.sender.charged(now)
        rest = self.jitter.stretched(self.gap, sender.day, sender.sent_today)
        return Lane(
            after_gap(sender, rest, now),
            self.campaign.charged(now),
            self.own.charged(now),
            self.gap,
            self.jitter,
        )

    @property
    def free_at(self) -> datetime:
        """From when on something may be sent again, hours aside; all three are settled."""
        return max(self.sender.next_free_at, self.campaign.next_free_at, self.own.next_free_at)
