"""Campaigns as they stood at a moment."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain import streams
from domain.campaign.state import Campaign, fold
from service.campaigns.repository import not_found
from service.past.moments import Cut, Moment, Moments


class PastCampaign(NamedTuple):
    """A campaign as it stood, and where that moment is in the log."""

    campaign: Campaign
    cut: Cut


class PastCampaigns:
    """Folds campaigns from the log."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    async def at(self, workspace_id: UUID, campaign_id: UUID, moment: Moment) -> PastCampaign:
        """A campaign as it was, one deleted since too. Raises ``Refused`` ``not-found`` if it was not there then."""
        roster = streams.roster(campaign_id)
        past = await self._moments.find(workspace_id, streams.campaign(campaign_id), moment, [roster])
        campaign = fold(past.history)
        if campaign is None or campaign.deleted:
            raise not_found()
        return PastCampaign(campaign, past.cut)
