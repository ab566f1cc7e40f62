"""``POST /api/campaigns/{id}/launch``, and the runs that follow from it."""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Struct, UnsetType

from domain.campaign.events import AttemptStatus, RollbackReason
from domain.campaign.state import Attempt
from domain.lead.events import SkippedLead, SkipReason
from domain.refusal import Refused
from service.access import Scope
from service.caller import Caller
from service.campaigns.repository import Campaigns
from service.http.acting import acting
from service.http.operations import operation
from service.http.preconditions import IfMatch, precondition
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.http.values import Count, Time
from service.launch.launching import Launched, Launching, NotReady
from service.launch.runs import parse_run_id, run_id
from service.launch.wording import Wording
from service.texts import LeadProfile

SHOWN_SKIPS: Final = 100


class SkippedProspect(Struct, frozen=True, kw_only=True):
    """A lead that the launch left out, and the rule that applied."""

    id: UUID
    name: str | None
    email: str | None
    linkedin_url: str | None
    reason: SkipReason


class LaunchStarted(Struct, frozen=True, kw_only=True, rename="camel"):
    """The launch was accepted; a background run owns the work now. The last three only if leads were left out."""

    success: Literal[True] = True
    message: Literal["Campaign launch started"] = "Campaign launch started"
    run_id: str
    prospects_to_process: Count
    warning: str | UnsetType = UNSET
    skipped_prospects: list[SkippedProspect] | UnsetType = UNSET
    skipped_count: Count | UnsetType = UNSET


class Run(Struct, frozen=True, kw_only=True):
    """The background run of a launch attempt; `attempts` counts how often a worker took it up."""

    id: str
    campaign_id: UUID
    epoch: Count
    status: AttemptStatus
    attempts: Count
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    error: RollbackReason | None


class OneRun(Struct, frozen=True):
    """A run."""

    run: Run


_RUN_ID: Final = "run_01939d3c1b7e7c0e9d3a0f5b7c9e2a41_1"


@post(
    "/campaigns/{campaign_id:uuid}/launch",
    status_code=200,
    **operation(
        "campaign.launch",
        Scope.CAMPAIGNS_LAUNCH,
        problems=[
            "version-mismatch",
            "launch-in-progress",
            "campaign-not-draft",
            "no-sender-accounts",
            "no-pending-leads",
            "no-sendable-nodes",
            "missing-content",
            "sender-not-active",
            "sender-inbox-missing",
            "linkedin-account-gone",
            "linkedin-unavailable",
            "all-leads-skipped",
            "campaign-changed",
            "launch-rolled-back",
        ],
        answer={
            "success": True,
            "message": "Campaign launch started",
            "runId": _RUN_ID,
            "prospectsToProcess": 250,
        },
    ),
)
async def launch_campaign(
    request: ApiRequest,
    launching: NamedDependency[Launching],
    wording: NamedDependency[Wording],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> LaunchStarted:
    """Launch a draft. Checks everything first and says what is missing; after a 200 a durable run owns the work."""
    caller = acting(request)
    try:
        launched = await launching.launch(caller, campaign_id, precondition(if_match).require)
    except NotReady as blocked:
        blockers = await wording.findings(caller.workspace_id, blocked.report.blockers)
        raise Problem(blocked.code, str(blockers[0]["message"]), members={"blockers": blockers}) from None
    return await _started(caller, launched, wording)


@get(
    "/runs/{run_id:str}",
    **operation(
        "run.get",
        Scope.CAMPAIGNS_READ,
        answer={
            "run": {
                "id": _RUN_ID,
                "campaign_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41",
                "epoch": 1,
                "status": "finished",
                "attempts": 1,
                "created_at": "2030-01-31T09:00:00Z",
                "started_at": "2030-01-31T09:00:01Z",
                "finished_at": "2030-01-31T09:00:02Z",
                "error": None,
            }
        },
    ),
)
async def get_run(
    request: ApiRequest, campaigns: NamedDependency[Campaigns], run_id: FromPath[str]
) -> OneRun:
    """The background run of a launch attempt."""
    named = parse_run_id(run_id)
    if named is None:
        raise Problem.not_found()
    campaign_id, epoch = named
    try:
        campaign = await campaigns.load(request.caller.workspace_id, campaign_id)
    except Refused:
        raise Problem.not_found() from None
    attempt = campaign.attempt(epoch)
    if attempt is None:
        raise Problem.not_found()
    return OneRun(_run(campaign_id, attempt))


launch_routes: Final[list[ControllerRouterHandler]] = [launch_campaign, get_run]


async def _started(caller: Caller, launched: Launched, wording: Wording) -> LaunchStarted:
    started = LaunchStarted(run_id=launched.run_id, prospects_to_process=launched.campaign.total or 0)
    if not launched.skipped:
        return started
    shown = launched.skipped[:SHOWN_SKIPS]
    who = await wording.leads(caller.workspace_id, [lead.lead_id for lead in shown])
    count = len(launched.skipped)
    return LaunchStarted(
        run_id=started.run_id,
        prospects_to_process=started.prospects_to_process,
        warning=f"{count} {'lead was' if count == 1 else 'leads were'} left out; see the reasons.",
        skipped_prospects=[_skipped(lead, who.get(lead.lead_id, LeadProfile())) for lead in shown],
        skipped_count=count,
    )


def _skipped(lead: SkippedLead, who: LeadProfile) -> SkippedProspect:
    return SkippedProspect(
        id=lead.lead_id,
        name=who.values().get("name"),
        email=who.email,
        linkedin_url=who.linkedin_url,
        reason=lead.reason,
    )


def _run(campaign_id: UUID, attempt: Attempt) -> Run:
    return Run(
        id=run_id(campaign_id, attempt.epoch),
        campaign_id=campaign_id,
        epoch=attempt.epoch,
        status=attempt.status,
        attempts=attempt.starts,
        created_at=attempt.accepted_at,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        error=attempt.error,
    )
