"""``/api/campaigns/{id}/leads``: the leads of a campaign (some JSON names say *prospects*, as clients expect)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from domain.campaign.state import Campaign
from domain.lead.events import LeadStatus
from domain.refusal import FieldError, Invalid
from service.access import Scope
from service.http.acting import acting
from service.http.lead_views import (
    Added,
    AddProspects,
    EditProspect,
    FileImported,
    History,
    HistoryEntry,
    OneProspect,
    ProspectPage,
    Removed,
    RemoveProspects,
    file_imported,
    view,
)
from service.http.moments import AsOf, moment
from service.http.operations import operation
from service.http.preconditions import IfMatch, precondition
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.leads.editing import LeadEditing
from service.leads.files import csv_rows, ndjson_rows
from service.leads.history import LeadHistory
from service.leads.importing import Importing
from service.leads.reading import LeadReading
from service.leads.rows import LeadFields, NewLead, new_lead

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"

Page: TypeAlias = Annotated[
    int, QueryParameter(name="page", ge=1, le=10_000_000, description="Which page, from 1.")
]
PageSize: TypeAlias = Annotated[int, QueryParameter(name="limit", ge=1, le=500, description="Leads a page.")]
OfStatus: TypeAlias = Annotated[
    LeadStatus | None, QueryParameter(name="status", description="Only leads of this status.")
]


EXAMPLE: Final = {
    "id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41",
    "campaign_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a42",
    "status": "pending",
    "email": "ada@example.com",
    "linkedin_url": None,
    "first_name": "Ada",
    "last_name": None,
    "name": None,
    "company": "Northwind",
    "position": None,
    "headline": None,
    "custom_fields": {"city": "Bergen"},
    "source": "api",
    "created_at": "2030-01-31T09:00:00Z",
    "updated_at": "2030-01-31T09:00:00Z",
    "bounced_at": None,
    "replied_at": None,
    "current_node_id": None,
    "next_action_at": None,
    "skip_reason": None,
}
LEADS_PATH: Final = "/campaigns/{campaign_id:uuid}/leads"


@get(
    LEADS_PATH,
    **operation(
        "lead.list",
        Scope.CAMPAIGNS_READ,
        answer={"prospects": [EXAMPLE], "total": 1, "page": 1, "limit": 100},
    ),
)
async def list_leads(
    request: ApiRequest,
    lead_reading: NamedDependency[LeadReading],
    campaign_id: FromPath[UUID],
    page: Page = 1,
    limit: PageSize = 100,
    status: OfStatus = None,
    as_of: AsOf = None,
) -> ProspectPage:
    """The leads of a campaign, in the order in which they joined it: now, or as they stood at a moment."""
    workspace_id, skip = request.caller.workspace_id, (page - 1) * limit
    if as_of is None:
        found = await lead_reading.page(workspace_id, campaign_id, status, skip, limit)
    else:
        then = moment(as_of, "as_of")
        found = await lead_reading.past(workspace_id, campaign_id, then, status, skip, limit)
    return ProspectPage([view(lead) for lead in found.leads], found.total, page, limit)


@post(
    LEADS_PATH,
    status_code=200,
    **operation(
        "lead.create",
        Scope.CAMPAIGNS_WRITE,
        problems=["campaign-not-draft", "launch-scheduled", "campaign-changed", "version-mismatch"],
        request={"prospects": [{"email": "ada@example.com", "first_name": "Ada"}]},
        answer={"imported": 1, "duplicates": 0},
    ),
)
async def create_leads(
    request: ApiRequest,
    importing: NamedDependency[Importing],
    campaign_id: FromPath[UUID],
    data: JSONBody[AddProspects],
    if_match: IfMatch = None,
) -> Added:
    """Add up to 1,000 leads to a draft. If one of them is no lead, none is added."""
    caller = acting(request)
    draft = await importing.draft(caller.workspace_id, campaign_id, precondition(if_match).require)
    added = await importing.add(caller, draft, _new_leads(draft, data.prospects))
    return Added(added.imported, added.duplicates)


@post(
    f"{LEADS_PATH}/import",
    status_code=200,
    **operation(
        "lead.import",
        Scope.CAMPAIGNS_WRITE,
        problems=[
            "campaign-not-draft",
            "launch-scheduled",
            "campaign-changed",
            "version-mismatch",
            "import-interrupted",
            "import-too-long",
        ],
        reads=[CSV, NDJSON],
        answer={
            "imported": 998,
            "duplicates": 1,
            "invalid": 1,
            "errors": [{"row": 17, "message": "A lead of this campaign needs 'email'."}],
        },
    ),
)
async def import_leads(
    request: ApiRequest,
    importing: NamedDependency[Importing],
    campaign_id: FromPath[UUID],
    if_match: IfMatch = None,
) -> FileImported:
    """Add the rows of a file to a draft, up to 1,000,000. Columns that are no field of a lead become custom fields."""
    caller = acting(request)
    media_type, _ = request.content_type
    if media_type not in {CSV, NDJSON}:
        raise Problem("unsupported-media-type", f"Send the file as {CSV} or {NDJSON}.")
    draft = await importing.draft(caller.workspace_id, campaign_id, precondition(if_match).require)
    if media_type == CSV:
        done = await importing.add_all(caller, draft, csv_rows(request.stream(), draft.channel), "csv")
    else:
        done = await importing.add_all(caller, draft, ndjson_rows(request.stream(), draft.channel), "ndjson")
    return file_imported(done)


@patch(
    LEADS_PATH,
    **operation(
        "lead.update",
        Scope.CAMPAIGNS_WRITE,
        problems=[
            "campaign-not-draft",
            "launch-scheduled",
            "campaign-changed",
            "version-mismatch",
            "lead-exists",
            "lead-erased",
        ],
        request={"prospect_id": EXAMPLE["id"], "updates": {"company": "Northwind"}},
        answer={"prospect": EXAMPLE},
    ),
)
async def update_lead(
    request: ApiRequest,
    lead_editing: NamedDependency[LeadEditing],
    lead_reading: NamedDependency[LeadReading],
    campaign_id: FromPath[UUID],
    data: JSONBody[EditProspect],
    if_match: IfMatch = None,
) -> OneProspect:
    """Edit a lead of a draft."""
    caller, lead_id = acting(request), data.prospect_id
    await lead_editing.correct(caller, campaign_id, lead_id, data.updates, precondition(if_match).require)
    return OneProspect(view(await lead_reading.one(caller.workspace_id, campaign_id, lead_id)))


@delete(
    LEADS_PATH,
    status_code=200,
    **operation(
        "lead.delete",
        Scope.CAMPAIGNS_WRITE,
        problems=["campaign-not-draft", "launch-scheduled", "campaign-changed", "version-mismatch"],
        request={"prospect_ids": [EXAMPLE["id"]]},
        answer={"deleted": 1},
    ),
)
async def delete_leads(
    request: ApiRequest,
    lead_editing: NamedDependency[LeadEditing],
    campaign_id: FromPath[UUID],
    data: JSONBody[RemoveProspects],
    if_match: IfMatch = None,
) -> Removed:
    """Take leads off a draft. Ids of no lead of the campaign are passed over."""
    caller, expect = acting(request), precondition(if_match).require
    if data.all == (data.prospect_ids is not None):
        raise Invalid(FieldError("prospect_ids", "Give either 'prospect_ids' or 'all': true."))
    if data.prospect_ids is None:
        return Removed(await lead_editing.remove_all(caller, campaign_id, expect))
    return Removed(await lead_editing.remove(caller, campaign_id, data.prospect_ids, expect))


@get(
    f"{LEADS_PATH}/{{lead_id:uuid}}/history",
    **operation(
        "lead.history",
        Scope.CAMPAIGNS_READ,
        answer={
            "events": [
                {
                    "position": 41,
                    "id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a44",
                    "type": "send-accepted",
                    "recorded_at": "2030-01-31T09:00:00Z",
                    "actor": "worker",
                    "epoch": 1,
                    "data": {"send_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a45", "code": 250},
                    "words": "OK",
                }
            ]
        },
    ),
)
async def lead_history(
    request: ApiRequest,
    history_of_leads: NamedDependency[LeadHistory],
    campaign_id: FromPath[UUID],
    lead_id: FromPath[UUID],
) -> History:
    """Every fact that the log holds about a lead, in order."""
    found = await history_of_leads.of(request.caller.workspace_id, campaign_id, lead_id)
    return History(
        [
            HistoryEntry(
                position=fact.position,
                id=fact.id,
                type=fact.type,
                recorded_at=fact.recorded_at,
                actor=fact.actor,
                epoch=fact.epoch,
                data=fact.data,
                words=fact.words,
            )
            for fact in found
        ]
    )


lead_routes: Final[list[ControllerRouterHandler]] = [
    list_leads,
    create_leads,
    import_leads,
    update_lead,
    delete_leads,
    lead_history,
]


def _new_leads(draft: Campaign, prospects: Sequence[LeadFields]) -> list[NewLead]:
    """The leads of a call. Raises ``Invalid`` naming every one that is none."""
    leads: list[NewLead] = []
    errors: list[FieldError] = []
    for index, fields in enumerate(prospects):
        try:
            leads.append(new_lead(draft.channel, fields))
        except Invalid as invalid:
            errors += [
                FieldError(f"prospects[{index}].{error.path}", error.message) for error in invalid.errors
            ]
    if errors:
        raise Invalid(*errors)
    return leads
