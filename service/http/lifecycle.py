"""``/api/campaigns/{id}/pause`` and so on: what is done to a campaign as a whole, and whether it could be launched."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.campaign.state import Campaign
from domain.readiness import Checks
from service.access import Scope
from service.campaigns.lifecycle import Lifecycle
from service.campaigns.preflight import Preflight
from service.campaigns.reading import CampaignReading
from service.campaigns.views import CampaignView
from service.http import campaign_examples as examples
from service.http.acting import acting
from service.http.operations import operation
from service.http.preconditions import IfMatch, precondition
from service.http.requests import ApiRequest
from service.http.values import Count
from service.http.versions import VERSIONED, versioned
from service.launch.wording import Wording

_PROBLEMS: Final = ("version-mismatch", "invalid-if-match", "campaign-changed")


class OneCampaign(Struct, frozen=True):
    """A campaign."""

    campaign: CampaignView


class PausedCampaign(Struct, frozen=True):
    """A campaign, and how many of its sends were handed to a provider already and can't be called back."""

    campaign: CampaignView
    in_flight: Count


class Validation(Struct, frozen=True, kw_only=True):
    """Whether a launch would be accepted now, and everything that stands in its way.

    Each of `errors` and `warnings` has a `code`, a `message` and its evidence.
    """

    ready: bool
    checks: Checks
    errors: list[dict[str, Any]]
    warnings: list[dict[str, Any]]


@get(
    "/campaigns/{campaign_id:uuid}/validate",
    **operation("campaign.validate", Scope.CAMPAIGNS_READ, answer=examples.VALIDATION),
)
async def validate_campaign(
    request: ApiRequest,
    preflight: NamedDependency[Preflight],
    wording: NamedDependency[Wording],
    campaign_id: FromPath[UUID],
) -> Validation:
    """The checks of a launch, all at once and without side effects."""
    workspace_id = request.caller.workspace_id
    report = await preflight.examine(workspace_id, campaign_id)
    return Validation(
        ready=report.ready,
        checks=report.checks,
        errors=await wording.findings(workspace_id, report.blockers),
        warnings=await wording.findings(workspace_id, report.warnings),
    )


@post(
    "/campaigns/{campaign_id:uuid}/pause",
    status_code=200,
    **VERSIONED,
    **operation(
        "campaign.pause",
        Scope.CAMPAIGNS_LAUNCH,
        problems=[*_PROBLEMS, "campaign-not-active"],
        answer={"campaign": examples.with_status("paused"), "in_flight": 2},
    ),
)
async def pause_campaign(
    request: ApiRequest,
    lifecycle: NamedDependency[Lifecycle],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[PausedCampaign]:
    """Pause an active campaign: once this is answered, nothing more is handed to a provider."""
    paused = await lifecycle.pause(acting(request), campaign_id, precondition(if_match).require)
    view = await campaign_reading.view(request.caller.workspace_id, paused.campaign)
    return versioned(PausedCampaign(view, paused.in_flight), view.version)


@post(
    "/campaigns/{campaign_id:uuid}/resume",
    status_code=200,
    **VERSIONED,
    **operation(
        "campaign.resume",
        Scope.CAMPAIGNS_LAUNCH,
        problems=[*_PROBLEMS, "campaign-not-paused"],
        answer={"campaign": examples.with_status("active")},
    ),
)
async def resume_campaign(
    request: ApiRequest,
    lifecycle: NamedDependency[Lifecycle],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[OneCampaign]:
    """Go on with a paused campaign; it is completed at once when nothing is left to do."""
    campaign = await lifecycle.resume(acting(request), campaign_id, precondition(if_match).require)
    return await _shown(request, campaign_reading, campaign)


@post(
    "/campaigns/{campaign_id:uuid}/stop",
    status_code=200,
    **VERSIONED,
    **operation(
        "campaign.stop",
        Scope.CAMPAIGNS_LAUNCH,
        problems=[*_PROBLEMS, "campaign-not-running"],
        answer={"campaign": examples.with_status("stopped")},
    ),
)
async def stop_campaign(
    request: ApiRequest,
    lifecycle: NamedDependency[Lifecycle],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[OneCampaign]:
    """End an active or paused campaign for good; leads that are not done are cancelled."""
    campaign = await lifecycle.stop(acting(request), campaign_id, precondition(if_match).require)
    return await _shown(request, campaign_reading, campaign)


@post(
    "/campaigns/{campaign_id:uuid}/archive",
    status_code=200,
    **VERSIONED,
    **operation(
        "campaign.archive",
        Scope.CAMPAIGNS_WRITE,
        problems=[*_PROBLEMS, "campaign-not-ended", "launch-scheduled"],
        answer={"campaign": examples.with_status("archived")},
    ),
)
async def archive_campaign(
    request: ApiRequest,
    lifecycle: NamedDependency[Lifecycle],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[OneCampaign]:
    """Put a draft, a completed or a stopped campaign away."""
    campaign = await lifecycle.archive(acting(request), campaign_id, precondition(if_match).require)
    return await _shown(request, campaign_reading, campaign)


lifecycle_routes: Final[list[ControllerRouterHandler]] = [
    validate_campaign,
    pause_campaign,
    resume_campaign,
    stop_campaign,
    archive_campaign,
]


async def _shown(request: ApiRequest, reading: CampaignReading, campaign: Campaign) -> Response[OneCampaign]:
    view = await reading.view(request.caller.workspace_id, campaign)
    return versioned(OneCampaign(view), view.version)
