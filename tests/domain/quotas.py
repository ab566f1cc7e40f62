"""Quotas as tests begin with them."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.quota import Quota


def unused(weekly_limit: int) -> Quota:
    """The quota of a sender that has never done it."""
    return Quota(weekly_limit=weekly_limit, done={}, next_free_at=datetime.min.replace(tzinfo=UTC))
