"""The addresses of the double: those of the provider under ``/api/v1``, and ``/control`` to look at it and order it.

``GET /control`` shows everything it knows, ``PATCH /control`` changes its manners, and ``POST /control/…`` lets
something happen on LinkedIn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from litestar import Response, get, patch, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from tests.linkedin import answers
from tests.linkedin.double import AnyRequest, Double, as_json, refused
from tests.linkedin.network import Account, Person
from tests.linkedin.orders import Accept, Manners, Say, SetAccount

ControlT = TypeVar("ControlT", Accept, Say, SetAccount)
Listing = Callable[[list[Person], bool, str | None], dict[str, Any]]


@get("/api/v1/accounts/{account_id:str}")
async def look_up(request: AnyRequest, account_id: FromPath[str]) -> Response[bytes]:
    double = _asked(request)
    return await double.answer(request, "look_up", account_id, lambda of, _: as_json(answers.account(of)))


@get("/api/v1/users/{name:str}")
async def profile(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    double = _asked(request)

    def show(account: Account, nameless: bool) -> Response[bytes]:
        if name in double.manners.missing:
            return refused(404, "resource_not_found", "Resource not found.", "User not found.")
        return as_json(answers.profile(double.network.person(name), account, nameless))

    return await double.answer(request, "profile", _asked_account(request), show)


@get("/api/v1/users/invite/sent")
async def invitations(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)

    def show(account: Account, nameless: bool) -> Response[bytes]:
        people = [double.network.person(name) for name in reversed(account.invitations)]
        return _page(request, people, nameless, answers.invitations)

    return await double.answer(request, "invitations", _asked_account(request), show)


@get("/api/v1/users/relations")
async def relations(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)

    def show(account: Account, nameless: bool) -> Response[bytes]:
        people = [double.network.person(name) for name in account.relations]
        return _page(request, people, nameless, answers.relations)

    return await double.answer(request, "relations", _asked_account(request), show)


@get("/api/v1/chat_attendees/{attendee_id:str}/chats")
async def chats(request: AnyRequest, attendee_id: FromPath[str]) -> Response[bytes]:
    double = _asked(request)

    def show(account: Account, nameless: bool) -> Response[bytes]:
        person = double.network.known(attendee_id)
        if person is None or person.name not in account.chats:
            return refused(404, "resource_not_found", "Resource not found.", "Attendee not found.")
        return as_json(answers.chats([f"{account.id}-{person.name}"], nameless))

    return await double.answer(request, "chats", _asked_account(request), show)


@get("/api/v1/chats/{chat_id:str}/messages")
async def messages(request: AnyRequest, chat_id: FromPath[str]) -> Response[bytes]:
    double = _asked(request)
    of = next((known for known in double.network.accounts.values() if chat_id in known.chat_ids), None)
    if of is None:
        return refused(404, "resource_not_found", "Resource not found.", "Chat not found.")
    said = of.chats[of.chat_ids[chat_id]]
    return await double.answer(request, "messages", of.id, lambda _, __: as_json(answers.messages(said)))


@post("/api/v1/users/invite")
async def invite(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)
    body = msgspec.json.decode(await request.body())

    def act(account: Account, nameless: bool) -> Response[bytes]:
        person = double.network.known(body["provider_id"])
        if person is None:
            return refused(422, "invalid_recipient", "Invalid recipient", "There is no such person.")
        account.invited_ever[person.name] += 1
        if person.name in account.relations:
            return refused(422, "already_connected", "Already connected", "They are connected already.")
        if person.name in account.invitations:
            return refused(
                422, "already_invited_recently", "Already invited recently", "An invitation was sent."
            )
        limit = double.manners.invitation_limit
        if limit is not None and account.invited_ever.total() > limit:
            account.invited_ever[person.name] -= 1
            return refused(422, "cannot_resend_yet", "Cannot resend yet", "A temporary provider limit.")
        double.network.invite(account, person, double.accepted_at(account))
        return as_json(answers.invited(person, nameless), 201)

    return await double.answer(request, "invite", body["account_id"], act)


@post("/api/v1/chats")
async def message(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)
    form = await request.form()

    def act(account: Account, nameless: bool) -> Response[bytes]:
        person = double.network.known(form["attendees_ids"])
        if person is None or person.name not in account.relations:
            return refused(422, "no_connection_with_recipient", "No connection", "They are not connected.")
        said = double.network.say(account, person, form["text"], own=True)
        double.maybe_reply(account, person)
        return as_json(answers.chat_started(f"{account.id}-{person.name}", said, nameless), 201)

    return await double.answer(request, "message", form["account_id"], act)


@get("/control")
async def show(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)
    return as_json({id_: _shown(account) for id_, account in double.network.accounts.items()})


@patch("/control")
async def behave(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)
    present = msgspec.to_builtins(double.manners)
    double.manners = msgspec.convert(present | msgspec.json.decode(await request.body()), Manners)
    return as_json(double.manners)


@post("/control/accept")
async def accept(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)
    order = await _order(request, Accept)
    double.accept(double.network.account(order.account), double.network.person(order.person))
    return as_json({})


@post("/control/say")
async def say(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)
    order = await _order(request, Say)
    double.say(
        double.network.account(order.account), double.network.person(order.person), order.text, order.own
    )
    return as_json({})


@post("/control/account")
async def set_account(request: AnyRequest) -> Response[bytes]:
    double = _asked(request)
    order = await _order(request, SetAccount)
    double.set_status(double.network.account(order.account), order.status)
    return as_json({})


ROUTES: Final[Sequence[ControllerRouterHandler]] = (
    *(look_up, profile, invitations, relations, chats, messages),
    *(invite, message),
    *(show, behave, accept, say, set_account),
)
"""Everything a double answers to: its questions, its actions, and its control."""


def _asked(request: AnyRequest) -> Double:
    """The double that is asked: whoever serves it says so."""
    double: Double = request.scope["state"]["double"]
    return double


def _asked_account(request: AnyRequest) -> str:
    return str(request.query_params.get("account_id", ""))


def _page(request: AnyRequest, people: list[Person], nameless: bool, listing: Listing) -> Response[bytes]:
    """The part of a list that is asked for; a cursor is where it begins."""
    start = int(request.query_params.get("cursor", 0))
    end = start + int(request.query_params.get("limit", 100))
    return as_json(listing(people[start:end], nameless, str(end) if end < len(people) else None))


async def _order(request: AnyRequest, kind: type[ControlT]) -> ControlT:
    return msgspec.json.decode(await request.body(), type=kind)


def _shown(account: Account) -> dict[str, Any]:
    """What can be seen of an account from outside."""
    return {
        "status": account.status,
        "invited_ever": account.invited_ever,
        "invited": list(account.invitations),
        "relations": account.relations,
        "said": {name: [m.text for m in said if m.own] for name, said in account.chats.items()},
        "asked": account.asked,
    }
