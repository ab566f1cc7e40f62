"""A mail that comes back after a server had taken it over."""

from __future__ import annotations

import pytest

from domain.lead.decide import BeginSend, RecordAccepted
from domain.lead.events import (
    Fact,
    LeadCompleted,
    LeadReplied,
    LeadUnsubscribed,
    MailBounced,
    NextActionPlanned,
    SendAccepted,
    SendFailed,
    SendOutcomeUnknown,
)
from domain.lead.returning import Return, returned
from domain.lead.state import Lead, evolve
from domain.refusal import Refused
from domain.suppression import is_dead_address
from tests.domain.test_lead import (
    CAMPAIGN,
    DOCUMENT,
    NOW,
    OTHER_SEND,
    SECOND,
    SEND,
    SENDER,
    given,
    intended,
    then,
)

ACCEPTED = SendAccepted(send_id=SEND, code=250)
CAME_BACK = Return(SEND, 550, DOCUMENT)
BOUNCED = MailBounced(send_id=SEND, code=550, evidence=DOCUMENT)


def after(lead: Lead, mail: Return = CAME_BACK) -> Lead:
    for event in returned(lead, mail):
        lead = evolve(lead, event, NOW)
    return lead


@pytest.mark.parametrize("end", [(), (LeadCompleted(),)], ids=["on its way", "after the last step"])
def test_the_lead_bounces_though_a_server_had_taken_it_over(end: tuple[Fact, ...]) -> None:
    lead = given(intended(), ACCEPTED, *end)
    assert returned(lead, CAME_BACK) == (BOUNCED,)
    assert (after(lead).status, after(lead).bounced_at) == ("bounced", NOW)


def test_nothing_more_is_sent_to_it() -> None:
    planned = NextActionPlanned(node_id=SECOND, due_at=NOW, action="email")
    lead = after(given(intended(), ACCEPTED, planned))
    assert lead.next_action_at is None
    with pytest.raises(Refused, match="bounced"):
        then(
            lead,
            BeginSend(campaign_id=CAMPAIGN, send_id=OTHER_SEND, node_id=SECOND, sender_id=SENDER),
        )


def test_it_bounces_once() -> None:
    assert returned(after(given(intended(), ACCEPTED)), CAME_BACK) == ()


@pytest.mark.parametrize(
    "end",
    [LeadReplied(stops=True), LeadUnsubscribed(), SendFailed(send_id=OTHER_SEND, reason="erased")],
    ids=lambda end: end.type,
)
def test_a_lead_that_ended_otherwise_stays_as_it_is(end: Fact) -> None:
    assert returned(given(intended(), ACCEPTED, end), CAME_BACK) == ()


def test_a_mail_the_lead_never_got_says_nothing_about_it() -> None:
    assert returned(given(intended(), ACCEPTED), Return(OTHER_SEND, 550)) == ()


def test_of_a_send_of_unknown_outcome_the_report_is_the_evidence_that_it_was_made() -> None:
    lead = given(intended(), SendOutcomeUnknown(send_id=SEND, reason="connection-lost"))
    assert returned(lead, CAME_BACK) == (SendAccepted(send_id=SEND, code=0, evidence=DOCUMENT), BOUNCED)
    assert (after(lead).status, after(lead).open_send) == ("bounced", None)


def test_a_report_that_overtakes_the_outcome_leaves_room_for_it() -> None:
    lead = after(given(intended()))
    assert lead.status == "bounced"
    assert then(lead, RecordAccepted(send_id=SEND, code=250, next_action=None)) == (ACCEPTED,)


@pytest.mark.parametrize(
    ("status", "dead"),
    [
        ("5.1.1", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.1.7", False),  # the sender's address, misspelt
        ("5.1.8", False),  # the sender's address
        ("5.2.2", False),  # full
        ("5.7.1", False),
        ("4.4.1", False),
        ("", False),
    ],
)
def test_statuses_that_say_that_nobody_will_ever_get_mail_there(status: str, dead: bool) -> None:
    assert is_dead_address(status) == dead
