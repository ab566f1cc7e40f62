"""What a user does to a campaign once it is drafted: pause, resume, stop, archive."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain.campaign.decide import Archive, Pause, Resume, Stop, decide
from domain.campaign.state import Campaign
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, Expect, any_version
from service.database.pool import Connection, Pool
from service.dispatch import bounces
from service.dispatch.gates import Gates


class Paused(NamedTuple):
    """A campaign that was paused, and how many of its sends had been handed to a provider and have no outcome yet."""

    campaign: Campaign
    in_flight: int


class Lifecycle:
    """Every method raises what ``expect`` raises, and ``Refused`` when the campaign's status does not allow it."""

    def __init__(self, pool: Pool, campaigns: Campaigns, gates: Gates) -> None:
        self._pool = pool
        self._campaigns = campaigns
        self._gates = gates

    async def pause(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Paused:
        """Send nothing more. Counted after the pause is committed: none of what is not in flight then will be sent."""
        campaign = await self._campaigns.execute(
            caller, campaign_id, lambda active: decide(active, Pause()), expect
        )
        async with self._pool.acquire() as connection:
            count = await self._gates.in_flight(connection, caller.workspace_id, campaign_id)
        return Paused(campaign, count)

    async def resume(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """Go on with what is left; completed at once when nothing is."""
        # A paused campaign can only come to have less to do. If the last of it is done just now, that is found later.
        async with self._pool.acquire() as connection:
            left = await self._gates.something_left(connection, caller.workspace_id, campaign_id)

        async def plan(paused: Campaign) -> Change:
            return Change(events=decide(paused, Resume(something_left=left)), beside=begin_anew)

        async def begin_anew(connection: Connection, resumed: Campaign) -> None:
            await bounces.begin_anew(connection, caller.workspace_id, resumed.id)

        return await self._campaigns.revise(caller, campaign_id, plan, expect)

    async def stop(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """End it for good; leads that are not done are cancelled in the background."""
        return await self._campaigns.execute(
            caller, campaign_id, lambda running: decide(running, Stop()), expect
        )

    async def archive(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """Put it away."""
        return await self._campaigns.execute(
            caller, campaign_id, lambda ended: decide(ended, Archive()), expect
        )
