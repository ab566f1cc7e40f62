"""Laws of the sequence: whatever is done to it, it stays one."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain import sequence
from domain.refusal import Invalid, Refused
from domain.sequence import MAX_NODES, NODE_TYPES, SENDABLE, Channel, Nodes
from tests.kit.sequences import Change, changes, drawn, sound_node


def assert_sound(channel: Channel, nodes: Nodes) -> None:
    """The invariants, written from the contract and not from the code."""
    assert [node.type for node in nodes].count("end") == 1
    assert nodes[-1].type == "end"
    assert len({node.id for node in nodes}) == len(nodes) <= MAX_NODES
    assert all(node.type in NODE_TYPES[channel] for node in nodes)
    for node in nodes:
        assert (timedelta(minutes=1) <= node.delay <= timedelta(days=30)) == (node.type == "delay")
        assert node.type == "connection_request" or not node.include_message
        assert not (node.include_message and node.text and node.text.body_length > 300)


@given(drawn, st.lists(changes, max_size=12))
def test_whatever_is_done_to_a_sequence_it_stays_sound(
    start: tuple[Channel, Nodes], attempts: list[Change]
) -> None:
    channel, nodes = start
    for attempt in attempts:
        with suppress(Invalid, Refused):
            nodes = attempt(channel, nodes)
        assert_sound(channel, nodes)


@given(drawn)
def test_a_sound_sequence_is_taken_as_it_is(start: tuple[Channel, Nodes]) -> None:
    channel, nodes = start
    assert sequence.replace_all(channel, nodes) == nodes
    assert msgspec.json.decode(msgspec.json.encode(nodes), type=Nodes) == nodes


@given(drawn, st.data())
def test_removing_what_was_inserted_leaves_what_was_there(
    start: tuple[Channel, Nodes], data: st.DataObject
) -> None:
    channel, nodes = start
    node = data.draw(sound_node(channel, UUID(int=50)))
    position = data.draw(st.none() | st.integers(0, len(nodes) - 1))
    longer = sequence.insert(channel, nodes, node, position)
    assert sequence.position_of(longer, node.id) == (len(nodes) - 1 if position is None else position)
    assert sequence.remove(longer, node.id) == nodes


@given(drawn.filter(lambda start: len(start[1]) > 1), st.data())
def test_moving_there_and_back_changes_nothing(start: tuple[Channel, Nodes], data: st.DataObject) -> None:
    _, nodes = start
    places = st.integers(0, len(nodes) - 2)
    here, there = data.draw(places), data.draw(places)
    moved = sequence.move(nodes, nodes[here].id, there)
    assert moved[there] == nodes[here]
    assert sorted(node.id for node in moved) == sorted(node.id for node in nodes)
    assert sequence.move(moved, nodes[here].id, here) == nodes


@given(drawn)
def test_walking_from_step_to_step_meets_every_sendable_node_once_in_order(
    start: tuple[Channel, Nodes],
) -> None:
    _, nodes = start
    met, waited, position = [], timedelta(), -1
    while step := sequence.next_sendable(nodes, position):
        assert nodes[step.position] == step.node
        met.append(step.node)
        waited, position = waited + step.delay, step.position
    assert met == [node for node in nodes if node.type in SENDABLE]
    assert waited == sum((node.delay for node in nodes[: position + 1]), timedelta())


@given(drawn)
def test_only_sendable_nodes_miss_content_or_ask_for_variables(start: tuple[Channel, Nodes]) -> None:
    _, nodes = start
    assert all(nodes[position].type in SENDABLE for position in sequence.missing_content(nodes))
    silent = tuple(node for node in nodes if node.type not in SENDABLE)
    assert sequence.required_variables(silent) == frozenset()


@given(st.text(), st.text())
def test_the_facts_of_any_text_are_closed_words_and_numbers(subject: str, body: str) -> None:
    facts = sequence.describe_text(UUID(int=1), "digest", subject, body)
    assert (facts is None) == (not subject.strip() and not body.strip())
    assert facts is None or (facts.has_subject, facts.body_length) == (bool(subject.strip()), len(body))
