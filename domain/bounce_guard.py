"""The bounce guard: a campaign that too many mail servers refuse is paused, before its senders lose their good name."""

from __future__ import annotations

from msgspec import Struct


class Tally(Struct, frozen=True):
    """A campaign's sends within the guard's window: ``sent`` counts all with a verdict, so bounces too."""

    sent: int
    bounced: int


class GuardRule(Struct, frozen=True, kw_only=True):
    """Too much is ``percent`` of at least ``least_sent`` sends within the last ``days``, or since the last resume."""

    percent: float = 5.0
    least_sent: int = 100
    days: int = 7


class BounceEvidence(Struct, frozen=True, kw_only=True):
    """What the guard saw, and the rule that it held it against."""

    sent: int
    bounced: int
    percent: float
    least_sent: int
    days: int


def too_many_bounces(tally: Tally, rule: GuardRule) -> BounceEvidence | None:
    """The evidence against going on; None when there is none."""
    if tally.sent < max(rule.least_sent, 1) or tally.bounced * 100 < rule.percent * tally.sent:
        return None
    return BounceEvidence(
        sent=tally.sent,
        bounced=tally.bounced,
        percent=rule.percent,
        least_sent=rule.least_sent,
        days=rule.days,
    )
