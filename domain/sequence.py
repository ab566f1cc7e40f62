"""The sequence of a campaign: what is done to a lead, step by step, ending in one ``end``.

A sequence is a tuple of nodes; a node's position is its index. What changes one answers a new, sound sequence
or raises ``Invalid``. A text still missing is no fault in a draft: ``missing_content`` finds it for launch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import templating
from domain.refusal import FieldError, Invalid, Refused

Channel = Literal["email", "linkedin"]
Action = Literal["email", "connection_request", "message"]
NodeType = Literal["email", "connection_request", "message", "delay", "ai", "end"]
Trait = Literal[
    "subject", "body", "is_reply", "include_message", "delay_days", "delay_hours", "delay_minutes", "ai_node"
]

NODE_TYPES: Final[Mapping[Channel, tuple[NodeType, ...]]] = {
    "email": ("email", "delay", "ai", "end"),
    "linkedin": ("connection_request", "message", "delay", "ai", "end"),
}
FIRST_NODE: Final[Mapping[Channel, NodeType]] = {"email": "email", "linkedin": "connection_request"}
SENDABLE: Final[frozenset[NodeType]] = frozenset({"email", "connection_request", "message", "ai"})
AI_ACTION: Final[Mapping[Channel, Action]] = {"email": "email", "linkedin": "message"}
TRAITS: Final[Mapping[NodeType, frozenset[Trait]]] = {
    "email": frozenset({"subject", "body", "is_reply", "ai_node"}),
    "connection_request": frozenset({"body", "include_message", "ai_node"}),
    "message": frozenset({"body", "ai_node"}),
    "delay": frozenset({"delay_days", "delay_hours", "delay_minutes"}),
    "ai": frozenset({"subject", "body", "is_reply", "ai_node"}),
    "end": frozenset(),
}

# Stands for every name that no lead can have a value for: such a name is free text, which no event may hold.
UNKNOWN_VARIABLE: Final = "unknown"
MAX_NODES: Final = 50
MAX_INVITATION_LENGTH: Final = 300
MAX_DELAY_MINUTES: Final = 30 * 24 * 60

_TOO_MANY: Final = f"A sequence holds at most {MAX_NODES} nodes."


class NodeText(Struct, frozen=True, forbid_unknown_fields=True):
    """What the log may know of a node's text: where it is, its keyed digest, and facts about it.

    ``body_length`` counts characters. ``variables`` are those without a fallback, in subject and body.
    """

    document_id: UUID
    digest: str
    has_subject: bool
    has_body: bool
    body_length: int
    variables: tuple[str, ...] = ()


class Node(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step. ``ai_node`` marks a text that is a prompt, from which each lead's own text is written."""

    id: UUID
    type: NodeType
    text: NodeText | None = None
    is_reply: bool = False
    include_message: bool = False
    delay_days: int = 0
    delay_hours: int = 0
    delay_minutes: int = 0
    ai_node: bool = False

    @property
    def delay(self) -> timedelta:
        """How long a ``delay`` waits; zero for every other type."""
        return timedelta(days=self.delay_days, hours=self.delay_hours, minutes=self.delay_minutes)

    @property
    def sends_text(self) -> bool:
        """Whether doing this node sends its text: an invitation may go out without words."""
        return self.type in SENDABLE and (self.type != "connection_request" or self.include_message)

    @property
    def is_prompt(self) -> bool:
        """Whether its text is a prompt, from which each lead's own text is written, and never sent itself."""
        return self.type == "ai" or self.ai_node


Nodes: TypeAlias = tuple[Node, ...]


class Step(Struct, frozen=True):
    """A sendable node, where it stands, and how long to wait for it after the step before."""

    node: Node
    position: int
    delay: timedelta


# --- Making and changing ------------------------------------------------------------------------------------


def seed(channel: Channel, ids: tuple[UUID, UUID]) -> Nodes:
    """The sequence a new campaign starts with: the channel's first contact, then the end."""
    first_id, end_id = ids
    return (Node(id=first_id, type=FIRST_NODE[channel]), Node(id=end_id, type="end"))


