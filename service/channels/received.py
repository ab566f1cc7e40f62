"""Received mail, read: what a message in a sender's inbox means for who was written to.

A pure step from bytes to one of a few kinds. Nothing that anybody sends may make it fail; what can't be understood is
``Unrelated``. Addresses and words of a message are personal: they belong into the vault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes, message_from_string
from email.message import Message
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

Part: TypeAlias = "Message[str, str]"

LONGEST_WORDS: Final = 100_000
"""Characters of an answer that are kept."""

_SEND_ID: Final = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>@\s]+>", re.IGNORECASE)
_SMTP_CODE: Final = re.compile(r"([45]\d\d)(?=[ -]|$)")
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_COMPLAINTS: Final = frozenset({"abuse", "fraud", "opt-out"})
_MARKS_OF_PROGRAMS: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")
_PRECEDENCE_OF_PROGRAMS: Final = frozenset({"bulk", "junk", "auto_reply", "list"})
_MARKS_OF_LISTS: Final = ("List-Id", "List-Unsubscribe")


class Received(Struct, frozen=True, kw_only=True):
    """A message. ``message_id`` is what tells it from others, as its sender wrote it; empty if it has none."""

    message_id: str = ""


class Reply(Received, frozen=True, kw_only=True):
    """A person writes from the address ``sender``; ``about`` names the sends it answers, the nearest first."""

    sender: str
    about: tuple[UUID, ...] = ()
    words: str = ""


class AutomaticAnswer(Received, frozen=True, kw_only=True):
    """A program answers: an out-of-office, a read receipt (RFC 3834, RFC 8098)."""


class DeliveryFailed(Received, frozen=True, kw_only=True):
    """A mail came back (RFC 3464): to whom it was, which send it was, and the last server's words.

    ``code`` is that server's SMTP status, 0 if not told; ``status`` the one of RFC 3463, empty if not told.
    """

    recipient: str = ""
    about: tuple[UUID, ...] = ()
    code: int = 0
    status: str = ""
    words: str = ""


class DeliveryDelayed(Received, frozen=True, kw_only=True):
    """A mail has not arrived yet, and it is still being tried."""


class Complaint(Received, frozen=True, kw_only=True):
    """The recipient reported a mail as unwanted (RFC 5965)."""

    recipient: str = ""
    about: tuple[UUID, ...] = ()


class Unrelated(Received, frozen=True, kw_only=True):
    """Nothing that says something about a mail of ours."""


Recognised: TypeAlias = Reply | AutomaticAnswer | DeliveryFailed | DeliveryDelayed | Complaint | Unrelated


def recognise(raw: bytes) -> Recognised:
    """What a message is (RFC 5322)."""
    try:
        return _recognised(message_from_bytes(raw))
    except (RecursionError, LookupError, ValueError, TypeError, AttributeError):
        # Parts nested a thousand deep, charsets nobody knows: the parser has its limits, and no one means well by that.
        return Unrelated()


def send_ids(*headers: str) -> tuple[UUID, ...]:
    """The sends that Message-IDs in these texts were made from, in their order, each once."""
    found = (UUID(text) for header in headers for text in _SEND_ID.findall(header))
    return tuple(dict.fromkeys(found))


def _recognised(message: Part) -> Recognised:
    message_id = _header(message, "Message-ID")
    if message.get_content_type() == "multipart/report":
        return _report(message, message_id)
    about = send_ids(_header(message, "In-Reply-To"), *_latest_first(_header(message, "References")))
    if _is_by_a_program(message):
        return AutomaticAnswer(message_id=message_id)
    sender = parseaddr(_header(message, "From"))[1]
    if not sender or (not about and any(name in message for name in _MARKS_OF_LISTS)):
        return Unrelated(message_id=message_id)
    return Reply(message_id=message_id, sender=sender, about=about, words=_words(message))


def _is_by_a_program(message: Part) -> bool:
    """By what programs say of themselves (RFC 3834, 5), or by a null return path: nobody to answer to."""
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or any(name in message for name in _MARKS_OF_PROGRAMS)
        or _header(message, "Precedence").strip().lower() in _PRECEDENCE_OF_PROGRAMS
        or _header(message, "Return-Path").strip() == "<>"
    )


# --- Reports (RFC 6522) ----------------------------------------------------------------------------------------------


def _report(message: Part, message_id: str) -> Recognised:
    """By the part that a program is to read; not by those within a message that is only returned."""
    parts = _parts(message)
    about = send_ids(*_originals(parts), _header(message, "In-Reply-To"), _header(message, "References"))
    for part in parts:
        match part.get_content_type():
            case "message/delivery-status" | "message/global-delivery-status":
                return _delivery(_groups(part), about, message_id)
            case "message/feedback-report":
                return _feedback(_groups(part), about, message_id)
            case _:
                continue
    return AutomaticAnswer(message_id=message_id)


def _delivery(groups: Iterable[Part], about: tuple[UUID, ...], message_id: str) -> Recognised:
    """The worst that is told of any recipient; our mails have one."""
    by_action = {_header(group, "Action").strip().lower(): group for group in groups if "Action" in group}
    if "failed" in by_action:
        return _failure(by_action["failed"], about, message_id)
    return (
        DeliveryDelayed(message_id=message_id) if "delayed" in by_action else Unrelated(message_id=message_id)
    )


def _failure(group: Part, about: tuple[UUID, ...], message_id: str) -> DeliveryFailed:
    diagnostic = _header(group, "Diagnostic-Code").partition(";")[2].strip()
    status = _STATUS.search(_header(group, "Status"))
    code = _SMTP_CODE.match(diagnostic)
    return DeliveryFailed(
        message_id=message_id,
        recipient=_typed_address(group, "Original-Recipient") or _typed_address(group, "Final-Recipient"),
        about=about,
        code=int(code[1]) if code else 0,
        status=status[0] if status else "",
        words=(diagnostic or _header(group, "Status").strip())[:LONGEST_WORDS],
    )


def _feedback(groups: Iterable[Part], about: tuple[UUID, ...], message_id: str) -> Recognised:
    for group in groups:
        if _header(group, "Feedback-Type").strip().lower() in _COMPLAINTS:
            recipient = parseaddr(_header(group, "Original-Rcpt-To"))[1]
            return Complaint(message_id=message_id, recipient=recipient, about=about)
    return Unrelated(message_id=message_id)


def _typed_address(group: Part, name: str) -> str:
    """The address in ``rfc822; address`` (RFC 3464, 2.3.1)."""
    return parseaddr(_header(group, name).partition(";")[2])[1]


def _originals(parts: Iterable[Part]) -> Iterator[str]:
    """The Message-IDs of what is returned, whole or as its headers."""
    for part in parts:
        match part.get_content_type():
            case "message/rfc822" | "message/global" | "message/global-headers":
                yield from (_header(original, "Message-ID") for original in _parts(part))
            case "text/rfc822-headers":
                yield _header(message_from_string(_text(part)), "Message-ID")
            case _:
                continue


def _groups(part: Part) -> list[Part]:
    """The groups of fields that a report consists of. What the parser takes for a body are those behind the first."""
    first = _parts(part)
    behind = (text for group in first for text in _text(group).split("\n\n"))
    return [*first, *(message_from_string(text) for text in behind)]


# --- Reading parts ---------------------------------------------------------------------------------------------------


def _parts(message: Part) -> list[Part]:
    """The parts directly within a message; none of a single text."""
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _header(message: Part, name: str) -> str:
    return str(message.get(name, ""))


def _latest_first(references: str) -> list[str]:
    return references.split()[::-1]


def _words(message: Part) -> str:
    """What the person wrote: the first plain text, or else the text of the first HTML."""
    texts = {
        kind: _text(part)
        for kind in ("html", "plain")
        if (part := next(_inline(message, f"text/{kind}"), None)) is not None
    }
    words = texts.get("plain", "").strip() or _without_tags(texts.get("html", ""))
    return words[:LONGEST_WORDS]


def _inline(message: Part, content_type: str) -> Iterator[Part]:
    """The parts of this type that are shown with the message, those of attached messages not among them."""
    if message.get_content_type() == content_type and message.get_content_disposition() != "attachment":
        yield message
    if message.get_content_maintype() == "multipart":
        for part in _parts(message):
            yield from _inline(part, content_type)


def _text(part: Part) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        return content.decode("utf-8", errors="replace")


class _Text(HTMLParser):
    """Collects what is not a tag."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script")
        self.pieces.append("\n" if tag in ("br", "p", "div", "tr", "li") else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        self.pieces.append("" if self._hidden > 0 else data)


def _without_tags(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    return re.sub(r"\n\s*\n+", "\n\n", "".join(reader.pieces)).strip()
