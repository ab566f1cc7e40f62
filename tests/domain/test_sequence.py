"""Examples of building a sequence, and of what it says about itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import msgspec
import pytest

from domain import sequence
from domain.refusal import Invalid, Refused
from domain.sequence import MAX_NODES, Node, Nodes, NodeText, NodeType


def node_id(number: int) -> UUID:
    return UUID(int=number)


def text(*, subject: bool = True, body: int = 20, variables: tuple[str, ...] = ()) -> NodeText:
    return NodeText(node_id(999), "digest", subject, body > 0, body, variables)


def email(number: int) -> Node:
    return Node(id=node_id(number), type="email", text=text())


def delay(number: int, *, days: int = 0, hours: int = 0, minutes: int = 0) -> Node:
    return Node(id=node_id(number), type="delay", delay_days=days, delay_hours=hours, delay_minutes=minutes)


def bare(number: int, node_type: NodeType) -> Node:
    return Node(id=node_id(number), type=node_type)


END = bare(100, "end")
MAILS: Nodes = (email(1), delay(2, days=3), email(3), END)


def ids(nodes: Nodes) -> list[int]:
    return [node.id.int for node in nodes]


def paths(refusal: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [error.path for error in refusal.value.errors]


def test_a_new_campaign_starts_with_the_first_contact_of_its_channel_and_the_end() -> None:
    pair = (node_id(1), node_id(2))
    assert [node.type for node in sequence.seed("email", pair)] == ["email", "end"]
    assert ids(sequence.seed("email", pair)) == [1, 2]
    assert [node.type for node in sequence.seed("linkedin", pair)] == ["connection_request", "end"]


def test_a_node_without_position_goes_before_the_end() -> None:
    assert ids(sequence.insert("email", MAILS, email(4))) == [1, 2, 3, 4, 100]


def test_a_node_is_inserted_at_its_position() -> None:
    assert ids(sequence.insert("email", MAILS, email(4), 0)) == [4, 1, 2, 3, 100]


@pytest.mark.parametrize("position", [-1, 4])
def test_no_node_is_inserted_after_the_end_or_before_the_start(position: int) -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.insert("email", MAILS, email(4), position)
    assert paths(refusal) == ["position"]


def test_a_second_end_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.insert("email", MAILS, bare(4, "end"))
    assert paths(refusal) == ["type"]


def test_a_node_already_there_is_not_inserted_again() -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.insert("email", MAILS, email(1))
    assert paths(refusal) == ["id"]


def test_a_full_sequence_takes_no_further_node() -> None:
    full = sequence.replace_all("email", (*map(email, range(100, 99 + MAX_NODES)), bare(1, "end")))
    with pytest.raises(Invalid, match="at most 50"):
        sequence.insert("email", full, email(999))
    with pytest.raises(Invalid, match="at most 50"):
        sequence.replace_all("email", (email(999), *full))


@pytest.mark.parametrize("node_type", ["connection_request", "message"])
def test_a_node_of_the_other_channel_is_refused_by_its_type(node_type: NodeType) -> None:
    with pytest.raises(Invalid, match="email, delay, ai, end") as refusal:
        sequence.insert("email", MAILS, bare(4, node_type))
    assert paths(refusal) == ["type"]


def test_a_node_moves_to_where_it_is_sent() -> None:
    assert ids(sequence.move(MAILS, node_id(1), 2)) == [2, 3, 1, 100]
    assert ids(sequence.move(MAILS, node_id(3), 0)) == [3, 1, 2, 100]


def test_no_node_moves_behind_the_end() -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.move(MAILS, node_id(1), 3)
    assert paths(refusal) == ["toPosition"]


@pytest.mark.parametrize(
    "change",
    [
        partial(sequence.move, MAILS, END.id, 0),
        partial(sequence.remove, MAILS, END.id),
        partial(sequence.replace, "email", MAILS, email(100)),
    ],
)
def test_the_end_neither_moves_nor_goes_nor_becomes_another_node(change: Callable[[], Nodes]) -> None:
    with pytest.raises(Invalid):
        change()


def test_a_removed_node_leaves_no_gap() -> None:
    assert ids(sequence.remove(MAILS, node_id(2))) == [1, 3, 100]


@pytest.mark.parametrize(
    "change",
    [
        partial(sequence.move, MAILS, node_id(77), 0),
        partial(sequence.remove, MAILS, node_id(77)),
        partial(sequence.replace, "email", MAILS, email(77)),
    ],
)
def test_an_unknown_node_is_refused_by_its_id(change: Callable[[], Nodes]) -> None:
    with pytest.raises(Refused) as refusal:
        change()
    assert refusal.value.code == "node-not-found"
    assert refusal.value.evidence == {"node_id": str(node_id(77))}


def test_an_edited_node_keeps_its_place() -> None:
    longer = delay(2, days=5)
    assert sequence.replace("email", MAILS, longer) == (MAILS[0], longer, *MAILS[2:])
    assert sequence.replace("email", MAILS, END) == MAILS
    with pytest.raises(Invalid) as refusal:
        sequence.replace("email", MAILS, delay(2))
    assert paths(refusal) == ["delay_minutes"]


def test_a_whole_sequence_is_refused_with_everything_wrong_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.replace_all("email", (END, bare(1, "message"), delay(1, days=31)))
    assert paths(refusal) == [
        "sequence_nodes",
        "sequence_nodes",
        "sequence_nodes[1].type",
        "sequence_nodes[2].delay_minutes",
    ]


def test_a_sequence_without_any_node_is_refused() -> None:
    with pytest.raises(Invalid):
        sequence.replace_all("email", ())


@pytest.mark.parametrize(
    "node",
    [delay(4, minutes=1), delay(4, days=30), delay(4, days=29, hours=23, minutes=60), delay(4, hours=720)],
)
def test_a_delay_lasts_from_a_minute_to_thirty_days(node: Node) -> None:
    assert node in sequence.insert("email", MAILS, node)


@pytest.mark.parametrize(
    ("node", "path"),
    [
        (delay(4), "delay_minutes"),
        (delay(4, days=30, minutes=1), "delay_minutes"),
        (delay(4, days=2**53 - 1), "delay_minutes"),
        (delay(4, days=1, hours=-1), "delay_hours"),
        (delay(4, days=1, minutes=-1), "delay_minutes"),
        (delay(4, days=-1, hours=48), "delay_days"),
    ],
)
def test_a_delay_outside_its_bounds_is_refused(node: Node, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.insert("email", MAILS, node)
    assert paths(refusal) == [path]


@pytest.mark.parametrize(
    ("node", "path"),
    [
        (Node(id=node_id(4), type="email", delay_days=1), "delay_days"),
        (Node(id=node_id(4), type="delay", delay_days=1, text=text(subject=False)), "body"),
        (Node(id=node_id(4), type="email", include_message=True), "include_message"),
        (Node(id=node_id(4), type="delay", delay_days=1, is_reply=True), "is_reply"),
        (Node(id=node_id(4), type="delay", delay_days=1, ai_node=True), "ai_node"),
        (Node(id=node_id(4), type="ai", delay_hours=1), "delay_hours"),
        (Node(id=node_id(4), type="ai", delay_minutes=1), "delay_minutes"),
    ],
)
def test_what_a_node_would_ignore_is_refused(node: Node, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.insert("email", MAILS, node)
    assert paths(refusal) == [path]


def test_a_subject_has_no_place_on_linkedin() -> None:
    with pytest.raises(Invalid) as refusal:
        sequence.insert("linkedin", (END,), Node(id=node_id(4), type="message", text=text()))
    assert paths(refusal) == ["subject"]


def test_the_message_of_an_invitation_has_at_most_300_characters() -> None:
    def invitation(length: int) -> Node:
        words = text(subject=False, body=length)
        return Node(id=node_id(4), type="connection_request", include_message=True, text=words)

    assert sequence.insert("linkedin", (END,), invitation(300))
    with pytest.raises(Invalid) as refusal:
        sequence.insert("linkedin", (END,), invitation(301))
    assert paths(refusal) == ["body"]


def test_the_next_step_waits_for_all_delays_on_the_way() -> None:
    nodes = (
        delay(1, hours=1),
        email(2),
        delay(3, days=2),
        delay(4, minutes=30),
        email(5),
        delay(6, days=1),
        END,
    )
    first = sequence.next_sendable(nodes, -1)
    assert first == sequence.Step(nodes[1], 1, timedelta(hours=1))
    second = sequence.next_sendable(nodes, 1)
    assert second == sequence.Step(nodes[4], 4, timedelta(days=2, minutes=30))
    assert sequence.next_sendable(nodes, 4) is None


def test_what_is_done_at_a_node_follows_from_its_type_and_an_ai_s_channel() -> None:
    assert sequence.action_of("email", bare(1, "email")) == "email"
    assert sequence.action_of("linkedin", bare(1, "connection_request")) == "connection_request"
    assert sequence.action_of("email", bare(1, "ai")) == "email"
    assert sequence.action_of("linkedin", bare(1, "ai")) == sequence.action_of("linkedin", bare(1, "message"))


@pytest.mark.parametrize("node_type", ["delay", "end"])
def test_nothing_is_done_at_a_node_that_sends_nothing(node_type: NodeType) -> None:
    with pytest.raises(ValueError, match=node_type):
        sequence.action_of("email", bare(1, node_type))


def test_a_sequence_of_delays_sends_nothing() -> None:
    assert not sequence.has_sendable((delay(1, days=1), END))
    assert sequence.has_sendable(MAILS)


@pytest.mark.parametrize(
    ("node", "complete"),
    [
        (bare(1, "email"), False),
        (Node(id=node_id(1), type="email", text=text(subject=False)), False),
        (Node(id=node_id(1), type="email", text=text(body=0)), False),
        (Node(id=node_id(1), type="email", text=text()), True),
        (Node(id=node_id(1), type="email", is_reply=True, text=text(subject=False)), False),
        (bare(1, "message"), False),
        (Node(id=node_id(1), type="message", text=text(subject=False)), True),
        (bare(1, "connection_request"), True),
        (Node(id=node_id(1), type="connection_request", include_message=True), False),
        (bare(1, "ai"), False),
        (Node(id=node_id(1), type="ai", text=text(subject=False)), True),
        (delay(1, days=1), True),
    ],
)
def test_each_type_needs_its_own_content(node: Node, complete: bool) -> None:
    assert sequence.missing_content((node, END)) == (() if complete else (0,))


@pytest.mark.parametrize("first", [email(1), Node(id=node_id(1), type="ai", text=text())])
def test_a_reply_under_an_earlier_mail_needs_no_subject(first: Node) -> None:
    reply = Node(id=node_id(2), type="email", is_reply=True, text=text(subject=False))
    assert sequence.missing_content((first, reply, END)) == ()


def test_the_required_variables_are_those_of_texts_that_are_sent() -> None:
    def asks_for(number: int, node_type: NodeType, name: str) -> Node:
        return Node(id=node_id(number), type=node_type, text=text(subject=False, variables=(name,)))

    nodes = (asks_for(1, "connection_request", "headline"), asks_for(2, "message", "first_name"), END)
    assert sequence.required_variables(nodes) == {"first_name"}


def test_a_prompt_asks_no_lead_for_a_value_and_may_be_longer_than_an_invitation() -> None:
    prompt = NodeText(node_id(9), "d", has_subject=False, has_body=True, body_length=900, variables=("name",))
    invitation = Node(
        id=node_id(1), type="connection_request", include_message=True, ai_node=True, text=prompt
    )
    nodes = sequence.replace_all("linkedin", (invitation, Node(id=node_id(2), type="ai", text=prompt), END))
    assert sequence.required_variables(nodes) == frozenset()
    assert [node.id for node in sequence.prompt_nodes(nodes)] == [node_id(1), node_id(2)]
    assert sequence.template_nodes(nodes) == ()


def test_the_facts_of_a_text_hold_nothing_of_its_words() -> None:
    facts = sequence.describe_text(
        node_id(9),
        "d",
        "Hi {{first_name}}",
        "About {{company|you}}, {{dear Ann, 555-1234}}, {{custom_fields.plan}}",
    )
    assert facts == NodeText(
        node_id(9),
        "d",
        has_subject=True,
        has_body=True,
        body_length=69,
        variables=("custom_fields.plan", "first_name", "unknown"),
    )


@pytest.mark.parametrize(("subject", "body"), [("Hi", None), (None, "Hello")])
def test_a_text_may_be_a_subject_or_a_body_alone(subject: str | None, body: str | None) -> None:
    facts = NodeText(node_id(9), "d", subject is not None, body is not None, len(body or ""))
    assert sequence.describe_text(node_id(9), "d", subject, body) == facts


def test_prompts_and_templates_are_the_texts_that_are_sent() -> None:
    silent = Node(id=node_id(1), type="connection_request", ai_node=True)
    nodes = (silent, bare(2, "message"), bare(3, "ai"), END)
    assert ids(sequence.template_nodes(nodes)) == [2]
    assert ids(sequence.prompt_nodes(nodes)) == [3]


def test_a_text_of_blanks_is_no_text() -> None:
    assert sequence.describe_text(node_id(9), "d", None, " \n") is None


def test_a_node_survives_the_log() -> None:
    stored = msgspec.json.encode(MAILS)
    assert msgspec.json.decode(stored, type=Nodes) == MAILS
