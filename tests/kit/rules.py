"""The domain's decisions as one value, so that a law can be tried on a broken copy of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from domain.campaign import decide as campaign
from domain.campaign.state import Campaign
from domain.campaign.state import evolve as evolve_campaign
from domain.event import Event, Recorded
from domain.lead import decide as lead
from domain.lead.events import Fact
from domain.lead.state import Lead
from domain.lead.state import evolve as evolve_lead


class Rules(Struct, frozen=True, kw_only=True):
    """What may be done to campaigns and leads, and what comes of it; ``replace`` makes a broken copy."""

    decide_campaign: Callable[[Campaign, campaign.Command], tuple[Event, ...]] = campaign.decide
    evolve_campaign: Callable[[Campaign | None, Recorded], Campaign | None] = evolve_campaign
    decide_lead: Callable[[Lead, lead.Command], tuple[Event, ...]] = lead.decide
    evolve_lead: Callable[[Lead, Fact, datetime], Lead] = evolve_lead


DOMAIN: Final = Rules()
"""The rules as they are."""
