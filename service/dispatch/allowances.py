"""The allowances and hours of senders, campaigns and lanes, as their gates hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.pacing import Allowance
from domain.schedule import OperatingHours


def allowance_of(gate: Mapping[str, Any]) -> Allowance:
    """What the sender, campaign or lane may still do, from its row."""
    return Allowance(
        daily_limit=gate["daily_limit"],
        day=gate["day"],
        sent_today=gate["sent_today"],
        next_free_at=gate["next_free_at"],
    )


def hours_of(gate: Mapping[str, Any]) -> OperatingHours | None:
    """When the campaign sends, from its row; None: at any time."""
    stored = gate["operating_hours"]
    return None if stored is None else msgspec.json.decode(stored, type=OperatingHours)
