"""Nodes, sequences and what may be done to them: strategies for Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from domain import sequence
from domain.sequence import MAX_DELAY_MINUTES, NODE_TYPES, TRAITS, Channel, Node, Nodes, NodeText

channels: st.SearchStrategy[Channel] = st.sampled_from(("email", "linkedin"))
small_ids = st.integers(0, 12).map(lambda number: UUID(int=number))
unbounded = st.integers(-2, 40) | st.integers(0, 2**53 - 1)
any_text = st.builds(
    NodeText,
    st.uuids(),
    st.just("digest"),
    st.booleans(),
    st.booleans(),
    st.integers(0, 400),
    st.lists(st.sampled_from(["first_name", "company", "unknown"])).map(tuple),
)
any_node = st.builds(
    Node,
    id=small_ids,
    type=st.sampled_from(("email", "connection_request", "message", "delay", "ai", "end")),
    text=st.none() | any_text,
    is_reply=st.booleans(),
    include_message=st.booleans(),
    delay_days=st.just(0) | unbounded,
    delay_hours=st.just(0) | unbounded,
    delay_minutes=st.just(0) | unbounded,
    ai_node=st.booleans(),
)


@st.composite
def sound_node(draw: st.DrawFn, channel: Channel, node_id: UUID) -> Node:
    """A node that the channel allows, bare or with some of what its type may have."""
    node_type = draw(st.sampled_from([each for each in NODE_TYPES[channel] if each != "end"]))
    if node_type == "delay":
        minutes = draw(st.integers(1, MAX_DELAY_MINUTES))
        return Node(id=node_id, type="delay", delay_days=minutes // 1440, delay_minutes=minutes % 1440)
    traits = TRAITS[node_type]
    text = draw(st.none() | any_text)
    if text is not None:
        text = msgspec.structs.replace(
            text,
            has_subject=text.has_subject and "subject" in traits,
            body_length=min(text.body_length, sequence.MAX_INVITATION_LENGTH),
        )
    return Node(
        id=node_id,
        type=node_type,
        text=text,
        is_reply="is_reply" in traits and draw(st.booleans()),
        include_message="include_message" in traits and draw(st.booleans()),
    )


@st.composite
def sound_sequence(draw: st.DrawFn, channel: Channel) -> Nodes:
    """A sequence that the channel allows, without texts of its own making."""
    ids = draw(st.lists(small_ids, unique=True, max_size=8))
    return (*(draw(sound_node(channel, node_id)) for node_id in ids), Node(id=UUID(int=100), type="end"))


drawn = channels.flatmap(lambda channel: st.tuples(st.just(channel), sound_sequence(channel)))

Change = Callable[[Channel, Nodes], Nodes]
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        lambda node, position: lambda channel, nodes: sequence.insert(channel, nodes, node, position),
        any_node,
        st.none() | st.integers(-1, 10),
    ),
    st.builds(
        lambda node_id, to: lambda channel, nodes: sequence.move(nodes, node_id, to),
        small_ids | st.just(UUID(int=100)),
        st.integers(-1, 10),
    ),
    st.builds(
        lambda node_id: lambda channel, nodes: sequence.remove(nodes, node_id),
        small_ids | st.just(UUID(int=100)),
    ),
    st.builds(lambda node: lambda channel, nodes: sequence.replace(channel, nodes, node), any_node),
    st.builds(
        lambda new: lambda channel, nodes: sequence.replace_all(channel, new), st.lists(any_node, max_size=4)
    ),
)
