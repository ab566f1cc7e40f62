"""What the settings say about the pace of sending."""

from __future__ import annotations

from datetime import timedelta

from domain.pacing import Gaps
from service.settings import Settings


def gaps(settings: Settings) -> Gaps:
    """The least times between two sends of one sender."""
    return Gaps(
        email=timedelta(seconds=settings.send_gap_seconds),
        linkedin=timedelta(seconds=settings.linkedin_gap_seconds),
        jitter=settings.send_jitter,
    )


def connection_patience(settings: Settings) -> timedelta:
    """How long a person may take to accept an invitation."""
    return timedelta(days=settings.linkedin_connection_days)
