"""``POST /api/campaigns/{id}/sync-stats``: a campaign's counters and lists, proven from its history."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from service.access import Scope
from service.campaigns.reading import CampaignReading
from service.campaigns.syncing import Syncing
from service.campaigns.views import CampaignView
from service.http import campaign_examples as examples
from service.http.operations import operation
from service.http.requests import ApiRequest
from service.http.values import Count, Time
from service.projector.difference import Difference


class PartingEvent(Struct, frozen=True, kw_only=True):
    """An event by which a stored row and the history part."""

    position: Count
    id: UUID
    type: str
    stream: str
    version: Count
    recorded_at: Time


class DifferenceView(Struct, frozen=True, kw_only=True):
    """A row that was not what the history amounts to: the columns that differed, null for a row that is not there.

    `event` is the first one that the stored row lacked, or, for a value that never was, the one that tells the right
    value; null when no event ever told of such a row.
    """

    table: str
    key: dict[str, str]
    stored: dict[str, Any] | None
    replayed: dict[str, Any] | None
    event: PartingEvent | None


class SyncedCampaign(Struct, frozen=True):
    """A campaign, which rows of its read models differed (up to 1,000 of a table), and how many were repaired: all."""

    campaign: CampaignView
    differences: list[DifferenceView]
    repaired: Count


_EXAMPLE: Final = {
    "campaign": examples.with_status("active"),
    "differences": [
        {
            "table": "campaign_counts",
            "key": {
                "workspace_id": "01939d3c-0b7e-7c0e-9d3a-0f5b7c9e2a41",
                "campaign_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41",
                "kind": "milestone",
                "key": "sent",
            },
            "stored": {"n": 17},
            "replayed": {"n": 18},
            "event": {
                "position": 4711,
                "id": "01939d3c-2b7e-7c0e-9d3a-0f5b7c9e2a41",
                "type": "send-accepted",
                "stream": "lead-01939d3c-3b7e-7c0e-9d3a-0f5b7c9e2a41",
                "version": 2,
                "recorded_at": "2030-01-31T09:00:00Z",
            },
        }
    ],
    "repaired": 1,
}


@post(
    "/campaigns/{campaign_id:uuid}/sync-stats",
    status_code=200,
    **operation("campaign.sync-stats", Scope.CAMPAIGNS_WRITE, answer=_EXAMPLE),
)
async def sync_campaign(
    request: ApiRequest,
    syncing: NamedDependency[Syncing],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
) -> SyncedCampaign:
    """Fold the campaign's whole history anew, compare its lists and counters with it, and repair what differs.

    Sending goes on meanwhile. One campaign at a time is worked on; with 100,000 leads it takes some time.
    """
    workspace_id = request.caller.workspace_id
    synced = await syncing.sync(workspace_id, campaign_id)
    return SyncedCampaign(
        await campaign_reading.view(workspace_id, synced.campaign),
        [_view(difference) for difference in synced.differences],
        synced.repaired,
    )


sync_routes: Final[list[ControllerRouterHandler]] = [sync_campaign]


def _view(difference: Difference) -> DifferenceView:
    return DifferenceView(
        table=difference.table,
        key=dict(difference.key),
        stored=None if difference.stored is None else dict(difference.stored),
        replayed=None if difference.replayed is None else dict(difference.replayed),
        event=_event(difference),
    )


def _event(difference: Difference) -> PartingEvent | None:
    parting = difference.parting
    if parting is None:
        return None
    return PartingEvent(
        position=parting.position,
        id=parting.event_id,
        type=parting.type,
        stream=parting.stream,
        version=parting.version,
        recorded_at=parting.recorded_at,
    )
