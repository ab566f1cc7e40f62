"""``/api/campaigns``: the campaigns of a workspace."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.campaign.events import Status
from service.access import Scope
from service.campaigns.drafting import Drafting
from service.campaigns.drafts import CampaignChange, NewCampaign
from service.campaigns.reading import TOP, CampaignReading, Place
from service.campaigns.views import (
    CampaignDetail,
    DraftedCampaign,
    ListedCampaign,
    SenderAccount,
)
from service.http import campaign_examples as examples
from service.http.acting import acting
from service.http.moments import AsOf, moment
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.preconditions import IfMatch, precondition
from service.http.requests import ApiRequest
from service.http.versions import VERSIONED, versioned


class CampaignPage(Struct, frozen=True):
    """Campaigns: active and paused ones first, then drafts, then the rest; `next_cursor` is null on the last page."""

    campaigns: list[ListedCampaign]
    next_cursor: str | None


class OneDraftedCampaign(Struct, frozen=True):
    """A campaign with its sequence."""

    campaign: DraftedCampaign


class CampaignSenders(Struct, frozen=True):
    """The sender accounts of a campaign, in its order."""

    senders: list[SenderAccount]


@get(
    "/campaigns",
    **operation(
        "campaign.list",
        Scope.CAMPAIGNS_READ,
        problems=["invalid-cursor"],
        answer={"campaigns": [examples.LISTED], "next_cursor": None},
    ),
)
async def list_campaigns(
    request: ApiRequest,
    campaign_reading: NamedDependency[CampaignReading],
    cursors: NamedDependency[Cursors],
    status: Annotated[
        Status | None, QueryParameter(name="status", description="Only campaigns of this status.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CampaignPage:
    """The campaigns: active and paused ones first, then drafts, then the rest, in each group the newest first."""
    workspace_id = request.caller.workspace_id
    listing = f"campaigns:{workspace_id}:{status or 'all'}"
    after = cursors.read(listing, cursor, Place) if cursor else TOP
    found = await campaign_reading.page(workspace_id, status, after, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return CampaignPage(
        [campaign for _, campaign in shown], cursors.write(listing, shown[-1][0]) if more else None
    )


@post(
    "/campaigns",
    **VERSIONED,
    **operation(
        "campaign.create",
        Scope.CAMPAIGNS_WRITE,
        problems=["name-taken"],
        request=examples.NEW,
        answer={"campaign": examples.DRAFTED},
    ),
)
async def create_campaign(
    request: ApiRequest,
    drafting: NamedDependency[Drafting],
    campaign_reading: NamedDependency[CampaignReading],
    data: JSONBody[NewCampaign],
) -> Response[OneDraftedCampaign]:
    """Begin a draft. Its sequence is seeded with a first contact, still without words, and the end."""
    campaign = await drafting.create(acting(request), data)
    drafted = await campaign_reading.drafted(request.caller.workspace_id, campaign)
    return versioned(OneDraftedCampaign(drafted), campaign.version)


@get(
    "/campaigns/{campaign_id:uuid}",
    **VERSIONED,
    **operation("campaign.get", Scope.CAMPAIGNS_READ, answer=examples.DETAIL),
)
async def get_campaign(
    request: ApiRequest,
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    as_of: AsOf = None,
) -> Response[CampaignDetail]:
    """A campaign, its sequence, and its leads by status and by node: now, or as they were at a moment."""
    workspace_id = request.caller.workspace_id
    if as_of is None:
        detail = await campaign_reading.one(workspace_id, campaign_id)
        return versioned(detail, detail.campaign.version)
    past = await campaign_reading.past(workspace_id, campaign_id, moment(as_of, "as_of"))
    return versioned(past, past.campaign.version)


@patch(
    "/campaigns/{campaign_id:uuid}",
    **VERSIONED,
    **operation(
        "campaign.update",
        Scope.CAMPAIGNS_WRITE,
        problems=[
            "version-mismatch",
            "invalid-if-match",
            "field-not-editable",
            "launch-scheduled",
            "name-taken",
            "campaign-changed",
        ],
        request=examples.CHANGE,
        answer={"campaign": examples.DRAFTED},
    ),
)
async def update_campaign(
    request: ApiRequest,
    drafting: NamedDependency[Drafting],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    data: JSONBody[CampaignChange],
    if_match: IfMatch = None,
) -> Response[OneDraftedCampaign]:
    """Change a campaign: what is given, all or nothing. Which fields may change depends on its status."""
    campaign = await drafting.edit(acting(request), campaign_id, data, precondition(if_match).require)
    drafted = await campaign_reading.drafted(request.caller.workspace_id, campaign)
    return versioned(OneDraftedCampaign(drafted), campaign.version)


@delete(
    "/campaigns/{campaign_id:uuid}",
    **operation(
        "campaign.delete",
        Scope.CAMPAIGNS_WRITE,
        problems=[
            "version-mismatch",
            "invalid-if-match",
            "campaign-not-draft",
            "launch-scheduled",
            "campaign-changed",
        ],
    ),
)
async def delete_campaign(
    request: ApiRequest,
    drafting: NamedDependency[Drafting],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> None:
    """Throw a draft away; its history remains. A campaign that was launched is stopped and archived instead."""
    await drafting.delete(acting(request), campaign_id, precondition(if_match).require)


@get(
    "/campaigns/{campaign_id:uuid}/senders",
    **operation(
        "campaign.senders", Scope.CAMPAIGNS_READ, answer={"senders": examples.LISTED["sender_accounts"]}
    ),
)
async def list_campaign_senders(
    request: ApiRequest,
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    as_of: AsOf = None,
) -> CampaignSenders:
    """The sender accounts of a campaign: now, or as they were at a moment."""
    workspace_id = request.caller.workspace_id
    if as_of is None:
        return CampaignSenders(await campaign_reading.accounts(workspace_id, campaign_id))
    then = moment(as_of, "as_of")
    return CampaignSenders(await campaign_reading.past_accounts(workspace_id, campaign_id, then))


campaign_routes: Final[list[ControllerRouterHandler]] = [
    list_campaigns,
    create_campaign,
    get_campaign,
    update_campaign,
    delete_campaign,
    list_campaign_senders,
]
