"""What became of one attempt to hand over a mail: a closed union, so that no case is forgotten.

Only ``Unknown`` leaves open whether the server has the mail. After ``Deferred`` it surely has not: a retry is safe.
``reply`` and ``detail`` are the server's words or the network's; they may name the recipient, so they belong into the
vault. They never hold a password. ``enhanced`` is the status code of RFC 3463 ("5.1.1") when the server gave one.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from msgspec import Struct

CommandStage: TypeAlias = Literal["sender", "recipient", "data"]
Stage: TypeAlias = CommandStage | Literal["message"]

_LOG_IN_FIRST = frozenset(
    {530, 534, 535, 538}
)  # RFC 4954, 6: whatever was asked, it is the log-in that is missing
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")


class Accepted(Struct, frozen=True):
    """The server has taken responsibility for the mail (2xx after the final dot)."""

    code: int
    reply: str


class Deferred(Struct, frozen=True):
    """Not now: a 4xx, or a server not reached, not taking connections, or lost before the message was handed over.

    ``code`` is None where no reply was had.
    """

    code: int | None
    reply: str
    enhanced: str | None = None


class Refused(Struct, frozen=True):
    """Never: a 5xx about this recipient or this message. A bounce, with the server's words as evidence.

    ``code`` is None where the server was not even asked: it can't take an address in that script.
    """

    code: int | None
    reply: str
    stage: Stage
    enhanced: str | None = None


class SenderRefused(Struct, frozen=True):
    """The server does not let this sender send: log-in refused, or a 5xx to its address. No recipient is to blame."""

    code: int | None
    reply: str
    enhanced: str | None = None


class Unknown(Struct, frozen=True):
    """The connection ended between the final dot and the reply: the server may have the mail, or not. Never re-send."""

    detail: str


Outcome: TypeAlias = Accepted | Deferred | Refused | SenderRefused | Unknown


def judge_command(stage: CommandStage, code: int, reply: str) -> Outcome | None:
    """What the reply to MAIL, RCPT or DATA means; None when it says go on."""
    if code // 100 == (3 if stage == "data" else 2):
        return None
    if code // 100 in (4, 5):
        return _declined(stage, code, reply)
    return Deferred(code, f"The server answered out of turn: {code} {reply}")


def judge_message(code: int, reply: str) -> Outcome:
    """What the reply to the final dot means."""
    if code // 100 == 2:
        return Accepted(code, reply)
    if code // 100 in (4, 5):
        return _declined("message", code, reply)
    return Unknown(f"The server answered the message out of turn: {code} {reply}")


def _declined(stage: Stage, code: int, reply: str) -> Outcome:
    enhanced = enhanced_status(reply)
    if code // 100 == 4:
        return Deferred(code, reply, enhanced)
    if stage == "sender" or code in _LOG_IN_FIRST:
        return SenderRefused(code, reply, enhanced)
    return Refused(code, reply, stage, enhanced)


def enhanced_status(reply: str) -> str | None:
    """The status code at the beginning of a server's words (RFC 2034), if there is one."""
    match = _ENHANCED.match(reply)
    return match[0] if match else None
