"""What older versions of events are today: one pure step from each version to the next, for as long as there is a log.

A step never changes once something was written after it. What each version looked like, the golden files of the tests
keep.
"""

from __future__ import annotations

from typing import Any, Final

from domain.campaign.events import CampaignPaused
from domain.event import Upcaster
from domain.lead.events import NextActionPlanned, SendIntended


def with_action(payload: dict[str, Any]) -> dict[str, Any]:
    """At first there were only mails, and nothing said so; later writers of version 1 did."""
    return {"action": "email", **payload}


def without_evidence(payload: dict[str, Any]) -> dict[str, Any]:
    """At first only people paused campaigns, and nothing more was to be said about it."""
    return {**payload, "evidence": None}


UPCASTERS: Final[tuple[Upcaster, ...]] = (
    Upcaster(SendIntended.type, 1, with_action),
    Upcaster(NextActionPlanned.type, 1, with_action),
    Upcaster(CampaignPaused.type, 1, without_evidence),
)
