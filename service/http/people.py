"""``/api/people``: erasing what is known of a person."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Final
from urllib.parse import unquote

from litestar import delete
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.identity import recognise
from domain.refusal import Invalid, Refused
from service.access import Scope
from service.http.acting import acting
from service.http.claims import Claims
from service.http.operations import operation
from service.http.requests import ApiRequest
from service.http.values import Count
from service.people.erasing import Erasing
from service.suppressions.entering import Identity


class ErasedView(Struct, frozen=True):
    """How many texts are gone: the data of `leads`, `drafts` of messages, and `documents` of any kind in all."""

    leads: Count
    drafts: Count
    documents: Count


class ErasedAnswer(Struct, frozen=True):
    """What was erased; all zeros for a person of whom nothing is known (any more)."""

    erased: ErasedView


OfPerson = Annotated[
    PurePosixPath,
    PathParameter(
        description="An e-mail address, or the address of a LinkedIn profile, percent-encoded.",
        schema_extra={"type": "string"},
    ),
]


@delete(
    "/people/{identity:path}",
    status_code=200,
    **operation(
        "person.erase",
        Scope.CAMPAIGNS_WRITE,
        problems=["invalid-value"],
        answer={"erased": {"leads": 2, "drafts": 3, "documents": 7}},
    ),
)
async def erase_person(
    request: ApiRequest,
    erasing: NamedDependency[Erasing],
    claims: NamedDependency[Claims],
    identity: OfPerson,
) -> ErasedAnswer:
    """Erase all that is known of a person, in every campaign, and leave them alone for good.

    What is still to be sent to them ends. Their leads stay as rows without data, so that counters hold. A keyed digest
    of the identity stays in the suppression list: who was erased is not imported again (and counted as a duplicate).
    """
    person = _identity(request)
    erased = await erasing.erase(acting(request), person)
    await claims.forget_about(
        request.caller.workspace_id, [person.text, *(str(lead_id) for lead_id in erased.lead_ids)]
    )
    return ErasedAnswer(ErasedView(erased.leads, erased.drafts, erased.documents))


people_routes: Final[list[ControllerRouterHandler]] = [erase_person]


def _identity(request: ApiRequest) -> Identity:
    """Whom the address names, as it was sent: routing has dropped one of the slashes of a profile's ``https://``."""
    raw: bytes = request.scope["raw_path"]
    try:
        return Identity(*recognise(unquote(raw.decode("ascii").partition("/people/")[2])))
    except Invalid:
        raise Refused(
            "not-found", "This is nobody: give an e-mail address, or the address of a LinkedIn profile."
        ) from None
