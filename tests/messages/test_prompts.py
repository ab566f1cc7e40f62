"""From a node's prompt to a question, and from an answer to the words of a draft; no model is needed for that."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.campaign.events import Settings, TextRef
from domain.campaign.state import Campaign
from domain.lead.events import ImportedLead
from domain.sequence import Channel, Node
from domain.templating import Unresolved
from service.messages.prompts import Prompt, prompt, words_in
from service.texts import LeadProfile, NodeWords

LEAD = ImportedLead(*(UUID(int=1), 0, UUID(int=2), UUID(int=3)))
WHO = LeadProfile(email="ada@x.example", first_name="Ada", company="Northwind")
AT = datetime(2030, 1, 31, 9, tzinfo=UTC)
MAIL = Node(id=UUID(int=4), type="ai")
REPLY = Node(id=UUID(int=5), type="ai", is_reply=True)
INVITATION = Node(id=UUID(int=6), type="connection_request", include_message=True, ai_node=True)
MESSAGE = Node(id=UUID(int=7), type="ai")
END = Node(id=UUID(int=8), type="end")


def campaign(channel: Channel, *nodes: Node) -> Campaign:
    return Campaign(
        id=UUID(int=9),
        channel=channel,
        status="draft",
        settings=Settings(name=TextRef(UUID(int=10), "name")),
        nodes=(*nodes, END),
        created_at=AT,
        updated_at=AT,
        version=1,
    )


MAILS = campaign("email", MAIL, REPLY)
LINKEDIN = campaign("linkedin", INVITATION, MESSAGE)


def asked(of: Campaign, node: Node, subject: str = "") -> Prompt:
    return prompt(of, node, NodeWords(subject, "Write to {{first_name}}."), LEAD, WHO)


def test_the_prompt_is_filled_in_and_the_recipient_told_as_data() -> None:
    user = asked(MAILS, MAIL).question.user
    assert user.startswith("Write to Ada.\n")
    assert user.endswith('{"company":"Northwind","name":"Ada"}')


def test_a_prompt_without_a_value_can_not_be_asked() -> None:
    with pytest.raises(Unresolved):
        prompt(MAILS, MAIL, NodeWords("", "Write about {{headline}}."), LEAD, WHO)


def test_a_mail_whose_node_has_no_subject_has_one_written() -> None:
    question = asked(MAILS, MAIL)
    assert "Subject: …" in question.question.system
    assert words_in(MAILS, question, "subject: A  quieter week?\r\n\r\nDear Ada,\r\n\r\n…") == NodeWords(
        "A  quieter week?", "Dear Ada,\n\n…"
    )


@pytest.mark.parametrize(
    "text", ["", " \n", "Dear Ada", "Subject: Hi", "Subject:\n\nDear Ada", "Subject: Hi\n\n" + "x" * 10_001]
)
def test_an_answer_that_can_not_be_sent_holds_no_words(text: str) -> None:
    assert words_in(MAILS, asked(MAILS, MAIL), text) is None


def test_the_subject_of_the_node_is_filled_in_and_kept() -> None:
    own = asked(MAILS, MAIL, "For {{first_name}}")
    assert "without a subject" in own.question.system
    assert words_in(MAILS, own, "Dear Ada") == NodeWords("For Ada", "Dear Ada")


def test_a_reply_needs_no_subject() -> None:
    assert words_in(MAILS, asked(MAILS, REPLY), " Again\x00 \n") == NodeWords("", "Again")


def test_an_invitation_has_room_for_300_characters() -> None:
    question = asked(LINKEDIN, INVITATION)
    assert "at most 300 characters" in question.question.system
    assert words_in(LINKEDIN, question, "x" * 300) == NodeWords("", "x" * 300)
    assert words_in(LINKEDIN, question, "x" * 301) is None


def test_a_message_has_no_subject_even_if_its_node_has_one() -> None:
    assert words_in(LINKEDIN, asked(LINKEDIN, MESSAGE, "For {{first_name}}"), "Dear Ada") == NodeWords(
        "", "Dear Ada"
    )