def insert(channel: Channel, nodes: Nodes, node: Node, position: int | None = None) -> Nodes:
    """``nodes`` with ``node`` at ``position``, or just before the end. Raises ``Invalid``."""
    end = len(nodes) - 1
    at = end if position is None else position
    known = any(node.id == other.id for other in nodes)
    _raise_if_any(
        *_node_faults(channel, node),
        *_fault("type", "A sequence has one end already; add another type of node.", when=node.type == "end"),
        *_fault("position", f"The position must be between 0 and {end}.", when=not 0 <= at <= end),
        *_fault("id", "This node is already in the sequence.", when=known),
        *_fault("sequence_nodes", _TOO_MANY, when=len(nodes) >= MAX_NODES),
    )
    return (*nodes[:at], node, *nodes[at:])


def move(nodes: Nodes, node_id: UUID, to: int) -> Nodes:
    """``nodes`` with one of them moved so that its position is ``to``. Raises ``Invalid`` or ``Refused``."""
    at = position_of(nodes, node_id)
    last = len(nodes) - 2
    _raise_if_any(
        *_fault("nodeId", "The end stays last; move another node.", when=nodes[at].type == "end"),
        *_fault("toPosition", f"The position must be between 0 and {last}.", when=not 0 <= to <= last),
    )
    rest = (*nodes[:at], *nodes[at + 1 :])
    return (*rest[:to], nodes[at], *rest[to:])


def remove(nodes: Nodes, node_id: UUID) -> Nodes:
    """``nodes`` without one of them. Raises ``Invalid`` for the end, ``Refused`` for an unknown node."""
    at = position_of(nodes, node_id)
    is_end = nodes[at].type == "end"
    _raise_if_any(*_fault("nodeId", "The end can't be removed; remove another node.", when=is_end))
    return (*nodes[:at], *nodes[at + 1 :])


def replace(channel: Channel, nodes: Nodes, node: Node) -> Nodes:
    """``nodes`` with the one of the same id replaced in its place. Raises ``Invalid`` or ``Refused``."""
    at = position_of(nodes, node.id)
    becomes_other = (nodes[at].type == "end") != (node.type == "end")
    _raise_if_any(
        *_node_faults(channel, node),
        *_fault("type", "The end stays the end, and no other node can become it.", when=becomes_other),
    )
    return (*nodes[:at], node, *nodes[at + 1 :])


def replace_all(channel: Channel, nodes: Iterable[Node]) -> Nodes:
    """A whole new sequence, in the order given. Raises ``Invalid`` with everything wrong at once."""
    sequence = tuple(nodes)
    _raise_if_any(*_sequence_faults(channel, sequence))
    return sequence


def describe_text(document_id: UUID, digest: str, subject: str | None, body: str | None) -> NodeText | None:
    """The facts of a text that the vault keeps as ``document_id``; nothing for a text of blanks only."""
    subject, body = subject or "", body or ""
    has_subject, has_body = bool(subject.strip()), bool(body.strip())
    if not (has_subject or has_body):
        return None
    named = templating.variables(subject) | templating.variables(body)
    recorded = {name if templating.is_field(name) else UNKNOWN_VARIABLE for name in named}
    return NodeText(document_id, digest, has_subject, has_body, len(body), tuple(sorted(recorded)))


# --- Asking -------------------------------------------------------------------------------------------------


def position_of(nodes: Nodes, node_id: UUID) -> int:
    """The 0-based position of a node. Raises ``Refused`` (``node-not-found``)."""
    for position, node in enumerate(nodes):
        if node.id == node_id:
            return position
    raise Refused("node-not-found", f"The sequence has no node {node_id}.", {"node_id": str(node_id)})


def action_of(channel: Channel, node: Node) -> Action:
    """What is done to a lead at a sendable node. Raises ``ValueError`` for a node that sends nothing."""
    match node.type:
        case "email" | "connection_request" | "message":
            return node.type
        case "ai":
            return AI_ACTION[channel]
        case "delay" | "end":
            raise ValueError(f"a node of type {node.type} does nothing to a lead")


def next_sendable(nodes: Nodes, after_position: int) -> Step | None:
    """The next thing to send after ``after_position`` (-1: from the start), if any is left."""
    delay = timedelta()
    for position in range(after_position + 1, len(nodes)):
        node = nodes[position]
        if node.type in SENDABLE:
            return Step(node, position, delay)
        delay += node.delay
    return None


def has_sendable(nodes: Nodes) -> bool:
    """Whether the sequence sends anything at all."""
    return next_sendable(nodes, -1) is not None


