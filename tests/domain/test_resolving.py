"""A person settles a send whose outcome nobody was told."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from domain.campaign.events import Status
from domain.event import Event
from domain.lead.decide import BeginSend, NextAction, RecordAccepted
from domain.lead.events import (
    ConnectionAwaited,
    Fact,
    LeadCompleted,
    LeadReplied,
    NextActionPlanned,
    Resolution,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendIntended,
    SendOutcomeUnknown,
    SendResolved,
)
from domain.lead.resolving import Resolve, found, resolve
from domain.lead.state import Lead, evolve
from domain.refusal import Refused
from tests.domain.test_lead import (
    CAMPAIGN,
    DOCUMENT,
    FIRST,
    NOW,
    OTHER_SEND,
    SECOND,
    SEND,
    SENDER,
    given,
    intended,
    then,
)

LOST = SendOutcomeUnknown(send_id=SEND, reason="connection-lost")
FOLLOWING = NextAction(SECOND, NOW + timedelta(days=2))


def lost(*before: Fact) -> Lead:
    return given(*before, intended(), LOST)


def told(resolution: Resolution, following: NextAction | None = FOLLOWING) -> Resolve:
    return Resolve(
        resolution=resolution, campaign_status="active", now=NOW, next_action=following, evidence=DOCUMENT
    )


def after(lead: Lead, events: tuple[Event, ...]) -> Lead:
    for event in events:
        lead = evolve(lead, event, NOW)
    return lead


def test_sent_lets_the_sequence_go_on() -> None:
    events = resolve(lost(), told("sent"))
    assert events == (
        SendResolved(send_id=SEND, resolution="sent", evidence=DOCUMENT),
        SendAccepted(send_id=SEND, code=0),
        NextActionPlanned(node_id=SECOND, due_at=FOLLOWING.due_at, action="email"),
    )
    assert after(lost(), events).status == "sent"


def test_sent_of_the_last_step_completes_the_lead() -> None:
    assert resolve(lost(), told("sent", None))[-1] == LeadCompleted()


def test_not_sent_lets_the_very_send_be_tried_again() -> None:
    events = resolve(lost(), told("not_sent"))
    assert events[1:] == (SendDeferred(send_id=SEND, code=0, retry_at=NOW),)
    lead = after(lost(), events)
    assert (lead.status, lead.next_action_at) == ("pending", NOW)
    again = BeginSend(campaign_id=CAMPAIGN, send_id=OTHER_SEND, node_id=FIRST, sender_id=SENDER)
    assert then(lead, again) == (intended(attempt=2),)


@pytest.mark.parametrize("status", ["completed", "stopped", "archived"])
def test_nothing_is_sent_again_for_a_campaign_that_has_ended(status: Status) -> None:
    with pytest.raises(Refused, match=status) as refused:
        resolve(lost(), replace(told("not_sent"), campaign_status=status))
    assert refused.value.code == "campaign-ended"
    assert resolve(lost(), replace(told("failed"), campaign_status=status))


def test_a_send_that_is_found_goes_on_like_one_that_was_told() -> None:
    accepted = RecordAccepted(send_id=SEND, code=0, next_action=FOLLOWING, evidence=DOCUMENT)
    assert found(lost(), accepted) == then(lost(), accepted)


def test_what_is_found_of_another_send_or_of_one_that_is_known_changes_nothing() -> None:
    accepted = RecordAccepted(send_id=SEND, code=0, next_action=FOLLOWING)
    assert found(lost(), replace(accepted, send_id=OTHER_SEND)) == ()
    assert found(after(lost(), found(lost(), accepted)), accepted) == ()
    assert found(given(intended()), accepted) == ()


def test_the_send_that_is_tried_again_has_an_outcome_as_any_other() -> None:
    lead = after(lost(), resolve(lost(), told("not_sent")))
    lead = evolve(lead, intended(attempt=2), NOW)
    assert then(lead, RecordAccepted(send_id=SEND, code=250, next_action=None))[0] == SendAccepted(
        send_id=SEND, code=250
    )


def test_failed_ends_the_lead() -> None:
    events = resolve(lost(), told("failed"))
    assert events[1:] == (SendFailed(send_id=SEND, reason="given-up"),)
    assert after(lost(), events).status == "failed"


def test_an_invitation_that_was_sent_waits_for_the_connection() -> None:
    invited = SendIntended(
        campaign_id=CAMPAIGN,
        send_id=SEND,
        node_id=FIRST,
        sender_id=SENDER,
        attempt=1,
        action="connection_request",
    )
    command = Resolve(
        resolution="sent", campaign_status="active", now=NOW, next_action=FOLLOWING, connected_by=NOW
    )
    assert resolve(given(invited, LOST), command)[-1] == ConnectionAwaited(until=NOW)


@pytest.mark.parametrize("resolution", get_args(Resolution))
@pytest.mark.parametrize(
    "lead",
    [
        given(),
        given(intended()),
        given(intended(), SendAccepted(send_id=SEND, code=250)),
        after(lost(), resolve(lost(), told("sent"))),
        after(lost(), resolve(lost(), told("failed"))),
        given(intended(), LOST, LeadReplied(stops=True)),
    ],
    ids=["planned", "in flight", "sent", "resolved as sent", "resolved as failed", "answered"],
)
def test_there_is_nothing_to_resolve_where_the_outcome_is_known(lead: Lead, resolution: Resolution) -> None:
    with pytest.raises(Refused) as refused:
        resolve(lead, told(resolution))
    assert (refused.value.code, refused.value.evidence) == (
        "outcome-not-unknown",
        {"lead_status": lead.status},
    )
