"""``/api/suppressions``: the people of a workspace who must not be written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from domain.identity import IDENTITY_FIELD, normalise
from domain.refusal import FieldError, Invalid
from domain.sequence import Channel
from domain.suppression import SuppressionReason
from service.access import Scope
from service.http.acting import acting
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.requests import ApiRequest
from service.http.values import Count, Time
from service.leads.rows import Text
from service.suppressions.entering import Identity, SuppressionList
from service.suppressions.reading import TOP, Place, SuppressedPerson, SuppressionReading


class SuppressionView(Struct, frozen=True, kw_only=True):
    """A person who must not be written to. Of an erased person, or one no lead tells of any more, no address is left.

    Of several reasons the first of these is shown: `unsubscribed`, `complaint`, `erased`, `hard-bounce`, `manual`.
    """

    id: UUID
    type: Channel
    email: str | None
    linkedin_url: str | None
    reason: SuppressionReason
    since: Time


class SuppressionPage(Struct, frozen=True):
    """Suppressed people, newest first; `next_cursor` is null on the last page."""

    suppressions: list[SuppressionView]
    next_cursor: str | None


class SuppressionEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person: either `email` or `linkedin_url`."""

    email: Text | None = None
    linkedin_url: Text | None = None


class AddSuppressions(Struct, frozen=True, forbid_unknown_fields=True):
    """People to be suppressed, all or none."""

    suppressions: Annotated[list[SuppressionEntry], Meta(min_length=1, max_length=1000)]


class AddedSuppressions(Struct, frozen=True):
    """How many were entered, and how many had been entered before, or twice in the call."""

    added: Count
    known: Count


_EXAMPLE: Final = {
    "id": "5b7c9e2a-1b7e-8c0e-9d3a-0f5b7c9e2a41",
    "type": "email",
    "email": "ada@example.com",
    "linkedin_url": None,
    "reason": "manual",
    "since": "2030-01-31T09:00:00Z",
}

OfReason = Annotated[
    SuppressionReason | None, QueryParameter(name="reason", description="Only people suppressed for it.")
]
OfType = Annotated[Channel | None, QueryParameter(name="type", description="Only people of one channel.")]


@get(
    "/suppressions",
    **operation(
        "suppression.list",
        Scope.CAMPAIGNS_READ,
        problems=["invalid-cursor"],
        answer={"suppressions": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_suppressions(
    request: ApiRequest,
    suppression_reading: NamedDependency[SuppressionReading],
    cursors: NamedDependency[Cursors],
    reason: OfReason = None,
    type_: OfType = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SuppressionPage:
    """The people whom nothing is sent to: entered by hand, unsubscribed, erased, or without a mailbox."""
    workspace_id = request.caller.workspace_id
    listing = f"suppressions:{workspace_id}:{reason}:{type_}"
    after = cursors.read(listing, cursor, Place) if cursor else TOP
    found = await suppression_reading.page(workspace_id, reason, type_, after, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    last = cursors.write(listing, Place(shown[-1].since, shown[-1].id)) if more else None
    return SuppressionPage([_view(person) for person in shown], last)


@post(
    "/suppressions",
    status_code=200,
    **operation(
        "suppression.create",
        Scope.CAMPAIGNS_WRITE,
        request={"suppressions": [{"email": "ada@example.com"}]},
        answer={"added": 1, "known": 0},
    ),
)
async def create_suppressions(
    request: ApiRequest, suppression_list: NamedDependency[SuppressionList], data: JSONBody[AddSuppressions]
) -> AddedSuppressions:
    """Suppress up to 1,000 people. What is still to be sent to them ends at once, in every campaign."""
    entered = await suppression_list.enter(acting(request), _identities(data.suppressions))
    return AddedSuppressions(entered.added, entered.known)


@delete(
    "/suppressions/{suppression_id:uuid}",
    **operation(
        "suppression.delete",
        Scope.CAMPAIGNS_WRITE,
        problems=["unsubscribed-for-good", "complained-for-good", "erased-for-good"],
    ),
)
async def delete_suppression(
    request: ApiRequest,
    suppression_list: NamedDependency[SuppressionList],
    suppression_id: FromPath[UUID],
) -> None:
    """Lift a manual entry or a hard bounce: later launches take the person again."""
    await suppression_list.lift(acting(request), suppression_id)


suppression_routes: Final[list[ControllerRouterHandler]] = [
    list_suppressions,
    create_suppressions,
    delete_suppression,
]


def _identities(entries: Sequence[SuppressionEntry]) -> list[Identity]:
    """The people of a call. Raises ``Invalid`` naming every entry that is none."""
    identities: list[Identity] = []
    errors: list[FieldError] = []
    for index, entry in enumerate(entries):
        try:
            identities.append(_identity(entry))
        except Invalid as invalid:
            place = f"suppressions[{index}]"
            errors += [
                FieldError(f"{place}.{error.path}".rstrip("."), error.message) for error in invalid.errors
            ]
    if errors:
        raise Invalid(*errors)
    return identities


def _identity(entry: SuppressionEntry) -> Identity:
    given: dict[Channel, str] = {
        channel: text for channel, field in IDENTITY_FIELD.items() if (text := getattr(entry, field))
    }
    if len(given) != 1:
        raise Invalid(FieldError("", "Give either 'email' or 'linkedin_url'."))
    ((channel, text),) = given.items()
    return Identity(channel, normalise(channel, text))


def _view(person: SuppressedPerson) -> SuppressionView:
    """The identity of the person's channel; what else their lead may tell is not the list's business."""
    by_mail = person.channel == "email"
    return SuppressionView(
        id=person.id,
        type=person.channel,
        email=person.profile.email if by_mail else None,
        linkedin_url=None if by_mail else person.profile.linkedin_url,
        reason=person.reason,
        since=person.since,
    )
