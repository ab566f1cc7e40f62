"""Every event the program knows."""

from __future__ import annotations

from typing import Final

from domain import audit, message_draft, read_models, suppression, workspace
from domain import credits as credit_events
from domain.campaign import events as campaign_events
from domain.lead import events as lead_events
from domain.sender import events as sender_events

EVENTS: Final = (
    *campaign_events.EVENTS,
    *lead_events.EVENTS,
    *sender_events.EVENTS,
    *suppression.EVENTS,
    *audit.EVENTS,
    *credit_events.EVENTS,
    *message_draft.EVENTS,
    *read_models.EVENTS,
    *workspace.EVENTS,
)
"""Every event there is."""
