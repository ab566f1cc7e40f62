"""The answers of a Unipile-shaped API, as far as they matter here. Whatever it may leave out, or give as null, is None.

A person has two names there: the public one that ends the address of their profile, and the provider's id. Answers
may hold either, both, or none.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from domain.identity import normalise_linkedin_url
from domain.refusal import Invalid

_PROFILE: Final = "https://www.linkedin.com/in/"

T = TypeVar("T", bound=Struct)

# --- Accounts --------------------------------------------------------------------------------------------------------


class Source(Struct, frozen=True):
    """One of the services that the provider runs for an account."""

    status: str | None = None


class Account(Struct, frozen=True):
    """A connected account."""

    object: str | None = None
    id: str | None = None
    type: str | None = None
    sources: list[Source] | None = None

    @property
    def told(self) -> bool:
        """Whether the answer was about an account at all."""
        return self != Account()

    @property
    def statuses(self) -> frozenset[str]:
        """What its services say of themselves."""
        return frozenset(source.status for source in self.sources or () if source.status)


# --- People ----------------------------------------------------------------------------------------------------------


class Invitation(Struct, frozen=True):
    """The invitation between an account and a person, as a profile shows it."""

    type: str | None = None
    status: str | None = None


class Profile(Struct, frozen=True):
    """A person, as an account sees them."""

    provider_id: str | None = None
    public_identifier: str | None = None
    network_distance: str | None = None
    invitation: Invitation | None = None

    @property
    def connected(self) -> bool | None:
        """Whether the account is connected with them; None when that is not told."""
        return None if self.network_distance is None else self.network_distance == "FIRST_DEGREE"

    @property
    def invited(self) -> bool:
        """Whether an invitation of the account is surely waiting for them."""
        waiting = self.invitation
        return waiting is not None and (waiting.type, waiting.status) == ("SENT", "PENDING")


class Who(Struct, frozen=True):
    """The names that an entry of a list gives of a person, in their normal form; None for what it does not give."""

    name: str | None
    provider_id: str | None

    def is_one_of(self, name: str, provider_id: str | None) -> bool | None:
        """Whether this is the person of these names; None when the entry can't tell."""
        if self.provider_id and provider_id:
            return self.provider_id == provider_id
        if self.name:
            return self.name.casefold() == name.casefold()
        return None


class SentInvitation(Struct, frozen=True):
    """An entry of the invitations sent."""

    invited_user_id: str | None = None
    invited_user_public_id: str | None = None

    @property
    def who(self) -> Who:
        """Whom it invites."""
        return Who(normal_name(self.invited_user_public_id), self.invited_user_id)


class Relation(Struct, frozen=True):
    """An entry of the relations."""

    member_id: str | None = None
    public_identifier: str | None = None
    public_profile_url: str | None = None

    @property
    def who(self) -> Who:
        """With whom the account is connected."""
        return Who(
            normal_name(self.public_identifier) or public_name(self.public_profile_url), self.member_id
        )


# --- Conversations ---------------------------------------------------------------------------------------------------


class Chat(Struct, frozen=True):
    """A conversation."""

    id: str | None = None


class Message(Struct, frozen=True):
    """A message of a conversation; ``is_sender`` is true or 1 for the account's own."""

    text: str | None = None
    is_sender: bool | int | None = None


# --- Done ------------------------------------------------------------------------------------------------------------


class Receipt(Struct, frozen=True):
    """What the provider answers to an action; its ids may be missing, and serve as evidence only."""

    invitation_id: object = None
    message_id: object = None


# --- Lists -----------------------------------------------------------------------------------------------------------


class Page(Struct, frozen=True):
    """A page of a list, its entries not looked at yet; ``cursor`` leads to the next one."""

    items: list[Any]
    cursor: str | None = None

    def entries(self, shape: type[T]) -> list[T]:
        """The entries in this shape; one of another shape says nothing, as one full of nulls does."""
        return [_entry(item, shape) for item in self.items]


def _entry(item: object, shape: type[T]) -> T:
    try:
        return msgspec.convert(item, shape)
    except msgspec.ValidationError:
        return shape()


# --- Names -----------------------------------------------------------------------------------------------------------


def public_name(address: str | None) -> str | None:
    """The public name that ends the address of a profile, in its normal form; None when there is none."""
    try:
        return normalise_linkedin_url(address).removeprefix(_PROFILE) if address else None
    except Invalid:
        return None


def normal_name(name: str | None) -> str | None:
    """A public name in its normal form, which is that of the address it ends."""
    return public_name(_PROFILE + name) if name else None
