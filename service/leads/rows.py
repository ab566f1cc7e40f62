"""One lead as a client writes it, made into who it is (its identity) and what is known of it (its profile)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from domain import templating
from domain.identity import IDENTITY_FIELD, identity_bytes, normalise
from domain.refusal import FieldError, Invalid
from domain.sequence import Channel
from service.texts import LeadProfile

MAX_CUSTOM_FIELDS: Final = 100

Text: TypeAlias = Annotated[str, Meta(max_length=10_000)]
Key: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
CustomFields: TypeAlias = Annotated[
    dict[Key, Text | int | float | bool | None], Meta(max_length=MAX_CUSTOM_FIELDS)
]


class LeadFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a lead; at least the channel's identity: `email`, or `linkedin_url`."""

    email: Text | None = None
    linkedin_url: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    name: Text | None = None
    company: Text | None = None
    position: Text | None = None
    headline: Text | None = None
    custom_fields: CustomFields | None = None


class LeadUpdates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of some fields of a lead; null takes a value away. `custom_fields` are replaced as a whole."""

    email: Text | UnsetType | None = UNSET
    linkedin_url: Text | UnsetType | None = UNSET
    first_name: Text | UnsetType | None = UNSET
    last_name: Text | UnsetType | None = UNSET
    name: Text | UnsetType | None = UNSET
    company: Text | UnsetType | None = UNSET
    position: Text | UnsetType | None = UNSET
    headline: Text | UnsetType | None = UNSET
    custom_fields: CustomFields | UnsetType | None = UNSET


class NewLead(Struct, frozen=True, gc=False):
    """A lead ready to be written: ``canonical`` is its normalised identity on the campaign's channel.

    ``fields`` names the variables that have a value.
    """

    canonical: bytes
    profile: LeadProfile
    fields: tuple[str, ...]


class Prospect(Struct, frozen=True, gc=False):
    """A lead that is to join a campaign: the person by its digest, the lead it becomes, and its document.

    ``data`` is what the vault is to seal; ``fields`` names the variables that have a value.
    """

    person_id: UUID
    lead_id: UUID
    document_id: UUID
    data: bytes
    fields: tuple[str, ...]


class BadRow(Struct, frozen=True):
    """A row of a file that is no lead; ``row`` counts the rows from 1, without a header."""

    row: int
    message: str


def new_lead(channel: Channel, fields: LeadFields) -> NewLead:
    """The lead that ``fields`` describe. Raises ``Invalid`` for an identity that is missing or can't be one."""
    texts = {
        name: text
        for name, value in asdict(fields).items()
        if isinstance(value, str) and (text := value.strip())
    }
    return lead_of(channel, texts, _texts(fields.custom_fields or {}))


def lead_of(channel: Channel, texts: Mapping[str, str], custom: dict[str, str]) -> NewLead:
    """The lead of whom this is known; ``texts`` by the names of ``LeadFields``, none blank. Raises ``Invalid``."""
    field = IDENTITY_FIELD[channel]
    if field not in texts:
        raise Invalid(FieldError(field, f"A lead of this campaign needs '{field}'."))
    identity = normalise(channel, texts[field])
    told = tuple([key for key, text in custom.items() if text.strip()])
    return NewLead(
        identity_bytes(channel, identity),
        LeadProfile(**{**texts, field: identity}, custom_fields=custom),
        templating.named_values(tuple(texts), told),
    )


def distinct(prospects: Iterable[Prospect]) -> list[Prospect]:
    """Each person once, as told first, in order."""
    people: dict[UUID, Prospect] = {}
    for prospect in prospects:
        people.setdefault(prospect.person_id, prospect)
    return list(people.values())


def updated(profile: LeadProfile, updates: LeadUpdates) -> LeadFields:
    """The fields of a lead after an edit."""
    changes = {name: value for name, value in asdict(updates).items() if value is not UNSET}
    return LeadFields(**(asdict(profile) | changes))


def _texts(custom: CustomFields) -> dict[str, str]:
    """Custom fields as texts; those without a value are left out. True and false are written as in JSON."""
    return {key: _text(value) for key, value in custom.items() if value is not None}


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
