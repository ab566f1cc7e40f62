"""What is known of a lead after its facts, and what the commands about it hand on."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.event import Event
from domain.lead.decide import (
    Command,
    NextAction,
    RecordAccepted,
    RecordConnected,
    RecordDeferred,
    RecordFailed,
    RecordPostponed,
    RecordRefused,
    RecordReply,
    RecordSpared,
    decide,
    next_action,
    retry_delay,
)
from domain.lead.events import (
    ConnectionAccepted,
    CorrectedLead,
    InvitationSpared,
    LeadCompleted,
    LeadReplied,
    LeadSuppressed,
    LeadUnsubscribed,
    NextActionPlanned,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendInDoubt,
    SendRefused,
    SkippedLead,
)
from domain.lead.state import NEWBORN, OpenSend, evolve
from domain.sequence import Node
from tests.domain import test_lead_on_linkedin as linkedin
from tests.domain.test_lead import (
    DOCUMENT,
    ENROLLED,
    FIRST,
    IMPORTED,
    LEAD,
    NOW,
    PERSON,
    SECOND,
    SEND,
    SENDER,
    given,
    intended,
    then,
)

LATER = NOW + timedelta(hours=1)
WORDS = UUID(int=99)
ACCEPTED = SendAccepted(send_id=SEND, code=250)


# --- Facts ---


def test_an_imported_lead_is_who_was_imported() -> None:
    lead = evolve(NEWBORN, replace(IMPORTED, ordinal=7), NOW)
    assert lead == replace(NEWBORN, ordinal=7, person_id=PERSON, document_id=DOCUMENT)


def test_a_corrected_lead_is_who_it_was_corrected_to() -> None:
    corrected = CorrectedLead(LEAD, UUID(int=31), UUID(int=32))
    before = evolve(NEWBORN, IMPORTED, NOW)
    assert evolve(before, corrected, NOW) == replace(before, person_id=UUID(int=31), document_id=UUID(int=32))


def test_a_skipped_lead_knows_why() -> None:
    assert evolve(NEWBORN, SkippedLead(LEAD, "unresolved-variable"), NOW).skip_reason == "unresolved-variable"


def test_an_enrolled_lead_knows_its_sender_its_node_and_its_time() -> None:
    lead = evolve(NEWBORN, replace(ENROLLED, due_at=LATER), NOW)
    assert (lead.sender_id, lead.current_node_id, lead.next_action_at) == (SENDER, FIRST, LATER)


def test_a_send_tells_who_sends_what() -> None:
    lead = evolve(given(), replace(intended(SECOND), sender_id=UUID(int=33)), NOW)
    assert (lead.sender_id, lead.current_node_id) == (UUID(int=33), SECOND)
    assert lead.open_send == OpenSend(SEND, SECOND, 1)


def test_a_send_that_was_taken_over_leaves_nothing_to_do_until_something_is_planned() -> None:
    assert given(intended(), ACCEPTED).next_action_at is None
    planned = NextActionPlanned(node_id=SECOND, due_at=LATER, action="email")
    lead = given(intended(), ACCEPTED, planned)
    assert (lead.current_node_id, lead.next_action_at) == (SECOND, LATER)


def test_a_doubt_is_looked_into_at_its_time_and_ends_with_the_deferral() -> None:
    doubt = SendInDoubt(send_id=SEND, reason="worker-lost", look=2, look_at=LATER)
    lead = given(intended(), doubt)
    assert (lead.open_send, lead.next_action_at) == (OpenSend(SEND, FIRST, 1, looks=2), LATER)
    deferred = evolve(lead, SendDeferred(send_id=SEND, code=0, retry_at=LATER), NOW)
    assert deferred.open_send == OpenSend(SEND, FIRST, 1, deferred=True, looks=0)


def test_a_completed_lead_stands_at_no_node() -> None:
    lead = given(intended(), ACCEPTED, LeadCompleted())
    assert (lead.status, lead.current_node_id, lead.next_action_at) == ("completed", None, None)


def test_a_spared_invitation_leaves_nothing_open_and_nothing_to_do() -> None:
    lead = linkedin.given(linkedin.intended(), InvitationSpared(send_id=linkedin.SEND, code=422))
    assert (lead.open_send, lead.next_action_at) == (None, None)


# --- Evidence ---


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            RecordAccepted(send_id=SEND, code=250, next_action=None, evidence=WORDS),
            SendAccepted(send_id=SEND, code=250, evidence=WORDS),
        ),
        (
            RecordSpared(send_id=SEND, code=422, next_action=None, evidence=WORDS),
            InvitationSpared(send_id=SEND, code=422, evidence=WORDS),
        ),
        (
            RecordDeferred(send_id=SEND, code=451, now=NOW, evidence=WORDS),
            SendDeferred(send_id=SEND, code=451, retry_at=NOW + retry_delay(1), evidence=WORDS),
        ),
        (
            RecordPostponed(send_id=SEND, code=429, until=LATER, evidence=WORDS),
            SendDeferred(send_id=SEND, code=429, retry_at=LATER, evidence=WORDS),
        ),
        (
            RecordRefused(send_id=SEND, code=550, evidence=WORDS),
            SendRefused(send_id=SEND, code=550, evidence=WORDS),
        ),
        (
            RecordFailed(send_id=SEND, reason="not-possible", code=422, evidence=WORDS),
            SendFailed(send_id=SEND, reason="not-possible", code=422, evidence=WORDS),
        ),
        (RecordReply(stops=True, evidence=WORDS), LeadReplied(stops=True, evidence=WORDS)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_is_told_keeps_the_code_and_the_words_of_who_told_it(command: Command, told: Event) -> None:
    assert decide(given(intended()), command)[0] == told


# --- What follows ---


def test_on_linkedin_what_follows_tells_its_own_action() -> None:
    nodes = (
        Node(id=FIRST, type="connection_request"),
        Node(id=SECOND, type="ai"),
        Node(id=UUID(int=21), type="message"),
        Node(id=UUID(int=22), type="end"),
    )
    assert next_action("linkedin", nodes, FIRST, None, NOW) == NextAction(SECOND, NOW, "message")
    assert next_action("linkedin", nodes, SECOND, None, NOW) == NextAction(UUID(int=21), NOW, "message")
    assert next_action("email", nodes, FIRST, None, NOW) == NextAction(SECOND, NOW, "email")


@pytest.mark.parametrize("end", [LeadUnsubscribed(), LeadSuppressed()], ids=lambda end: end.type)
def test_a_connection_with_a_lead_that_has_ended_is_of_no_interest(end: Event) -> None:
    lead = linkedin.given(*linkedin.INVITED, end)
    assert then(lead, RecordConnected(next_action=linkedin.WRITE_NEXT)) == ()


def test_a_connection_that_is_known_is_not_told_again_when_the_invitation_was_spared() -> None:
    lead = linkedin.given(linkedin.intended(), ConnectionAccepted())
    spared = RecordSpared(send_id=linkedin.SEND, code=422, next_action=None)
    assert then(lead, spared) == (InvitationSpared(send_id=linkedin.SEND, code=422), LeadCompleted())
