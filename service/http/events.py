"""The event log over HTTP: what was written, in order; reading can go on where it stopped, for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Raw, Struct

from domain import streams
from service.access import Scope
from service.campaigns.repository import Campaigns
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.requests import ApiRequest
from service.http.values import Count, Time
from service.past.explaining import Evidence, Explaining
from service.store.history import History, Written


class EventView(Struct, frozen=True, kw_only=True):
    """An event as it is stored. It holds no personal data: texts are in the vault, `data` names their documents."""

    position: Count
    stream: str
    version: Count
    id: UUID
    type: str
    schema_version: Count
    recorded_at: Time
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    epoch: Count | None
    data: Raw


class ExplainedEvent(Struct, frozen=True, kw_only=True):
    """An event of a tree of causes. `depth` is 0 for a beginning, else one more than that of the event that led to it.

    `evidence` names the document with what a server or provider said; its `words` are null once they are erased.
    """

    depth: Count
    asked_for: bool
    event: EventView
    evidence: Evidence | None


class Explanation(Struct, frozen=True):
    """A tree of causes, top down: each event stands right behind the one that led to it, or behind its siblings."""

    explanation: list[ExplainedEvent]


class EventPage(Struct, frozen=True):
    """Events in order of `position`. `next_cursor` is always there: ask again with it for what comes later."""

    events: list[EventView]
    next_cursor: str


_EXAMPLE: Final[dict[str, Any]] = {
    "events": [
        {
            "position": 42,
            "stream": "campaign-01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41",
            "version": 6,
            "id": "01939d3c-2b7e-7c0e-9d3a-0f5b7c9e2a41",
            "type": "campaign-launch-accepted",
            "schema_version": 1,
            "recorded_at": "2030-01-31T09:00:00Z",
            "actor": "key:01939d3c-3b7e-7c0e-9d3a-0f5b7c9e2a41",
            "correlation_id": "01939d3c-4b7e-7c0e-9d3a-0f5b7c9e2a41",
            "causation_id": None,
            "epoch": None,
            "data": {"epoch": 1, "total": 250, "skipped": 0},
        }
    ],
    "next_cursor": "AAAA",
}


@get("/events", **operation("event.list", Scope.AUDIT_READ, problems=["invalid-cursor"], answer=_EXAMPLE))
async def list_events(
    request: ApiRequest,
    history: NamedDependency[History],
    cursors: NamedDependency[Cursors],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> EventPage:
    """Every event of the workspace, oldest first."""
    workspace_id = request.caller.workspace_id
    listing = f"events:{workspace_id}"
    after = cursors.read(listing, cursor, int) if cursor else 0
    return _page(await history.of_workspace(workspace_id, after, limit), after, listing, cursors)


@get(
    "/campaigns/{campaign_id:uuid}/events",
    **operation("campaign.events", Scope.CAMPAIGNS_READ, problems=["invalid-cursor"], answer=_EXAMPLE),
)
async def list_campaign_events(
    request: ApiRequest,
    history: NamedDependency[History],
    campaigns: NamedDependency[Campaigns],
    cursors: NamedDependency[Cursors],
    campaign_id: FromPath[UUID],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> EventPage:
    """The events of a campaign and of its roster of leads, oldest first. A lead's own events are in its history."""
    workspace_id = request.caller.workspace_id
    await campaigns.load(workspace_id, campaign_id)
    listing = f"events:{workspace_id}:{campaign_id}"
    after = cursors.read(listing, cursor, int) if cursor else 0
    names = [streams.campaign(campaign_id), streams.roster(campaign_id)]
    return _page(await history.of_streams(workspace_id, names, after, limit), after, listing, cursors)


@get(
    "/events/{event_id:uuid}/explanation",
    **operation(
        "event.explain",
        Scope.AUDIT_READ,
        answer={
            "explanation": [
                {"depth": 0, "asked_for": True, "event": _EXAMPLE["events"][0], "evidence": None},
            ]
        },
    ),
)
async def explain_event(
    request: ApiRequest, explaining: NamedDependency[Explaining], event_id: FromPath[UUID]
) -> Explanation:
    """What led to an event and what came of it, with the evidence that was kept."""
    steps = await explaining.explain(request.caller.workspace_id, event_id)
    return Explanation(
        [
            ExplainedEvent(
                depth=step.depth,
                asked_for=step.asked_for,
                event=event_view(step.event),
                evidence=step.evidence,
            )
            for step in steps
        ]
    )


event_routes: Final[list[ControllerRouterHandler]] = [list_events, list_campaign_events, explain_event]


def _page(found: Sequence[Written], after: int, listing: str, cursors: Cursors) -> EventPage:
    last = found[-1].position if found else after
    return EventPage([event_view(event) for event in found], cursors.write(listing, last))


def event_view(event: Written) -> EventView:
    """An event, as it is answered."""
    return EventView(
        position=event.position,
        stream=event.stream,
        version=event.version,
        id=event.event_id,
        type=event.type,
        schema_version=event.schema_version,
        recorded_at=event.recorded_at,
        actor=event.actor,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        epoch=event.epoch,
        data=Raw(event.payload.encode()),
    )
