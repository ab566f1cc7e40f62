"""``/api/campaigns/{id}/diff``: what changed on a campaign between two moments."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from service.access import Scope
from service.http.events import EventView, event_view
from service.http.moments import MOMENT, moment
from service.http.operations import operation
from service.http.requests import ApiRequest
from service.http.values import Count
from service.past.differences import CountChange, Differences, FieldChange, LeadChange, NodeDifference


class Diff(Struct, frozen=True, kw_only=True):
    """What is not the same. `fields` of an erased text are null; `events` are those of the campaign and its roster.

    `leads` and `events` are the first 1000 and the first 100 of `leads_changed` and `events_between`.
    """

    from_version: Count
    to_version: Count
    fields: list[FieldChange]
    nodes: list[NodeDifference]
    counts: list[CountChange]
    leads_changed: Count
    leads: list[LeadChange]
    events_between: Count
    events: list[EventView]


class OneDiff(Struct, frozen=True):
    """The difference between a campaign at two moments."""

    diff: Diff


_EXAMPLE: Final = {
    "from_version": 5,
    "to_version": 6,
    "fields": [{"field": "status", "before": "draft", "after": "launching"}],
    "nodes": [],
    "counts": [{"kind": "status", "key": "sent", "before": 0, "after": 1}],
    "leads_changed": 1,
    "leads": [{"lead_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41", "before": "pending", "after": "sent"}],
    "events_between": 1,
    "events": [],
}
_MOMENT: Final = "A version, or a time (RFC 3339)."


@get(
    "/campaigns/{campaign_id:uuid}/diff",
    **operation("campaign.diff", Scope.CAMPAIGNS_READ, answer={"diff": _EXAMPLE}, problems=["invalid-value"]),
)
async def diff_campaign(
    request: ApiRequest,
    differences: NamedDependency[Differences],
    campaign_id: FromPath[UUID],
    earlier: Annotated[str, QueryParameter(name="from", description=_MOMENT, schema_extra=MOMENT)],
    later: Annotated[str, QueryParameter(name="to", description=_MOMENT, schema_extra=MOMENT)],
) -> OneDiff:
    """What changed on a campaign between two moments: settings, nodes, leads and their counts; and by which events."""
    found = await differences.between(
        request.caller.workspace_id, campaign_id, moment(earlier, "from"), moment(later, "to")
    )
    return OneDiff(
        Diff(
            from_version=found.from_version,
            to_version=found.to_version,
            fields=found.fields,
            nodes=found.nodes,
            counts=found.counts,
            leads_changed=found.leads_changed,
            leads=found.leads,
            events_between=found.events_between,
            events=[event_view(event) for event in found.events],
        )
    )


difference_routes: Final[list[ControllerRouterHandler]] = [diff_campaign]
