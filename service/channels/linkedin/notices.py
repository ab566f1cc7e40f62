"""What the provider tells of its own accord (webhooks): the kinds that matter here, read from the bodies it sends.

The provider names people by its own id, by their public name, or both. Its events carry an id of their own only here
and there; a message has one, and a relation begins once.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from service.channels.linkedin.shapes import normal_name, public_name

_OK: Final = frozenset({"OK", "RECONNECTED", "CREATION_SUCCESS", "SYNC_SUCCESS"})
_DISCONNECTED: Final = frozenset({"CREDENTIALS", "PERMISSIONS", "DELETED"})


class Malformed(Exception):
    """The body is not one that the provider sends; says what is wrong with it."""


class Spoken(Struct, frozen=True):
    """A person as a notice names them; at least one of the two is there."""

    name: str | None
    provider_id: str | None


class Connected(Struct, frozen=True):
    """A person and the account are connected."""

    account: str
    event_id: str
    who: Spoken


class Wrote(Struct, frozen=True):
    """A person wrote to the account."""

    account: str
    event_id: str
    who: Spoken
    words: str


class Works(Struct, frozen=True):
    """The provider acts for the account."""

    account: str
    event_id: str | None


class Broken(Struct, frozen=True):
    """The provider does not act for the account any more."""

    account: str
    event_id: str | None
    words: str


Notice: TypeAlias = Connected | Wrote | Works | Broken

# --- The bodies ------------------------------------------------------------------------------------------------------


class _Status(Struct, frozen=True):
    account_id: str
    message: str


class _Sender(Struct, frozen=True):
    attendee_provider_id: str | None = None
    attendee_public_identifier: str | None = None
    attendee_profile_url: str | None = None


class _Owner(Struct, frozen=True):
    user_id: str | None = None


class _Body(Struct, frozen=True):
    """Any body: ``AccountStatus``, or an ``event`` and its fields."""

    AccountStatus: _Status | None = None
    event: str | None = None
    event_id: str | None = None
    account_id: str | None = None
    # new_relation
    user_provider_id: str | None = None
    user_public_identifier: str | None = None
    user_profile_url: str | None = None
    # message_received
    message_id: str | None = None
    message: str | None = None
    is_sender: bool | int | None = None
    sender: _Sender | None = None
    account_info: _Owner | None = None


def read_notice(body: bytes) -> Notice | None:
    """What a body tells; None for what does not matter here. Raises ``Malformed``."""
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"This is no event of the provider: {error}.") from error
    if told.AccountStatus is not None:
        return _account_changed(told.AccountStatus, told.event_id)
    match told.event:
        case None:
            raise Malformed("This is no event of the provider: it has neither 'event' nor 'AccountStatus'.")
        case "new_relation":
            return _connected(told)
        case "message_received":
            return _wrote(told)
        case _:
            return None


def _account_changed(status: _Status, event_id: str | None) -> Notice | None:
    if status.message in _OK:
        return Works(status.account_id, event_id)
    if status.message in _DISCONNECTED:
        return Broken(status.account_id, event_id, f"The provider says of the account: {status.message}.")
    return None


def _connected(told: _Body) -> Notice:
    name = normal_name(told.user_public_identifier) or public_name(told.user_profile_url)
    who = _spoken(name, told.user_provider_id)
    event_id = told.event_id or f"relation:{who.provider_id or who.name}"
    return Connected(_account(told), event_id, who)


def _wrote(told: _Body) -> Notice | None:
    sender, owner = told.sender or _Sender(), told.account_info or _Owner()
    own_id = owner.user_id
    if told.is_sender or (own_id is not None and sender.attendee_provider_id == own_id):
        return None  # the account's own message, perhaps from another device
    event_id = told.event_id or (f"message:{told.message_id}" if told.message_id else None)
    if event_id is None:
        raise Malformed("A message needs a 'message_id' or an 'event_id', or it could count twice.")
    name = normal_name(sender.attendee_public_identifier) or _named_in(sender)
    return Wrote(_account(told), event_id, _spoken(name, sender.attendee_provider_id), told.message or "")


def _named_in(sender: _Sender) -> str | None:
    """The public name in the address of a profile, which may end with the provider's id instead."""
    name = public_name(sender.attendee_profile_url)
    return None if name == sender.attendee_provider_id else name


def _spoken(name: str | None, provider_id: str | None) -> Spoken:
    if not (name or provider_id):
        raise Malformed("The event does not say whom it is about.")
    return Spoken(name, provider_id)


def _account(told: _Body) -> str:
    if not told.account_id:
        raise Malformed("The event needs an 'account_id'.")
    return told.account_id
