"""``/api/senders``: the sender accounts of a workspace."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.sequence import Channel
from service.access import Scope
from service.http.acting import acting
from service.http.moments import AsOf, moment
from service.http.operations import operation
from service.http.paging import Cursor, Cursors, Limit
from service.http.requests import ApiRequest
from service.senders.accounts import Accounts
from service.senders.forms import NewSender, SenderUpdate
from service.senders.reading import SenderReading, SenderView


class OneSender(Struct, frozen=True):
    """A sender account."""

    sender: SenderView


class SenderPage(Struct, frozen=True):
    """Sender accounts, newest first; `next_cursor` is null on the last page."""

    senders: list[SenderView]
    next_cursor: str | None


_WRITTEN: Final[dict[str, Any]] = {
    "display_name": "Ada Example",
    "first_name": "Ada",
    "last_name": "Example",
    "signature": "Ada Example, Example Ltd",
    "daily_limit": 30,
    "warmup_status": "active",
}
_INBOX: Final = {
    "smtp_url": "smtps://ada:secret@mail.example.com:465",
    "imap_url": "imaps://ada:secret@mail.example.com:993",
}
_EXAMPLE: Final[dict[str, Any]] = {
    "id": "01939d3b-77a0-7d51-8c11-2f6a90b3e854",
    "type": "email",
    "email_address": "ada@example.com",
    "provider_account_id": None,
    "is_premium": None,
    **_WRITTEN,
    "weekly_connection_limit": None,
    "weekly_message_limit": None,
    "inbox_configured": True,
    "status": "active",
    "error_detail": None,
    "usage": {"today_sent": 12, "weekly_connections_sent": 0, "weekly_messages_sent": 0},
    "created_at": "2030-01-30T16:00:00Z",
    "updated_at": "2030-01-30T16:00:01Z",
}


@get(
    "/senders",
    **operation(
        "sender.list",
        Scope.CAMPAIGNS_READ,
        problems=["invalid-cursor"],
        answer={"senders": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_senders(
    request: ApiRequest,
    sender_reading: NamedDependency[SenderReading],
    cursors: NamedDependency[Cursors],
    channel: Annotated[
        Channel | None, QueryParameter(name="type", description="Only accounts of this type.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SenderPage:
    """The sender accounts, newest first."""
    workspace_id = request.caller.workspace_id
    listing = f"senders:{workspace_id}:{channel or 'all'}"
    before = cursors.read(listing, cursor, UUID) if cursor else None
    found = await sender_reading.page(workspace_id, channel, before, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return SenderPage(shown, cursors.write(listing, shown[-1].id) if more else None)


@post(
    "/senders",
    **operation(
        "sender.create",
        Scope.SENDERS_WRITE,
        problems=["sender-exists"],
        request={"type": "email", "email_address": "ada@example.com", **_WRITTEN, "inbox": _INBOX},
        answer={"sender": _EXAMPLE},
    ),
)
async def create_sender(
    request: ApiRequest,
    accounts: NamedDependency[Accounts],
    sender_reading: NamedDependency[SenderReading],
    data: JSONBody[NewSender],
) -> OneSender:
    """Connect a sender account, and try it at once.

    An inbox that can't be used makes the account's status `error`; so does a LinkedIn provider that can't say whether
    the account works. One that does not know the account makes it `disconnected`.
    """
    caller = acting(request)
    sender = await accounts.add(caller, data)
    return OneSender(await sender_reading.shown(caller.workspace_id, sender))


@get(
    "/senders/{sender_id:uuid}",
    **operation("sender.get", Scope.CAMPAIGNS_READ, answer={"sender": _EXAMPLE}),
)
async def get_sender(
    request: ApiRequest,
    sender_reading: NamedDependency[SenderReading],
    sender_id: FromPath[UUID],
    as_of: AsOf = None,
) -> OneSender:
    """A sender account, and what went out through it today; or, without that, the account as it was at a moment."""
    workspace_id = request.caller.workspace_id
    if as_of is None:
        return OneSender(await sender_reading.one(workspace_id, sender_id))
    return OneSender(await sender_reading.past(workspace_id, sender_id, moment(as_of, "as_of")))


@patch(
    "/senders/{sender_id:uuid}",
    **operation(
        "sender.update",
        Scope.SENDERS_WRITE,
        problems=["sender-changed"],
        request={"daily_limit": 50, "warmup_status": "active"},
        answer={"sender": _EXAMPLE | {"daily_limit": 50}},
    ),
)
async def update_sender(
    request: ApiRequest,
    accounts: NamedDependency[Accounts],
    sender_reading: NamedDependency[SenderReading],
    sender_id: FromPath[UUID],
    data: JSONBody[SenderUpdate],
) -> OneSender:
    """Change a sender account. The address stays; another inbox is tried at once. Limits count from now on."""
    caller = acting(request)
    sender = await accounts.change(caller, sender_id, data)
    return OneSender(await sender_reading.shown(caller.workspace_id, sender))


@delete(
    "/senders/{sender_id:uuid}",
    **operation("sender.delete", Scope.SENDERS_WRITE, problems=["sender-in-use", "sender-changed"]),
)
async def delete_sender(
    request: ApiRequest, accounts: NamedDependency[Accounts], sender_id: FromPath[UUID]
) -> None:
    """Use a sender account no longer; its history remains. Not while a campaign is sending through it."""
    await accounts.remove(acting(request), sender_id)


@post(
    "/senders/{sender_id:uuid}/verify",
    status_code=200,
    **operation(
        "sender.verify",
        Scope.SENDERS_WRITE,
        problems=["sender-inbox-missing", "sender-changed"],
        answer={"sender": _EXAMPLE},
    ),
)
async def verify_sender(
    request: ApiRequest,
    accounts: NamedDependency[Accounts],
    sender_reading: NamedDependency[SenderReading],
    sender_id: FromPath[UUID],
) -> OneSender:
    """Try whether the account works; its status says so, `error_detail` why not.

    For `email` its inbox is tried: connect, TLS, log in. For `linkedin` the provider is asked whether it acts for it.
    """
    caller = acting(request)
    sender = await accounts.verify(caller, sender_id)
    return OneSender(await sender_reading.shown(caller.workspace_id, sender))


sender_routes: Final[list[ControllerRouterHandler]] = [
    list_senders,
    create_sender,
    get_sender,
    update_sender,
    delete_sender,
    verify_sender,
]
