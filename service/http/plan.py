"""``GET /api/campaigns/{id}/plan``: a dry run, which says who would send how much on which day."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.simulation import ASSUMPTIONS
from service.access import Scope
from service.campaigns.ahead import MAX_LEADS
from service.campaigns.planning import HORIZON, MAX_SENDS, Plan, Planning
from service.http import campaign_examples as examples
from service.http.operations import operation
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.http.values import Count, Time, in_utc
from service.launch.launching import NotReady
from service.launch.wording import Wording

_CUT: Final = (
    f"The plan is cut off: it looks {HORIZON.days // 365} years ahead, at {MAX_SENDS:,} messages of all campaigns "
    f"and at the {MAX_LEADS:,} leads that are due first."
)


class PlannedDay(Struct, frozen=True, kw_only=True):
    """What one sender account sends for the campaign on one day; days are UTC days, as daily limits count them."""

    day: dt.date
    sender_id: UUID
    sender_name: str
    sends: Count
    first_at: Time
    last_at: Time


class CampaignPlan(Struct, frozen=True, kw_only=True):
    """The plan from `starts_at` on: `total_sends` to `leads` leads, the last one at `ends_at`.

    Unless `complete`, there is more to send after the days listed, and `ends_at` is null. The plan holds if the
    `assumptions` do, and if the `blockers` are repaired before it starts: each has a `code`, a `message` and its
    evidence.
    """

    starts_at: Time
    ends_at: Time | None
    total_sends: Count
    leads: Count
    complete: bool
    days: list[PlannedDay]
    blockers: list[dict[str, Any]]
    assumptions: list[str]


class OnePlan(Struct, frozen=True):
    """A plan."""

    plan: CampaignPlan


@get(
    "/campaigns/{campaign_id:uuid}/plan",
    **operation(
        "campaign.plan",
        Scope.CAMPAIGNS_READ,
        problems=[
            *("no-sender-accounts", "no-pending-leads", "no-sendable-nodes", "all-leads-skipped"),
            "invalid-value",
        ],
        answer=examples.PLAN,
    ),
)
async def plan_campaign(
    request: ApiRequest,
    planning: NamedDependency[Planning],
    wording: NamedDependency[Wording],
    campaign_id: FromPath[UUID],
    start: Annotated[
        Time | None,
        QueryParameter(
            name="start",
            description="When the draft is launched (RFC 3339), up to 366 days ahead; now if absent.",
        ),
    ] = None,
) -> OnePlan:
    """Plan a draft's launch, or what a launched campaign has left to send; nothing is written and nothing sent."""
    workspace_id = request.caller.workspace_id
    starts_at = None if start is None else in_utc(start, "start")
    try:
        plan = await planning.plan(workspace_id, campaign_id, starts_at)
    except NotReady as blocked:
        blockers = await wording.findings(workspace_id, blocked.report.blockers)
        raise Problem(blocked.code, str(blockers[0]["message"]), members={"blockers": blockers}) from None
    return OnePlan(await _shown(workspace_id, plan, wording))


plan_routes: Final[list[ControllerRouterHandler]] = [plan_campaign]


async def _shown(workspace_id: UUID, plan: Plan, wording: Wording) -> CampaignPlan:
    forecast = plan.forecast
    names = await wording.names(workspace_id, {day.sender_id for day in forecast.days})
    return CampaignPlan(
        starts_at=plan.starts_at,
        ends_at=forecast.ends_at,
        total_sends=plan.total_sends,
        leads=plan.leads,
        complete=forecast.complete,
        days=[
            PlannedDay(sender_name=names.get(str(day.sender_id), ""), **day._asdict())
            for day in forecast.days
        ],
        blockers=await wording.findings(workspace_id, plan.blockers),
        assumptions=list(ASSUMPTIONS) if forecast.complete else [*ASSUMPTIONS, _CUT],
    )
