"""Credits: what paid actions cost. Launching costs none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Action = Literal["AI_MESSAGE_GENERATION", "LINKEDIN_PROFILE"]

COSTS: Final[Mapping[Action, int]] = {"AI_MESSAGE_GENERATION": 2, "LINKEDIN_PROFILE": 1}
"""The price of each action, in credits."""
