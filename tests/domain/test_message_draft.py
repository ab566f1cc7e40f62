"""Examples of message drafts: whose words give way to whose, and which words a node can send."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain import message_draft
from domain.campaign.decide import ReviseDrafts, decide
from domain.campaign.events import DraftsRevised
from domain.event import Event
from domain.message_draft import DraftsDropped, DraftsWritten, Origin, WrittenDraft, keeps
from domain.refusal import Invalid, Refused
from domain.sequence import Channel, Node
from tests.domain.test_campaign import ACTIVE, given, refusal
from tests.domain.test_credits import recorded

LEAD, OTHER, NODE, END = (UUID(int=number) for number in range(1, 5))
MAIL = (Node(id=NODE, type="email"), Node(id=END, type="end"))


def draft(origin: Origin, digest: str = "a", lead_id: UUID = LEAD) -> WrittenDraft:
    return WrittenDraft(lead_id=lead_id, node_id=NODE, document_id=UUID(int=9), digest=digest, origin=origin)


def test_a_person_s_words_give_way_to_nothing_and_the_model_s_to_a_person_s() -> None:
    rows: list[tuple[Origin, Origin, bool]] = [
        ("template", "template", False),
        ("template", "ai", False),
        ("template", "manual", False),
        ("ai", "template", True),
        ("ai", "ai", False),
        ("ai", "manual", False),
        ("manual", "template", True),
        ("manual", "ai", True),
        ("manual", "manual", False),
    ]
    assert [keeps(draft(present), new) for present, new, _ in rows] == [kept for _, _, kept in rows]
    assert not keeps(None, "template")


def test_only_what_changes_something_is_written() -> None:
    present = {draft("manual").place: draft("manual")}
    assert message_draft.write(present, [draft("manual")]) == []
    assert message_draft.write(present, [draft("ai", "b")]) == []
    assert message_draft.write(present, [draft("manual", "b")]) == [draft("manual", "b")]
    assert message_draft.write({}, [draft("template")]) == [draft("template")]


def test_a_draft_takes_the_place_of_the_one_before_it_and_leaves_the_others() -> None:
    history: list[Event] = [
        DraftsWritten(drafts=(draft("ai"), draft("ai", lead_id=OTHER))),
        DraftsWritten(drafts=(draft("manual", "b"),)),
    ]
    told = message_draft.fold(recorded(version, event) for version, event in enumerate(history, 1))
    assert told == {(LEAD, NODE): draft("manual", "b"), (OTHER, NODE): draft("ai", lead_id=OTHER)}


def test_an_event_tells_of_a_thousand_drafts_at_most() -> None:
    drafts = [draft("template", lead_id=UUID(int=number)) for number in range(2001)]
    events = list(message_draft.written(drafts))
    assert [len(event.drafts) for event in events] == [1000, 1000, 1]
    assert [each for event in events for each in event.drafts] == drafts


def test_the_drafts_of_dropped_leads_are_gone() -> None:
    history: list[Event] = [
        DraftsWritten(drafts=(draft("ai"), draft("ai", lead_id=OTHER))),
        DraftsDropped(lead_ids=(LEAD,)),
    ]
    told = message_draft.fold(recorded(version, event) for version, event in enumerate(history, 1))
    assert list(told) == [(OTHER, NODE)]


@pytest.mark.parametrize(
    ("channel", "node", "subject", "body", "wrong"),
    [
        ("email", Node(id=NODE, type="email"), "Hi", "Hello", set()),
        ("email", Node(id=NODE, type="ai"), "", "Hello", {"subject"}),
        ("email", Node(id=NODE, type="email", is_reply=True), "", "Hello", {"subject"}),
        ("email", Node(id=NODE, type="email"), "x" * 998, "y" * 10_000, set()),
        ("email", Node(id=NODE, type="email"), "x" * 999, "y" * 10_001, {"subject", "body"}),
        ("email", Node(id=NODE, type="email"), " ", " ", {"subject", "body"}),
        ("email", Node(id=NODE, type="delay", delay_days=1), "Hi", "Hello", {"node_id"}),
        ("linkedin", Node(id=NODE, type="message"), "", "Hello", set()),
        ("linkedin", Node(id=NODE, type="message"), "Hi", "Hello", {"subject"}),
        ("linkedin", Node(id=NODE, type="connection_request", include_message=True), "", "x" * 300, set()),
        ("linkedin", Node(id=NODE, type="connection_request", include_message=True), "", "x" * 301, {"body"}),
        ("linkedin", Node(id=NODE, type="connection_request"), "", "Hello", {"node_id"}),
    ],
)
def test_a_node_takes_the_words_it_can_send(
    channel: Channel, node: Node, subject: str, body: str, wrong: set[str]
) -> None:
    nodes = (node, Node(id=END, type="end"))
    if not wrong:
        message_draft.check(channel, nodes, NODE, subject, body)
        return
    with pytest.raises(Invalid) as invalid:
        message_draft.check(channel, nodes, NODE, subject, body)
    assert {error.path for error in invalid.value.errors} == wrong


def test_a_node_that_is_not_there_takes_no_words() -> None:
    with pytest.raises(Refused) as refusal:
        message_draft.check("email", MAIL, OTHER, "Hi", "Hello")
    assert refusal.value.code == "node-not-found"


def test_drafts_are_written_while_the_campaign_is_a_draft_only() -> None:
    assert decide(given(), ReviseDrafts(written=2)) == (DraftsRevised(written=2),)
    assert decide(given(), ReviseDrafts(written=0)) == ()
    assert refusal(given(*ACTIVE), ReviseDrafts(written=1)).code == "campaign-not-draft"
