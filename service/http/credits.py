"""``/api/credits``: what paid actions cost, and the workspace's ledger of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct
from msgspec.structs import asdict

from domain.credits import (
    COSTS,
    LARGEST_GRANT,
    Action,
    CreditsCharged,
    CreditsGranted,
    CreditsRefunded,
    CreditsReserved,
    RefundReason,
    price,
)
from domain.event import Event, Recorded
from service.access import Scope
from service.credits.reading import CreditReading
from service.credits.repository import Credits
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.requests import ApiRequest
from service.http.values import Count, Time

EntryKind = Literal["granted", "reserved", "charged", "refunded"]


class CreditConfig(Struct, frozen=True):
    """The price of each action, in credits. Launching costs none."""

    costs: dict[Action, Count]


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One movement of credits. Of a reservation, what is charged and what is refunded add up to what was reserved."""

    id: UUID
    type: EntryKind
    amount: Count
    reservation_id: UUID | None = None
    action: Action | None = None
    count: Count | None = None
    reason: RefundReason | None = None
    actor: str
    created_at: Time


class CreditAccount(Struct, frozen=True):
    """What can be spent (`balance`), what is set aside for work under way, and the entries, newest first."""

    balance: Count
    reserved: Count
    ledger: list[LedgerEntry]
    next_cursor: str | None


class PreviewCredits(Struct, frozen=True, forbid_unknown_fields=True):
    """An action, and how often it would be done."""

    action: Action
    count: Annotated[int, Meta(ge=1, le=LARGEST_GRANT)]


class CreditPreview(Struct, frozen=True, kw_only=True, rename="camel"):
    """What it would cost, and whether the balance is enough for it now."""

    action: Action
    count: Count
    cost_per_unit: Count
    total_credits: Count
    sufficient: bool
    balance: Count


_KINDS: Final[Mapping[type[Event], EntryKind]] = {
    CreditsGranted: "granted",
    CreditsReserved: "reserved",
    CreditsCharged: "charged",
    CreditsRefunded: "refunded",
}
_EXAMPLE: Final = {
    "id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a44",
    "type": "charged",
    "amount": 4,
    "reservation_id": "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a45",
    "action": None,
    "count": 2,
    "reason": None,
    "actor": "key:01939d3c-3b7e-7c0e-9d3a-0f5b7c9e2a41",
    "created_at": "2030-01-31T09:00:00Z",
}


@get(
    "/credits/config",
    sync_to_thread=False,
    **operation("credits.config", Scope.CAMPAIGNS_READ, answer={"costs": dict(COSTS)}),
)
def credit_config() -> CreditConfig:
    """What paid actions cost."""
    return CreditConfig(dict(COSTS))


@get(
    "/credits",
    **operation(
        "credits.list",
        Scope.CAMPAIGNS_READ,
        problems=["invalid-cursor"],
        answer={"balance": 96, "reserved": 0, "ledger": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_credits(
    request: ApiRequest,
    credits: NamedDependency[Credits],
    credit_reading: NamedDependency[CreditReading],
    cursors: NamedDependency[Cursors],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CreditAccount:
    """The workspace's balance, and what became of its credits, newest first."""
    workspace_id = request.caller.workspace_id
    listing = f"credits:{workspace_id}"
    before = cursors.read(listing, cursor, int) if cursor else None
    found = await credit_reading.page(workspace_id, before, limit + 1)
    ledger = await credits.load(workspace_id)
    shown = found[:limit]
    more = len(found) > limit
    return CreditAccount(
        ledger.balance,
        ledger.reserved,
        [_entry(recorded) for recorded in shown],
        cursors.write(listing, shown[-1].version) if more else None,
    )


@post(
    "/credits/preview",
    status_code=200,
    **operation(
        "credits.preview",
        Scope.CAMPAIGNS_READ,
        request={"action": "AI_MESSAGE_GENERATION", "count": 50},
        answer={
            "action": "AI_MESSAGE_GENERATION",
            "count": 50,
            "costPerUnit": 2,
            "totalCredits": 100,
            "sufficient": False,
            "balance": 96,
        },
    ),
)
async def preview_credits(
    request: ApiRequest, credits: NamedDependency[Credits], data: JSONBody[PreviewCredits]
) -> CreditPreview:
    """What it would cost to do something so often; nothing is done and nothing is charged."""
    ledger = await credits.load(request.caller.workspace_id)
    total = price(data.action, data.count)
    return CreditPreview(
        action=data.action,
        count=data.count,
        cost_per_unit=COSTS[data.action],
        total_credits=total,
        sufficient=total <= ledger.balance,
        balance=ledger.balance,
    )


credit_routes: Final[list[ControllerRouterHandler]] = [credit_config, list_credits, preview_credits]


def _entry(recorded: Recorded) -> LedgerEntry:
    told = asdict(recorded.event)
    told.pop("grant_id", None)
    return LedgerEntry(
        id=recorded.event_id,
        type=_KINDS[type(recorded.event)],
        **told,
        actor=recorded.actor,
        created_at=recorded.recorded_at,
    )
