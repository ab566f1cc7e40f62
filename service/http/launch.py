"""``/api/campaigns/{id}/launch``: now, or set for later and cancelled; and the runs that follow from it."""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Struct, UnsetType

from domain.campaign.events import AttemptStatus, Receipt, RollbackReason
from domain.campaign.state import Attempt
from domain.lead.events import SkippedLead, SkipReason
from domain.refusal import Refused
from domain.suppression import SuppressionReason
from service.access import Scope
from service.caller import Caller
from service.campaigns.reading import CampaignReading
from service.campaigns.repository import Campaigns
from service.http import campaign_examples as examples
from service.http.acting import acting
from service.http.lifecycle import OneCampaign
from service.http.operations import operation
from service.http.preconditions import IfMatch, precondition
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.http.values import Count, Time, in_utc
from service.http.versions import VERSIONED, versioned
from service.launch.launching import Launched, Launching, NotReady
from service.launch.runs import parse_run_id, run_id
from service.launch.scheduling import Scheduling
from service.launch.wording import Wording
from service.texts import LeadProfile

SHOWN_SKIPS: Final = 100


class LaunchTime(Struct, frozen=True, forbid_unknown_fields=True):
    """When to launch; at once if no time is given."""

    launch_at: Time | None = None


AT_ONCE: Final = LaunchTime()


class SkipEvidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why the rule applied: what is suppressed and since when, which other campaign, or which variable has no value."""

    suppression: SuppressionReason | None = None
    since: Time | None = None
    other_campaign: UUID | None = None
    variable: str | None = None


class SkippedProspect(Struct, frozen=True, kw_only=True):
    """A lead that the launch left out, and the rule that applied; the lead's history says the same."""

    id: UUID
    name: str | None
    email: str | None
    linkedin_url: str | None
    reason: SkipReason
    evidence: SkipEvidence


class LaunchStarted(Struct, frozen=True, kw_only=True, rename="camel"):
    """The launch was accepted; a background run owns the work now. The last three only if leads were left out."""

    success: Literal[True] = True
    message: Literal["Campaign launch started"] = "Campaign launch started"
    run_id: str
    prospects_to_process: Count
    warning: str | UnsetType = UNSET
    skipped_prospects: list[SkippedProspect] | UnsetType = UNSET
    skipped_count: Count | UnsetType = UNSET


class LaunchSet(Struct, frozen=True, kw_only=True, rename="camel"):
    """The campaign is ready and will be launched then; until that it can't be changed."""

    success: Literal[True] = True
    message: Literal["Campaign launch scheduled"] = "Campaign launch scheduled"
    launch_at: Time


class Run(Struct, frozen=True, kw_only=True):
    """The background run of a launch attempt; `attempts` counts how often a worker took it up.

    `receipt` says what exactly was launched, in digests that can be computed again from the event log.
    """

    id: str
    campaign_id: UUID
    epoch: Count
    status: AttemptStatus
    attempts: Count
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    error: RollbackReason | None
    receipt: Receipt | None


class OneRun(Struct, frozen=True):
    """A run."""

    run: Run


_RUN_ID: Final = "run_01939d3c1b7e7c0e9d3a0f5b7c9e2a41_1"
_DIGEST: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_RECEIPT: Final = {
    "leads": _DIGEST,
    "content": _DIGEST,
    "senders": _DIGEST,
    "limits": _DIGEST,
    "checks": examples.VALIDATION["checks"],
    "accounts": [{"id": "01939d3b-77a0-7d51-8c11-2f6a90b3e854", "status": "active", "version": 3}],
    "skipped": {"suppressed": 2},
}


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
            "missing-postal-address",
            "sender-not-active",
            "sender-inbox-missing",
            "linkedin-account-gone",
            "linkedin-unavailable",
            "all-leads-skipped",
            "campaign-changed",
            "launch-rolled-back",
        ],
        request={"launch_at": examples.SCHEDULED_AT},
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
    scheduling: NamedDependency[Scheduling],
    wording: NamedDependency[Wording],
    campaign_id: FromPath[UUID],
    data: JSONBody[LaunchTime] = AT_ONCE,
    if_match: IfMatch = None,
) -> LaunchStarted | LaunchSet:
    """Launch a draft, at once or at `launch_at`. Checks everything first and says what is missing.

    After a 200 a durable run owns the work; or, if a time was given, the draft is frozen until then.
    """
    caller, expect = acting(request), precondition(if_match).require
    try:
        if data.launch_at is None:
            return await _started(caller, await launching.launch(caller, campaign_id, expect), wording)
        launch_at = in_utc(data.launch_at, "launch_at")
        await scheduling.schedule(caller, campaign_id, launch_at, expect)
        return LaunchSet(launch_at=launch_at)
    except NotReady as blocked:
        blockers = await wording.findings(caller.workspace_id, blocked.report.blockers)
        raise Problem(blocked.code, str(blockers[0]["message"]), members={"blockers": blockers}) from None


@delete(
    "/campaigns/{campaign_id:uuid}/launch",
    status_code=200,
    **VERSIONED,
    **operation(
        "campaign.unschedule",
        Scope.CAMPAIGNS_LAUNCH,
        problems=["version-mismatch", "invalid-if-match", "no-scheduled-launch", "campaign-changed"],
        answer={"campaign": examples.UNSCHEDULED},
    ),
)
async def unschedule_campaign(
    request: ApiRequest,
    scheduling: NamedDependency[Scheduling],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> Response[OneCampaign]:
    """Cancel the launch that was scheduled; the draft can be changed again."""
    draft = await scheduling.unschedule(acting(request), campaign_id, precondition(if_match).require)
    view = await campaign_reading.view(request.caller.workspace_id, draft)
    return versioned(OneCampaign(view), view.version)


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
                "receipt": _RECEIPT,
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


launch_routes: Final[list[ControllerRouterHandler]] = [launch_campaign, unschedule_campaign, get_run]


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
        evidence=SkipEvidence(
            suppression=lead.suppression,
            since=lead.since,
            other_campaign=lead.other_campaign,
            variable=lead.variable,
        ),
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
        receipt=attempt.receipt,
    )
