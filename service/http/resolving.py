"""``/api/campaigns/{id}/leads/{leadId}/resolve``: a person settles a send whose outcome nobody knows."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from domain.lead.events import Resolution
from service.access import Scope
from service.dispatch.resolutions import Resolutions
from service.http.acting import acting
from service.http.lead_views import OneProspect, view
from service.http.leads import EXAMPLE, LEADS_PATH
from service.http.operations import operation
from service.http.requests import ApiRequest
from service.leads.reading import LeadReading


class ResolveLead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of the send.

    `sent`: it arrived, and the sequence goes on. `not_sent`: it did not, and the step is sent again; if it did arrive,
    the person gets it twice. `failed`: it did not, and nothing more is sent to the lead.
    """

    outcome: Annotated[Resolution, Meta(description="What became of the send: sent, not_sent or failed.")]
    note: (
        Annotated[str, Meta(max_length=2_000, description="How you know; kept, sealed, with the decision.")]
        | None
    ) = None


@post(
    f"{LEADS_PATH}/{{lead_id:uuid}}/resolve",
    status_code=200,
    **operation(
        "lead.resolve",
        Scope.CAMPAIGNS_WRITE,
        problems=["outcome-not-unknown", "campaign-ended"],
        request={"outcome": "sent", "note": "She told me on the phone that she got it."},
        answer={"prospect": {**EXAMPLE, "status": "sent", "next_action_at": "2030-02-02T09:00:00Z"}},
    ),
)
async def resolve_lead(
    request: ApiRequest,
    resolutions: NamedDependency[Resolutions],
    lead_reading: NamedDependency[LeadReading],
    campaign_id: FromPath[UUID],
    lead_id: FromPath[UUID],
    data: JSONBody[ResolveLead],
) -> OneProspect:
    """Settle the send of a lead whose outcome is unknown. Nobody but a person can have a step sent again."""
    caller = acting(request)
    await resolutions.record(caller, campaign_id, lead_id, data.outcome, data.note)
    return OneProspect(view(await lead_reading.one(caller.workspace_id, campaign_id, lead_id)))


resolving_routes: Final[list[ControllerRouterHandler]] = [resolve_lead]
