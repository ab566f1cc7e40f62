"""The plan of a campaign: who would send how much on which day, from now or from a launch that is still to come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.campaign.enrolment import first_actions, first_step
from domain.campaign.state import Campaign
from domain.forecast import Forecast, Standing, forecast, sends_left
from domain.pacing import Gaps, untouched
from domain.readiness import Blocker, Report, with_left_out
from domain.refusal import FieldError, Invalid
from domain.schedule import Planned
from domain.simulation import CampaignAhead, LeadAhead, simulate
from service.campaigns.ahead import Ahead, LooksAhead
from service.campaigns.preflight import Preflight
from service.campaigns.repository import Campaigns
from service.clock import Clock
from service.launch.launching import Launching, NotReady
from service.launch.selection import counted

MAX_SENDS: Final = 300_000
"""A plan looks at so many sends of all campaigns together: several seconds of work."""
HORIZON: Final = timedelta(days=3653)
"""A plan looks no further ahead: ten years."""
LATEST_START: Final = timedelta(days=366)


class Plan(Struct, frozen=True, kw_only=True):
    """The forecast from ``starts_at`` on for ``leads`` leads with ``total_sends`` to come.

    ``blockers``: what has to be repaired for the plan to come true.
    """

    starts_at: datetime
    total_sends: int
    leads: int
    forecast: Forecast
    blockers: tuple[Blocker, ...] = ()


class Planning:
    """Plans campaigns; writes nothing."""

    def __init__(
        self,
        campaigns: Campaigns,
        launching: Launching,
        preflight: Preflight,
        looks_ahead: LooksAhead,
        clock: Clock,
        gaps: Gaps,
    ) -> None:
        """``gaps`` are the least times between two sends of one sender."""
        self._campaigns = campaigns
        self._launching = launching
        self._preflight = preflight
        self._looks_ahead = looks_ahead
        self._clock = clock
        self._gaps = gaps
        self._simulating = asyncio.Lock()

    async def plan(self, workspace_id: UUID, campaign_id: UUID, start: datetime | None) -> Plan:
        """The plan of a draft launched at ``start`` (None: now), or of what a launched campaign has left.

        A paused campaign is planned as if it were resumed now. Raises ``Refused`` ``not-found``, ``Invalid`` for a
        start that can't be, and ``NotReady`` for a draft that would have nothing to send, or nobody to send it.
        """
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        now = self._clock.now()
        _check_start(campaign, start, now)
        match campaign.status:
            case "draft":
                return await self._of_draft(workspace_id, campaign, now, start or now)
            case "launching":
                return await self._of_launch(workspace_id, campaign, now)
            case "active" | "paused":
                return await self._of_rest(workspace_id, campaign, now)
            case _:
                return Plan(starts_at=now, total_sends=0, leads=0, forecast=Forecast((), complete=True))

    async def _of_draft(
        self, workspace_id: UUID, campaign: Campaign, now: datetime, launched_at: datetime
    ) -> Plan:
        report = await self._launching.examine(workspace_id, campaign)
        skipped = await self._preflight.left_out(workspace_id, campaign)
        report = with_left_out(report, counted(skipped), campaign.lead_count)
        if not report.sends_something:
            raise NotReady(report)
        count = campaign.lead_count - len(skipped)
        ahead = await self._looks_ahead.of(workspace_id, campaign, now)
        launched = self._with_launch(ahead, campaign, launched_at, count)
        return await self._planned(campaign, now, launched_at, launched, report)

    async def _of_launch(self, workspace_id: UUID, campaign: Campaign, now: datetime) -> Plan:
        """Its run plans the same, however far it has come; nothing is sent before it is through."""
        report = await self._launching.examine(workspace_id, campaign)
        ahead = await self._looks_ahead.of(workspace_id, campaign, now)
        accepted_at = campaign.attempts[-1].accepted_at
        launched = self._with_launch(ahead, campaign, accepted_at, campaign.total or 0)
        return await self._planned(campaign, now, now, launched, report)

    async def _of_rest(self, workspace_id: UUID, campaign: Campaign, now: datetime) -> Plan:
        report = await self._launching.examine(workspace_id, campaign)
        ahead = await self._looks_ahead.of(workspace_id, campaign, now)
        return await self._planned(campaign, now, now, ahead, report)

    def _with_launch(self, ahead: Ahead, campaign: Campaign, launched_at: datetime, count: int) -> Ahead:
        """What lies ahead if the campaign is launched with so many leads."""
        settings = campaign.settings
        first_node = first_step(campaign.nodes).node.id
        daily_limits = {id_: sender.daily_limit for id_, sender in ahead.senders.items()}
        own_limits = {limit.account_id: limit.daily_limit for limit in settings.account_limits}
        actions = first_actions(campaign, daily_limits, self._gaps, launched_at, count)
        launched = CampaignAhead(
            id=campaign.id,
            channel=campaign.channel,
            nodes=campaign.nodes,
            hours=settings.operating_hours,
            allowance=untouched(settings.daily_limit),
            lanes={id_: untouched(own_limits.get(id_)) for id_ in settings.sender_account_ids},
            leads=_enrolled(actions, first_node),
        )
        others = [
            other for other in ahead.campaigns if other.id != campaign.id
        ]  # it may just have become active
        return replace(ahead, campaigns=(*others, launched), standing=(Standing(first_node, count),))

    async def _planned(
        self, campaign: Campaign, now: datetime, starts_at: datetime, ahead: Ahead, report: Report
    ) -> Plan:
        count = sends_left(campaign.nodes, ahead.standing)
        horizon = now + HORIZON
        until = min(horizon, ahead.known_until or horizon)
        sends = simulate(now, ahead.senders, ahead.campaigns)
        async with self._simulating:  # it is all computing, so one after another is as fast as all at once
            found = await asyncio.to_thread(forecast, sends, campaign.id, count, until, MAX_SENDS)
        return Plan(
            starts_at=starts_at,
            total_sends=count,
            leads=sum(group.count for group in ahead.standing),
            forecast=found,
            blockers=tuple(blocker for blocker in report.blockers if blocker.code != "campaign-not-draft"),
        )


def _enrolled(actions: Iterable[Planned], node_id: UUID) -> Iterator[LeadAhead]:
    return (LeadAhead(action.ordinal, action.sender_id, node_id, action.due_at) for action in actions)


def _check_start(campaign: Campaign, start: datetime | None, now: datetime) -> None:
    if start is None:
        return
    if campaign.status != "draft":
        message = f"Only the launch of a draft can be moved; this campaign is {campaign.status}."
        raise Invalid(FieldError("start", message))
    if not now <= start <= now + LATEST_START:
        days = LATEST_START.days
        raise Invalid(FieldError("start", f"A start lies between now and {days} days from now."))
