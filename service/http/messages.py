"""``/api/campaigns/{id}/generate-messages``: what each lead of a draft will be sent, to be seen and edited before."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.message_draft import MAX_LENGTH, MAX_SUBJECT_LENGTH, Origin
from domain.refusal import FieldError, Invalid
from service.access import Scope
from service.http.acting import acting
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.preconditions import IfMatch, precondition
from service.http.requests import ApiRequest
from service.http.values import Count
from service.messages.editing import DraftEdit, DraftEditing, DraftText
from service.messages.generating import MAX_DRAFTS, Failure, Generated, Generating
from service.messages.reading import START, DraftReading
from service.messages.resolving import SHOWN_GAPS, Gap, Resolved, Resolving

OfLead: TypeAlias = Annotated[
    UUID | None, QueryParameter(name="prospect_id", description="Only drafts for this lead.")
]


class MessageDraft(Struct, frozen=True, kw_only=True):
    """What a lead will be sent for a node. Of an erased person there are no texts.

    A `template` draft shows the template filled in; one by `ai` or edited by a person (`manual`) is sent as it stands.
    """

    prospect_id: UUID
    node_id: UUID
    origin: Origin
    subject: str | None
    body: str | None


class DraftsPage(Struct, frozen=True):
    """Drafts, lead by lead in the order of the sequence; `next_cursor` is null on the last page."""

    drafts: list[MessageDraft]
    next_cursor: str | None


class OneDraft(Struct, frozen=True):
    """A draft."""

    draft: MessageDraft


class GenerateMessages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`resolve` fills in the templates for all leads; `generate_ai` has the texts of AI nodes written, for credits.

    `prospect_ids` goes with `generate_ai`: those leads get texts anew; without it all who have none get them.
    """

    action: Literal["resolve", "generate_ai"]
    prospect_ids: Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=MAX_DRAFTS)] | UnsetType = UNSET


class EditDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of a person, sent exactly as they stand: variables in them are not filled in. What is left out stays."""

    prospect_id: UUID
    node_id: UUID
    subject: Annotated[str, Meta(max_length=MAX_SUBJECT_LENGTH)] | UnsetType = UNSET
    body: Annotated[str, Meta(max_length=MAX_LENGTH)] | UnsetType = UNSET


class UnresolvedVariable(Struct, frozen=True):
    """A text that can't be written to a lead, for it has no value for the variable."""

    prospect_id: UUID
    node_id: UUID
    variable: str


class FailedDraft(Struct, frozen=True):
    """A draft that was asked for and not written; nothing was charged for it."""

    prospect_id: UUID
    node_id: UUID
    reason: Failure


class MessagesGenerated(Struct, frozen=True, kw_only=True):
    """What became of the drafts: how many are `written` (new or different), how many `kept` as they were.

    The lists hold the first 100 of what `unresolved` and `failed` count.
    """

    written: Count
    kept: Count
    unresolved: Count
    unresolved_variables: list[UnresolvedVariable]
    failed: Count
    failures: list[FailedDraft]
    credits_charged: Count
    credits_refunded: Count


_DRAFT: Final = {
    "prospect_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41",
    "node_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a43",
    "origin": "manual",
    "subject": "A quieter week, Ada?",
    "body": "Hello Ada, …",
}
_GENERATED: Final = {
    "written": 2,
    "kept": 1,
    "unresolved": 1,
    "unresolved_variables": [
        {"prospect_id": _DRAFT["prospect_id"], "node_id": _DRAFT["node_id"], "variable": "first_name"}
    ],
    "failed": 0,
    "failures": [],
    "credits_charged": 0,
    "credits_refunded": 0,
}
_PATH: Final = "/campaigns/{campaign_id:uuid}/generate-messages"
_WRITE_PROBLEMS: Final = ("campaign-not-draft", "campaign-changed", "version-mismatch")


