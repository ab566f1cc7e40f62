"""One lead on LinkedIn: invited, connected, written to; and what happens when nobody can tell what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.event import Event
from domain.lead.agenda import Appointment, appointment
from domain.lead.decide import (
    FIRST_LOOK,
    FIRST_RETRY,
    MAX_ATTEMPTS,
    MAX_LOOKS,
    BeginSend,
    Command,
    NextAction,
    RecordAccepted,
    RecordConnected,
    RecordDeferred,
    RecordFailed,
    RecordLost,
    RecordPostponed,
    RecordReply,
    RecordSpared,
    RecordUntold,
    TimeOut,
    Unsubscribe,
    decide,
)
from domain.lead.events import (
    Cancelled,
    ConnectionAccepted,
    ConnectionAwaited,
    ConnectionTimedOut,
    EnrolledLead,
    Fact,
    ImportedLead,
    InvitationSpared,
    LeadCompleted,
    LeadReplied,
    LeadUnsubscribed,
    NextActionPlanned,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendInDoubt,
    SendIntended,
    SendOutcomeUnknown,
)
from domain.lead.state import NEWBORN, Lead, evolve
from domain.refusal import Refused
from domain.sequence import Action

NOW = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=21)
LEAD, PERSON, DOCUMENT, CAMPAIGN, SENDER = (UUID(int=number) for number in range(1, 6))
INVITE, MESSAGE, SEND, OTHER_SEND = (UUID(int=number) for number in range(11, 15))
WRITE_NEXT = NextAction(MESSAGE, NOW + timedelta(days=1), "message")
PLANNED = NextActionPlanned(node_id=MESSAGE, due_at=WRITE_NEXT.due_at, action="message")


def intended(action: Action = "connection_request", send_id: UUID = SEND, attempt: int = 1) -> SendIntended:
    return SendIntended(
        campaign_id=CAMPAIGN,
        send_id=send_id,
        node_id=INVITE if action == "connection_request" else MESSAGE,
        sender_id=SENDER,
        attempt=attempt,
        action=action,
    )


INVITED: Sequence[Fact] = (
    intended(),
    SendAccepted(send_id=SEND, code=201),
    ConnectionAwaited(until=UNTIL),
)
CONNECTED: Sequence[Fact] = (*INVITED, ConnectionAccepted(), PLANNED)
WRITTEN: Sequence[Fact] = (
    *CONNECTED,
    intended("message", OTHER_SEND),
    SendAccepted(send_id=OTHER_SEND, code=201),
)


def given(*history: Fact) -> Lead:
    lead = NEWBORN
    begun = (ImportedLead(LEAD, 0, PERSON, DOCUMENT), EnrolledLead(LEAD, SENDER, INVITE, NOW))
    for fact in (*begun, *history):
        lead = evolve(lead, fact, NOW)
    return lead


def after(lead: Lead, *commands: Command) -> tuple[Lead, list[Event]]:
    """The lead after the commands, and what they led to."""
    events: list[Event] = []
    for command in commands:
        for event in decide(lead, command):
            lead = evolve(lead, event, NOW)
            events.append(event)
    return lead, events


def accepted(send_id: UUID = SEND, following: NextAction | None = WRITE_NEXT) -> RecordAccepted:
    return RecordAccepted(send_id=send_id, code=201, next_action=following, connected_by=UNTIL)


class TestThePath:
    def test_an_accepted_invitation_waits_for_the_person(self) -> None:
        lead, events = after(given(intended()), accepted())
        assert events == [SendAccepted(send_id=SEND, code=201), ConnectionAwaited(until=UNTIL)]
        assert (lead.status, lead.next_action_at, lead.current_node_id) == ("connection_sent", UNTIL, INVITE)

    def test_a_connection_plans_what_follows_the_invitation(self) -> None:
        lead, events = after(given(*INVITED), RecordConnected(next_action=WRITE_NEXT))
        assert events == [ConnectionAccepted(), PLANNED]
        assert (lead.status, lead.connected_at, lead.current_node_id) == ("connected", NOW, MESSAGE)

    def test_a_connection_at_the_end_of_the_sequence_completes_the_lead(self) -> None:
        lead, events = after(given(*INVITED), RecordConnected(next_action=None))
        assert events == [ConnectionAccepted(), LeadCompleted()]
        assert lead.status == "completed"

    def test_a_connection_is_told_once(self) -> None:
        assert after(given(*CONNECTED), RecordConnected(next_action=WRITE_NEXT))[1] == []

    def test_a_message_is_sent_after_the_connection(self) -> None:
        lead = given(*CONNECTED)
        begin = BeginSend(
            campaign_id=CAMPAIGN, send_id=OTHER_SEND, node_id=MESSAGE, sender_id=SENDER, action="message"
        )
        lead, _ = after(lead, begin, accepted(OTHER_SEND, None))
        assert lead.status == "completed"
        assert [node_id for node_id, _ in lead.sent_nodes] == [INVITE, MESSAGE]

    def test_a_connection_before_the_outcome_of_the_invitation_lets_the_sequence_go_on(self) -> None:
        lead, _ = after(given(intended()), RecordConnected(next_action=WRITE_NEXT))
        assert lead.status == "connected"
        lead, events = after(lead, accepted())
        assert events == [SendAccepted(send_id=SEND, code=201), PLANNED]
        assert lead.status == "connected"

    def test_who_is_connected_already_needs_no_invitation(self) -> None:
        lead, events = after(given(intended()), RecordSpared(send_id=SEND, code=422, next_action=WRITE_NEXT))
        assert events == [InvitationSpared(send_id=SEND, code=422), ConnectionAccepted(), PLANNED]
        assert (lead.status, lead.sent_nodes) == ("connected", ())

    def test_without_an_answer_the_lead_times_out_when_its_time_is_over_and_not_before(self) -> None:
        lead = given(*INVITED)
        assert decide(lead, TimeOut(now=UNTIL - timedelta(seconds=1))) == ()
        assert decide(lead, TimeOut(now=UNTIL)) == (ConnectionTimedOut(),)
        assert after(lead, TimeOut(now=UNTIL))[0].status == "timed_out"

    def test_who_is_connected_does_not_time_out(self) -> None:
        assert decide(given(*CONNECTED), TimeOut(now=UNTIL)) == ()

    def test_what_is_not_possible_for_a_person_fails_with_the_words_as_evidence(self) -> None:
        failed = RecordFailed(send_id=SEND, reason="not-possible", code=422, evidence=DOCUMENT)
        lead, events = after(given(intended()), failed)
        assert events == [SendFailed(send_id=SEND, reason="not-possible", code=422, evidence=DOCUMENT)]
        assert lead.status == "failed"

    def test_a_limit_of_the_provider_postpones_however_often(self) -> None:
        lead = given(intended(attempt=MAX_ATTEMPTS + 1))
        later = NOW + timedelta(days=1)
        assert decide(lead, RecordPostponed(send_id=SEND, code=422, until=later)) == (
            SendDeferred(send_id=SEND, code=422, retry_at=later),
        )


class TestReplies:
    @pytest.mark.parametrize("history", [INVITED, CONNECTED, WRITTEN, (*WRITTEN, LeadCompleted())])
    def test_a_reply_ends_the_lead(self, history: Sequence[Fact]) -> None:
        lead, events = after(given(*history), RecordReply(stops=True))
        assert events == [LeadReplied(stops=True)]
        assert (lead.status, lead.replied_at, lead.next_action_at) == ("replied", NOW, None)

    def test_a_reply_may_leave_the_sequence_going(self) -> None:
        lead, _ = after(given(*CONNECTED), RecordReply(stops=False))
        assert (lead.status, lead.replied_at) == ("connected", NOW)
        assert lead.next_action_at == PLANNED.due_at

    def test_the_second_reply_says_nothing_new(self) -> None:
        assert after(given(*WRITTEN), RecordReply(stops=True), RecordReply(stops=True))[1] == [
            LeadReplied(stops=True)
        ]

    def test_who_was_never_written_to_has_not_replied(self) -> None:
        assert decide(given(), RecordReply(stops=True)) == ()

    def test_a_reply_before_the_outcome_still_lets_it_be_recorded(self) -> None:
        lead, events = after(given(intended()), RecordReply(stops=True), accepted())
        assert events == [LeadReplied(stops=True), SendAccepted(send_id=SEND, code=201)]
        assert (lead.status, lead.open_send) == ("replied", None)


class TestDoubts:
    def test_an_outcome_nobody_was_told_puts_the_send_in_doubt(self) -> None:
        lead, [event] = after(given(intended()), RecordLost(send_id=SEND, reason="connection-lost", now=NOW))
        assert event == SendInDoubt(send_id=SEND, reason="connection-lost", look=1, look_at=NOW + FIRST_LOOK)
        assert (lead.status, lead.is_in_doubt) == ("pending", True)

    def test_nothing_is_sent_while_a_send_is_in_doubt(self) -> None:
        doubtful, _ = after(given(intended()), RecordLost(send_id=SEND, reason="worker-lost", now=NOW))
        again = BeginSend(
            campaign_id=CAMPAIGN,
            send_id=OTHER_SEND,
            node_id=INVITE,
            sender_id=SENDER,
            action="connection_request",
        )
        with pytest.raises(Refused) as refused:
            decide(doubtful, again)
        assert refused.value.code == "send-in-flight"

    def test_a_trace_that_is_found_settles_the_send(self) -> None:
        lost = RecordLost(send_id=SEND, reason="worker-lost", now=NOW)
        lead, _ = after(given(intended()), lost, accepted())
        assert (lead.status, lead.open_send) == ("connection_sent", None)

    def test_a_trace_that_is_absent_lets_the_send_be_tried_again_under_its_id(self) -> None:
        lost = RecordLost(send_id=SEND, reason="worker-lost", now=NOW)
        lead, events = after(given(intended()), lost, RecordDeferred(send_id=SEND, code=0, now=NOW))
        assert events[-1] == SendDeferred(send_id=SEND, code=0, retry_at=NOW + FIRST_RETRY)
        again = BeginSend(
            campaign_id=CAMPAIGN,
            send_id=OTHER_SEND,
            node_id=INVITE,
            sender_id=SENDER,
            action="connection_request",
        )
        assert decide(lead, again) == (intended(attempt=2),)

    def test_a_provider_that_can_not_say_is_asked_again_and_at_last_the_outcome_is_unknown(self) -> None:
        lead, _ = after(given(intended()), RecordLost(send_id=SEND, reason="worker-lost", now=NOW))
        for look in range(2, MAX_LOOKS + 1):
            lead, [event] = after(lead, RecordUntold(send_id=SEND, now=NOW))
            assert event == SendInDoubt(
                send_id=SEND,
                reason="provider-silent",
                look=look,
                look_at=NOW + FIRST_LOOK * 2 ** (look - 1),
            )
        lead, [event] = after(lead, RecordUntold(send_id=SEND, now=NOW))
        assert event == SendOutcomeUnknown(send_id=SEND, reason="provider-silent")
        assert lead.status == "outcome_unknown"

    def test_losing_what_is_in_doubt_already_says_nothing_new(self) -> None:
        lost = RecordLost(send_id=SEND, reason="worker-lost", now=NOW)
        assert len(after(given(intended()), lost, lost)[1]) == 1

    def test_a_mail_leaves_no_trace_so_its_outcome_is_unknown_at_once(self) -> None:
        lost = RecordLost(send_id=SEND, reason="worker-lost", now=NOW)
        assert decide(given(intended("email")), lost) == (
            SendOutcomeUnknown(send_id=SEND, reason="worker-lost"),
        )

    def test_a_lead_that_ended_is_not_traced(self) -> None:
        lost = RecordLost(send_id=SEND, reason="worker-lost", now=NOW)
        assert decide(given(intended(), LeadUnsubscribed()), lost) == (
            SendOutcomeUnknown(send_id=SEND, reason="worker-lost"),
        )


class TestEndings:
    @pytest.mark.parametrize("history", [INVITED, CONNECTED, WRITTEN])
    def test_unsubscribing_and_stopping_end_a_lead_wherever_it_is(self, history: Sequence[Fact]) -> None:
        assert after(given(*history), Unsubscribe())[0].status == "unsubscribed"
        assert evolve(given(*history), Cancelled(), NOW).status == "cancelled"


class TestTheAgenda:
    @pytest.mark.parametrize(
        ("last", "expected"),
        [
            (PLANNED, Appointment("message", MESSAGE, PLANNED.due_at)),
            (
                SendDeferred(send_id=SEND, code=429, retry_at=NOW),
                Appointment("connection_request", INVITE, NOW),
            ),
            (
                SendInDoubt(send_id=SEND, reason="worker-lost", look=1, look_at=NOW),
                Appointment("trace", INVITE, NOW),
            ),
            (ConnectionAwaited(until=UNTIL), Appointment("time_out", INVITE, UNTIL)),
            (LeadCompleted(), None),
            (SendAccepted(send_id=SEND, code=201), None),
        ],
    )
    def test_the_last_event_says_what_is_to_be_done_next(
        self, last: Event, expected: Appointment | None
    ) -> None:
        assert appointment(last, INVITE, "connection_request") == expected