def missing_content(nodes: Nodes) -> tuple[int, ...]:
    """The positions whose node lacks a text it needs before it can be sent."""
    return tuple(position for position in range(len(nodes)) if _lacks_content(nodes, position))


def required_variables(nodes: Nodes) -> frozenset[str]:
    """The variables a lead must have a value for, or else some text can't be written to it."""
    return frozenset(name for node in template_nodes(nodes) if node.text for name in node.text.variables)


def template_nodes(nodes: Nodes) -> Nodes:
    """The nodes whose own text is sent, filled in for each lead."""
    return tuple(node for node in nodes if node.sends_text and not node.is_prompt)


def prompt_nodes(nodes: Nodes) -> Nodes:
    """The nodes that can be sent only to leads for whom a text of their own was written."""
    return tuple(node for node in nodes if node.sends_text and node.is_prompt)


def is_threaded(nodes: Nodes, position: int) -> bool:
    """Whether a reply goes under an earlier mail and takes its subject; with no earlier mail it needs its own."""
    return nodes[position].is_reply and any(node.type in ("email", "ai") for node in nodes[:position])


def _lacks_content(nodes: Nodes, position: int) -> bool:
    node = nodes[position]
    if not node.sends_text:
        return False
    if node.text is None or not node.text.has_body:
        return True
    return node.type == "email" and not is_threaded(nodes, position) and not node.text.has_subject


# --- Faults -------------------------------------------------------------------------------------------------


def _raise_if_any(*faults: FieldError) -> None:
    if faults:
        raise Invalid(*faults)


def _fault(path: str, message: str, *, when: bool) -> Iterator[FieldError]:
    if when:
        yield FieldError(path, message)


def _sequence_faults(channel: Channel, nodes: Nodes) -> Iterator[FieldError]:
    whole = "sequence_nodes"
    ends = [position for position, node in enumerate(nodes) if node.type == "end"]
    repeated = len({node.id for node in nodes}) < len(nodes)
    yield from _fault(whole, _TOO_MANY, when=len(nodes) > MAX_NODES)
    yield from _fault(whole, "A sequence has exactly one end, as its last.", when=ends != [len(nodes) - 1])
    yield from _fault(whole, "Each node may appear only once.", when=repeated)
    for position, node in enumerate(nodes):
        for fault in _node_faults(channel, node):
            yield FieldError(f"{whole}[{position}].{fault.path}", fault.message)


def _node_faults(channel: Channel, node: Node) -> Iterator[FieldError]:
    allowed = NODE_TYPES[channel]
    if node.type not in allowed:
        choice = ", ".join(allowed)
        yield FieldError("type", f"A {channel} campaign has no {node.type} node; use one of {choice}.")
        return
    for trait in sorted(_traits(node) - TRAITS[node.type]):
        yield FieldError(trait, f"A node of type {node.type} has no {trait}.")
    if node.type == "delay":
        yield from _delay_faults(node)
    length = node.text.body_length if node.text and not node.is_prompt else 0
    if node.include_message and length > MAX_INVITATION_LENGTH:
        yield FieldError("body", f"A connection request has room for {MAX_INVITATION_LENGTH} characters.")


def _traits(node: Node) -> frozenset[Trait]:
    """What a node shows beyond its type."""
    text = node.text
    shown: dict[Trait, object] = {
        "subject": text and text.has_subject,
        "body": text and text.has_body,
        "is_reply": node.is_reply,
        "include_message": node.include_message,
        "delay_days": node.delay_days,
        "delay_hours": node.delay_hours,
        "delay_minutes": node.delay_minutes,
        "ai_node": node.ai_node,
    }
    return frozenset(trait for trait, present in shown.items() if present)


def _delay_faults(node: Node) -> Iterator[FieldError]:
    parts = (("days", node.delay_days), ("hours", node.delay_hours), ("minutes", node.delay_minutes))
    negative = [unit for unit, amount in parts if amount < 0]
    for unit in negative:
        yield FieldError(f"delay_{unit}", f"The {unit} of a delay can't be negative.")
    total = (node.delay_days * 24 + node.delay_hours) * 60 + node.delay_minutes
    if not negative and not 1 <= total <= MAX_DELAY_MINUTES:
        yield FieldError("delay_minutes", "A delay lasts between 1 minute and 30 days in all.")
