"""Message drafts: what a lead will be sent for a node, written before the launch. Events, state, evolve, decide.

A ``template`` draft shows the node's template filled in for the lead and is never sent, because sending fills the same
template with what is known then. A draft written by ``ai`` or edited by a person (``manual``) is sent as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.event import Event, Recorded
from domain.refusal import FieldError, Invalid
from domain.sequence import MAX_INVITATION_LENGTH, Channel, Nodes, is_threaded, position_of

Origin = Literal["template", "ai", "manual"]

DRAFTS_AN_EVENT: Final = 1000
MAX_LENGTH: Final = 10_000
"""The longest text of a draft, in characters."""

MAX_SUBJECT_LENGTH: Final = 998
"""The longest subject, in characters: that of a line of a mail (RFC 5322, 2.1.1)."""

_RANK: Final[Mapping[Origin, int]] = {"template": 0, "ai": 1, "manual": 2}

# --- Events ----------------------------------------------------------------------------------------------------------


class WrittenDraft(Struct, frozen=True, kw_only=True):
    """What the lead will be sent for the node is in the vault as ``document_id``; ``digest`` is that of its content."""

    lead_id: UUID
    node_id: UUID
    document_id: UUID
    digest: str
    origin: Origin

    @property
    def place(self) -> Place:
        """Which draft it is: each lead has one for a node at most."""
        return self.lead_id, self.node_id


class DraftsWritten(Event, frozen=True, kw_only=True):
    """Drafts were written, each in the place of the one before it."""

    type = "message-drafts-written"
    drafts: tuple[WrittenDraft, ...]


class DraftsDropped(Event, frozen=True, kw_only=True):
    """The drafts of these leads are gone, for they left the campaign or became other people."""

    type = "message-drafts-dropped"
    lead_ids: tuple[UUID, ...]


EVENTS: tuple[type[Event], ...] = (DraftsWritten, DraftsDropped)

# --- State -----------------------------------------------------------------------------------------------------------

Place: TypeAlias = tuple[UUID, UUID]
"""A lead and a node."""
Drafts: TypeAlias = Mapping[Place, WrittenDraft]

# --- Evolve ----------------------------------------------------------------------------------------------------------


def fold(history: Iterable[Recorded]) -> Drafts:
    """The drafts of a campaign after the history of their stream."""
    drafts: dict[Place, WrittenDraft] = {}
    for recorded in history:
        match recorded.event:
            case DraftsWritten(drafts=written):
                drafts |= {draft.place: draft for draft in written}
            case DraftsDropped(lead_ids=lead_ids):
                gone = frozenset(lead_ids)
                drafts = {place: draft for place, draft in drafts.items() if place[0] not in gone}
    return drafts


# --- Decide ----------------------------------------------------------------------------------------------------------


def keeps(present: WrittenDraft | None, origin: Origin) -> bool:
    """Whether a draft of ``origin`` leaves the one that is there alone: a person's words give way to theirs only."""
    return present is not None and _RANK[present.origin] > _RANK[origin]


def write(present: Drafts, drafts: Iterable[WrittenDraft]) -> list[WrittenDraft]:
    """Those of ``drafts`` that change something where ``present`` is."""
    return [draft for draft in drafts if _changes(present.get(draft.place), draft)]


def written(drafts: Sequence[WrittenDraft]) -> Iterator[DraftsWritten]:
    """The events that tell of ``drafts``."""
    for start in range(0, len(drafts), DRAFTS_AN_EVENT):
        yield DraftsWritten(drafts=tuple(drafts[start : start + DRAFTS_AN_EVENT]))


def check(channel: Channel, nodes: Nodes, node_id: UUID, subject: str, body: str) -> None:
    """Raises ``Invalid`` for words that the node can't send, ``Refused`` ``node-not-found``."""
    position = position_of(nodes, node_id)
    node = nodes[position]
    most = MAX_INVITATION_LENGTH if node.type == "connection_request" else MAX_LENGTH
    errors: list[FieldError] = []
    if not node.sends_text:
        errors.append(FieldError("node_id", f"The node at position {position} sends no text."))
    if not body.strip():
        errors.append(FieldError("body", "A draft needs a body."))
    if len(body) > most:
        errors.append(FieldError("body", f"A draft for this node has room for {most} characters."))
    if len(subject) > MAX_SUBJECT_LENGTH:
        errors.append(FieldError("subject", f"A subject has room for {MAX_SUBJECT_LENGTH} characters."))
    if channel == "email" and not subject.strip() and not is_threaded(nodes, position):
        errors.append(FieldError("subject", "A mail that is no reply needs a subject."))
    if channel != "email" and subject.strip():
        errors.append(FieldError("subject", "Only mails have a subject."))
    if errors:
        raise Invalid(*errors)


def _changes(present: WrittenDraft | None, draft: WrittenDraft) -> bool:
    if present is None:
        return True
    same = (present.digest, present.origin) == (draft.digest, draft.origin)
    return not same and not keeps(present, draft.origin)
