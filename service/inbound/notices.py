"""What a mail provider tells of its own accord: a received message, raw or in parts, or what became of one of ours.

The body is that of Standard Webhooks, ``{"type": …, "data": {…}}``. ``mailbox`` is the address of the sender account,
``sent_message_id`` the Message-ID of a mail that it sent.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from domain.identity import normalise_email
from domain.refusal import Invalid
from service.channels.received import (
    LONGEST_WORDS,
    AutomaticAnswer,
    Complaint,
    DeliveryDelayed,
    DeliveryFailed,
    Recognised,
    Reply,
    recognise,
    send_ids,
)

_PERSONS: Final = ("", "no")  # RFC 3834, 5


class Malformed(Exception):
    """The body is none that is understood here; says what is wrong with it."""


class Notice(Struct, frozen=True):
    """A message at a mailbox, by its normalised address."""

    mailbox: str
    message: Recognised


# --- The bodies ------------------------------------------------------------------------------------------------------


class Envelope(Struct, frozen=True):
    """Any body."""

    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


class RawMessage(Struct, frozen=True):
    """``message.raw``: a message as it arrived (RFC 5322), in base64."""

    mailbox: str
    raw: str


class ParsedMessage(Struct, frozen=True, rename={"sender": "from"}):
    """``message.received``: a message in parts; ``auto_submitted`` is its header of that name (RFC 3834)."""

    mailbox: str
    sender: str
    message_id: str = ""
    in_reply_to: str = ""
    references: str = ""
    auto_submitted: str = ""
    text: str = ""


class BouncedMessage(Struct, frozen=True):
    """``message.bounced``: a mail could not be delivered; ``code`` is the SMTP status, ``status`` that of RFC 3463."""

    mailbox: str
    recipient: str = ""
    sent_message_id: str = ""
    code: int = 0
    status: str = ""
    reply: str = ""


class OtherNews(Struct, frozen=True):
    """``message.delayed``, ``message.complained``: a mail is late, or was reported as unwanted."""

    mailbox: str
    recipient: str = ""
    sent_message_id: str = ""


def read_notice(body: bytes) -> Notice | None:
    """What a body tells; None for a type that does not matter here. Raises ``Malformed``."""
    envelope = _decoded(body, Envelope)
    read = _READERS.get(envelope.type)
    if read is None:
        return None
    mailbox, message = read(bytes(envelope.data))
    try:
        return Notice(normalise_email(mailbox), message)
    except Invalid:
        raise Malformed("'data.mailbox' must be the address of a sender account.") from None


Read: TypeAlias = tuple[str, Recognised]


def _raw(data: bytes) -> Read:
    told = _decoded(data, RawMessage)
    try:
        return told.mailbox, recognise(b64decode(told.raw, validate=True))
    except ValueError:
        raise Malformed("'data.raw' must be a whole message (RFC 5322) in base64.") from None


def _received(data: bytes) -> Read:
    told = _decoded(data, ParsedMessage)
    if told.auto_submitted.partition(";")[0].strip().lower() not in _PERSONS:
        return told.mailbox, AutomaticAnswer(message_id=told.message_id)
    about = send_ids(told.in_reply_to, *reversed(told.references.split()))
    words = told.text[:LONGEST_WORDS]
    return told.mailbox, Reply(message_id=told.message_id, sender=told.sender, about=about, words=words)


def _bounced(data: bytes) -> Read:
    told = _decoded(data, BouncedMessage)
    return told.mailbox, DeliveryFailed(
        recipient=told.recipient,
        about=send_ids(told.sent_message_id),
        code=told.code if 400 <= told.code <= 599 else 0,
        status=told.status,
        words=told.reply[:LONGEST_WORDS],
    )


def _delayed(data: bytes) -> Read:
    return _decoded(data, OtherNews).mailbox, DeliveryDelayed()


def _complained(data: bytes) -> Read:
    told = _decoded(data, OtherNews)
    return told.mailbox, Complaint(recipient=told.recipient, about=send_ids(told.sent_message_id))


_READERS: Final[Mapping[str, Callable[[bytes], Read]]] = {
    "message.raw": _raw,
    "message.received": _received,
    "message.bounced": _bounced,
    "message.delayed": _delayed,
    "message.complained": _complained,
}

T = TypeVar("T")


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        decoded: Any = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"This is no event that is understood here: {error}.") from error
    return decoded  # type: ignore[no-any-return]