@get(
    _PATH,
    **operation(
        "message.list",
        Scope.CAMPAIGNS_READ,
        problems=["invalid-cursor"],
        answer={"drafts": [_DRAFT], "next_cursor": None},
    ),
)
async def list_messages(
    request: ApiRequest,
    draft_reading: NamedDependency[DraftReading],
    cursors: NamedDependency[Cursors],
    campaign_id: FromPath[UUID],
    prospect_id: OfLead = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DraftsPage:
    """The message drafts of a campaign, with their texts."""
    workspace_id = request.caller.workspace_id
    listing = f"messages:{workspace_id}:{campaign_id}:{prospect_id}"
    after = cursors.read(listing, cursor, tuple[UUID, int]) if cursor else START
    page = await draft_reading.page(workspace_id, campaign_id, prospect_id, after, limit)
    return DraftsPage(
        [_view(draft) for draft in page.drafts],
        cursors.write(listing, page.last) if page.last is not None else None,
    )


@post(
    _PATH,
    status_code=200,
    **operation(
        "message.generate",
        Scope.CAMPAIGNS_WRITE,
        problems=[
            *_WRITE_PROBLEMS,
            "llm-not-configured",
            "too-many-drafts",
            "insufficient-credits",
            "credits-changed",
            "llm-unavailable",
            "reservation-over",
        ],
        request={"action": "resolve"},
        answer=_GENERATED,
    ),
)
async def generate_messages(
    request: ApiRequest,
    resolving: NamedDependency[Resolving],
    generating: NamedDependency[Generating],
    campaign_id: FromPath[UUID],
    data: JSONBody[GenerateMessages],
    if_match: IfMatch = None,
) -> MessagesGenerated:
    """Write the message drafts of a draft campaign. A draft that a person has edited always stays."""
    caller, expect = acting(request), precondition(if_match).require
    if data.action == "resolve":
        if data.prospect_ids is not UNSET:
            raise Invalid(FieldError("prospect_ids", "'resolve' is done for all leads; leave this out."))
        return _resolved(await resolving.resolve(caller, campaign_id, expect))
    lead_ids = None if data.prospect_ids is UNSET else data.prospect_ids
    return _generated(await generating.generate(caller, campaign_id, lead_ids, expect))


@patch(
    _PATH,
    **operation(
        "message.update",
        Scope.CAMPAIGNS_WRITE,
        problems=[*_WRITE_PROBLEMS, "node-not-found"],
        request={
            "prospect_id": _DRAFT["prospect_id"],
            "node_id": _DRAFT["node_id"],
            "body": "Hello Ada, …",
        },
        answer={"draft": _DRAFT},
    ),
)
async def update_message(
    request: ApiRequest,
    draft_editing: NamedDependency[DraftEditing],
    campaign_id: FromPath[UUID],
    data: JSONBody[EditDraft],
    if_match: IfMatch = None,
) -> OneDraft:
    """Edit what a lead will be sent for a node; from then on it is sent exactly so."""
    edit = DraftEdit(lead_id=data.prospect_id, node_id=data.node_id, subject=data.subject, body=data.body)
    edited = await draft_editing.edit(acting(request), campaign_id, edit, precondition(if_match).require)
    return OneDraft(_view(edited))


message_routes: Final[list[ControllerRouterHandler]] = [list_messages, generate_messages, update_message]


def _view(draft: DraftText) -> MessageDraft:
    return MessageDraft(
        prospect_id=draft.lead_id,
        node_id=draft.node_id,
        origin=draft.origin,
        subject=None if draft.words is None else draft.words.subject,
        body=None if draft.words is None else draft.words.body,
    )


def _resolved(resolved: Resolved) -> MessagesGenerated:
    return MessagesGenerated(
        written=resolved.written,
        kept=resolved.kept,
        unresolved=resolved.unresolved,
        unresolved_variables=[_gap(gap) for gap in resolved.gaps],
        failed=0,
        failures=[],
        credits_charged=0,
        credits_refunded=0,
    )


def _generated(generated: Generated) -> MessagesGenerated:
    return MessagesGenerated(
        written=generated.written,
        kept=generated.kept,
        unresolved=len(generated.gaps),
        unresolved_variables=[_gap(gap) for gap in generated.gaps[:SHOWN_GAPS]],
        failed=len(generated.failed),
        failures=[FailedDraft(each.lead_id, each.node_id, each.reason) for each in generated.failed],
        credits_charged=generated.charged,
        credits_refunded=generated.refunded,
    )


def _gap(gap: Gap) -> UnresolvedVariable:
    return UnresolvedVariable(gap.lead_id, gap.node_id, gap.variable)
