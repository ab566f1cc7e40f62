"""Suppression: people of a workspace who must not be written to any more, and why. One stream per workspace.

A person can be suppressed for several reasons at once, each told once; they are written to again when none is left.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.event import Event, Recorded
from domain.refusal import Refused
from domain.sequence import Channel

SuppressionReason = Literal["unsubscribed", "complaint", "erased", "hard-bounce", "manual"]

WEIGHTIEST_FIRST: Final[tuple[SuppressionReason, ...]] = (
    "unsubscribed",
    "complaint",
    "erased",
    "hard-bounce",
    "manual",
)
"""Of several reasons the first of these is the one that is shown: it decides whether they can be lifted."""
ENDING: Final[tuple[SuppressionReason, ...]] = ("unsubscribed", "complaint", "erased", "manual")
"""Somebody's will, which also ends what is under way; a bounce ends the lead it happened to."""
OF_THE_PERSON: Final[frozenset[SuppressionReason]] = frozenset({"unsubscribed", "complaint"})
"""The person's own will: their leads end as unsubscribed."""

# --- Events ----------------------------------------------------------------------------------------------------------


class PersonSuppressed(Event, frozen=True, kw_only=True):
    """Nothing more is sent to this person for ``reason``; ``person_id`` is the keyed digest of the identity.

    ``document_id`` is the vault document of an identity that was entered by hand. Before there were entries by hand
    people were suppressed by e-mail alone, hence the default of ``channel``.
    """

    type = "person-suppressed"
    person_id: UUID
    reason: SuppressionReason
    channel: Channel = "email"
    document_id: UUID | None = None


class SuppressionLifted(Event, frozen=True, kw_only=True):
    """These reasons hold no longer; later launches take the person again if no other does."""

    type = "suppression-lifted"
    person_id: UUID
    reasons: tuple[SuppressionReason, ...]


class PersonErased(Event, frozen=True, kw_only=True):
    """All that was known of this person is gone, and nothing is sent to them or kept of them any more."""

    type = "person-erased"
    person_id: UUID
    channel: Channel


EVENTS: tuple[type[Event], ...] = (PersonSuppressed, SuppressionLifted, PersonErased)

# --- State -----------------------------------------------------------------------------------------------------------


class Ground(Struct, frozen=True):
    """A reason for which a person is suppressed, and since when."""

    reason: SuppressionReason
    since: datetime


class Suppression(Struct, frozen=True, kw_only=True):
    """Why one person is suppressed: at least one ground. ``document_id``: their identity, if it was entered by hand."""

    channel: Channel
    grounds: tuple[Ground, ...]
    document_id: UUID | None = None

    @property
    def ground(self) -> Ground:
        """The weightiest ground."""
        return min(self.grounds, key=lambda ground: WEIGHTIEST_FIRST.index(ground.reason))


# --- Evolve ----------------------------------------------------------------------------------------------------------


def evolve(suppression: Suppression | None, recorded: Recorded) -> Suppression | None:
    """The person's suppression after one more event about them; None when nothing speaks against writing to them."""
    match recorded.event:
        case PersonSuppressed() as suppressed:
            return _with_ground(suppression, suppressed, recorded.recorded_at)
        case SuppressionLifted(reasons=reasons) if suppression is not None:
            grounds = tuple(ground for ground in suppression.grounds if ground.reason not in reasons)
            return replace(suppression, grounds=grounds) if grounds else None
        case PersonErased(person_id=person_id, channel=channel):
            ground = PersonSuppressed(person_id=person_id, reason="erased", channel=channel)
            return replace(_with_ground(suppression, ground, recorded.recorded_at), document_id=None)
        case _:
            return suppression


def _with_ground(before: Suppression | None, suppressed: PersonSuppressed, at: datetime) -> Suppression:
    ground = Ground(suppressed.reason, at)
    if before is None:
        return Suppression(channel=suppressed.channel, grounds=(ground,), document_id=suppressed.document_id)
    known = any(each.reason == ground.reason for each in before.grounds)
    return replace(
        before,
        grounds=before.grounds if known else (*before.grounds, ground),
        document_id=suppressed.document_id or before.document_id,
    )


# --- Decide ----------------------------------------------------------------------------------------------------------


def lift(person_id: UUID, reasons: Collection[SuppressionReason]) -> tuple[SuppressionLifted, ...]:
    """Write to the person again, who is suppressed for ``reasons``.

    Raises ``Refused``: ``not-found`` for who is not suppressed, ``unsubscribed-for-good``, ``complained-for-good``,
    ``erased-for-good``.
    """
    if not reasons:
        raise Refused("not-found", "This person is not suppressed.")
    if "unsubscribed" in reasons:
        raise Refused(
            "unsubscribed-for-good",
            "This person has unsubscribed. That is their decision, and nobody else's to take back.",
        )
    if "complaint" in reasons:
        raise Refused(
            "complained-for-good",
            "This person has reported a mail of yours as unwanted. Nobody else can take that back.",
        )
    if "erased" in reasons:
        raise Refused(
            "erased-for-good",
            "This person was erased. Who they are is no longer known, and that they are left alone is part of it.",
        )
    return (SuppressionLifted(person_id=person_id, reasons=tuple(sorted(reasons))),)


def is_hard_bounce(code: int) -> bool:
    """Whether a refusal of a recipient means that the mailbox is no good for anybody (RFC 5321, 4.2.3; RFC 7504)."""
    return code in {550, 551, 553, 556}


def is_dead_address(status: str) -> bool:
    """Whether a status of RFC 3463 means the same: a wrong address (5.1), but for the sender's; a mailbox disabled."""
    permanent, _, rest = status.partition(".")
    return permanent == "5" and ((rest.startswith("1.") and rest not in {"1.7", "1.8"}) or rest == "2.1")
