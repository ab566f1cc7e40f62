"""What the vault's documents hold: every text and secret of campaigns, senders and leads; nothing else has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast
from uuid import UUID

import msgspec
from msgspec import Struct, field

from domain import templating
from domain.campaign.events import TextRef
from domain.sequence import Node


class Words(Struct, frozen=True):
    """One text: a campaign's name or signature, a server's reply."""

    text: str


class NodeWords(Struct, frozen=True):
    """What a node says."""

    subject: str = ""
    body: str = ""


class SenderProfile(Struct, frozen=True, kw_only=True):
    """Who a sender account is. An e-mail account has an address, a LinkedIn account the provider's id of it."""

    email_address: str = ""
    provider_account_id: str = ""
    display_name: str = ""
    first_name: str = ""
    last_name: str = ""
    signature: str = ""

    @property
    def called(self) -> str:
        """What people know the account by."""
        return self.email_address or self.display_name or self.provider_account_id


class Inbox(Struct, frozen=True):
    """How to reach a sender's mail servers, credentials included."""

    smtp_url: str
    imap_url: str | None = None


class LeadProfile(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who a lead is; None where nothing is known. ``custom_fields``: the user's own keys."""

    email: str | None = None
    linkedin_url: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    company: str | None = None
    position: str | None = None
    headline: str | None = None
    custom_fields: dict[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """What the variables of a template stand for; only those that have a value."""
        return templating.lead_values(msgspec.structs.asdict(self))


def filled(words: NodeWords, values: Mapping[str, str]) -> NodeWords:
    """The words with every variable filled, the subject on one line. Raises ``templating.Unresolved``."""
    return NodeWords(
        templating.render_subject(templating.parse(words.subject), values),
        templating.render(templating.parse(words.body), values),
    )


T = TypeVar("T", bound=Struct)
_encoder = msgspec.json.Encoder()


def pack(document: Struct) -> bytes:
    """A document as the vault seals it."""
    return _encoder.encode(document)


def unpack(data: bytes, kind: type[T]) -> T:
    """A document as it was packed."""
    return msgspec.json.decode(data, type=kind)


class Opened:
    """Documents of the vault that were opened, each read once, however many leads are sent what stands in it."""

    def __init__(self, documents: Mapping[UUID, bytes]) -> None:
        self._documents = documents
        self._read: dict[UUID, Struct] = {}

    def words(self, ref: TextRef) -> str:
        """A name, a signature, an address."""
        return self.document(ref.document_id, Words).text

    def node(self, node: Node) -> NodeWords:
        """What a node says; empty when it has no text."""
        return self.document(node.text.document_id, NodeWords) if node.text else NodeWords()

    def document(self, document_id: UUID, kind: type[T]) -> T:
        """Any document that is there, as it was packed; always asked for as one kind."""
        if document_id not in self._read:
            self._read[document_id] = unpack(self._documents[document_id], kind)
        return cast(T, self._read[document_id])
