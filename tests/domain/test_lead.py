"""One lead: given these events, when this is asked, then these events follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.event import Event
from domain.lead.decide import (
    FIRST_RETRY,
    MAX_ATTEMPTS,
    BeginSend,
    Command,
    NextAction,
    RecordAccepted,
    RecordDeferred,
    RecordFailed,
    RecordLost,
    RecordRefused,
    Suppress,
    Unsubscribe,
    decide,
    next_action,
    retry_delay,
)
from domain.lead.events import (
    Cancelled,
    EnrolledLead,
    Fact,
    ImportedLead,
    LeadCompleted,
    LeadSuppressed,
    LeadUnsubscribed,
    NextActionPlanned,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendIntended,
    SendOutcomeUnknown,
    SendRefused,
    SkippedLead,
    Withdrawn,
)
from domain.lead.state import NEWBORN, Lead, evolve
from domain.refusal import Refused
from domain.schedule import DayHours, OperatingHours
from domain.sequence import Node

NOW = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)  # a Monday
LEAD, PERSON, DOCUMENT, CAMPAIGN, SENDER = (UUID(int=number) for number in range(1, 6))
FIRST, SECOND, SEND, OTHER_SEND = (UUID(int=number) for number in range(11, 15))

IMPORTED = ImportedLead(LEAD, 0, PERSON, DOCUMENT)
ENROLLED = EnrolledLead(LEAD, SENDER, FIRST, NOW)
BEGIN = BeginSend(campaign_id=CAMPAIGN, send_id=SEND, node_id=FIRST, sender_id=SENDER)


def intended(node_id: UUID = FIRST, send_id: UUID = SEND, attempt: int = 1) -> SendIntended:
    return SendIntended(
        campaign_id=CAMPAIGN,
        send_id=send_id,
        node_id=node_id,
        sender_id=SENDER,
        attempt=attempt,
        action="email",
    )


def accepted(next_action: NextAction | None) -> RecordAccepted:
    return RecordAccepted(send_id=SEND, code=250, next_action=next_action)


def given(*history: Fact) -> Lead:
    lead = NEWBORN
    for fact in (IMPORTED, ENROLLED, *history):
        lead = evolve(lead, fact, NOW)
    return lead


def then(lead: Lead, command: Command) -> Sequence[Event]:
    return decide(lead, command)


class TestSending:
    def test_the_intent_comes_before_the_send(self) -> None:
        assert then(given(), BEGIN) == (intended(),)

    def test_no_second_send_while_one_is_in_flight(self) -> None:
        with pytest.raises(Refused) as refused:
            then(given(intended()), BEGIN)
        assert refused.value.code == "send-in-flight"

    def test_a_step_that_was_taken_over_is_never_sent_again(self) -> None:
        lead = given(intended(), SendAccepted(send_id=SEND, code=250))
        with pytest.raises(Refused) as refused:
            then(lead, BEGIN)
        assert refused.value.code == "step-already-sent"

    @pytest.mark.parametrize(
        "ending",
        [
            SendRefused(send_id=SEND, code=550),
            SendFailed(send_id=SEND, reason="erased"),
            SendOutcomeUnknown(send_id=SEND, reason="worker-lost"),
            LeadUnsubscribed(),
            Cancelled(),
        ],
    )
    def test_nothing_is_sent_to_a_lead_that_is_done(self, ending: Fact) -> None:
        with pytest.raises(Refused) as refused:
            then(given(intended(), ending), BEGIN)
        assert refused.value.code == "lead-is-terminal"

    def test_acceptance_plans_what_comes_next(self) -> None:
        following = NextAction(SECOND, NOW + timedelta(days=2))
        assert then(given(intended()), accepted(following)) == (
            SendAccepted(send_id=SEND, code=250),
            NextActionPlanned(node_id=SECOND, due_at=following.due_at, action="email"),
        )

    def test_acceptance_of_the_last_step_completes_the_lead(self) -> None:
        assert then(given(intended()), accepted(None))[-1] == LeadCompleted()

    def test_a_deferred_send_is_tried_again_under_its_own_id(self) -> None:
        lead = given(intended(), SendDeferred(send_id=SEND, code=451, retry_at=NOW))
        again = BeginSend(campaign_id=CAMPAIGN, send_id=OTHER_SEND, node_id=FIRST, sender_id=SENDER)
        assert then(lead, again) == (intended(send_id=SEND, attempt=2),)

    def test_deferrals_wait_twice_as_long_each_time(self) -> None:
        assert [retry_delay(attempt) / FIRST_RETRY for attempt in (1, 2, 3, 4)] == [1, 2, 4, 8]

    def test_the_last_deferral_fails_the_lead(self) -> None:
        lead = given(intended(attempt=MAX_ATTEMPTS))
        assert then(lead, RecordDeferred(send_id=SEND, code=451, now=NOW)) == (
            SendFailed(send_id=SEND, reason="retries-exhausted"),
        )

    def test_a_refusal_is_a_bounce(self) -> None:
        events = then(given(intended()), RecordRefused(send_id=SEND, code=550))
        lead = evolve(given(intended()), events[0], NOW)
        assert (lead.status, lead.bounced_at) == ("bounced", NOW)

    def test_an_outcome_of_another_send_is_refused(self) -> None:
        with pytest.raises(Refused) as refused:
            then(given(intended(send_id=OTHER_SEND)), accepted(None))
        assert refused.value.code == "no-such-send"

    def test_an_outcome_is_recorded_once(self) -> None:
        with pytest.raises(Refused):
            then(given(intended(), SendAccepted(send_id=SEND, code=250)), accepted(None))

    def test_what_could_not_be_made_fails(self) -> None:
        events = then(given(intended()), RecordFailed(send_id=SEND, reason="unresolved-variable"))
        assert events == (SendFailed(send_id=SEND, reason="unresolved-variable"),)


class TestWhatNobodyKnows:
    def test_a_lost_send_is_unknown_and_stays_open_for_evidence(self) -> None:
        lead = given(intended(), SendOutcomeUnknown(send_id=SEND, reason="worker-lost"))
        assert lead.status == "outcome_unknown"
        assert lead.open_send is not None

    def test_losing_it_twice_says_nothing_new(self) -> None:
        lead = given(intended(), SendOutcomeUnknown(send_id=SEND, reason="worker-lost"))
        assert then(lead, RecordLost(send_id=SEND, reason="worker-lost", now=NOW)) == ()

    def test_late_evidence_of_acceptance_brings_the_lead_back(self) -> None:
        lead = given(intended(), SendOutcomeUnknown(send_id=SEND, reason="worker-lost"))
        events = then(lead, accepted(NextAction(SECOND, NOW)))
        for event in events:
            lead = evolve(lead, event, NOW)
        assert (lead.status, lead.current_node_id) == ("sent", SECOND)

    def test_late_evidence_that_nothing_was_taken_over_fails_the_lead_and_sends_nothing_again(self) -> None:
        lead = given(intended(), SendOutcomeUnknown(send_id=SEND, reason="worker-lost"))
        [event] = then(lead, RecordDeferred(send_id=SEND, code=450, now=NOW))
        assert event == SendFailed(send_id=SEND, reason="lead-ended")
        assert evolve(lead, event, NOW).status == "failed"


class TestEndings:
    def test_unsubscribing_ends_the_lead_once(self) -> None:
        assert then(given(), Unsubscribe()) == (LeadUnsubscribed(),)
        assert then(given(LeadUnsubscribed()), Unsubscribe()) == ()

    def test_unsubscribing_in_flight_still_lets_the_outcome_be_recorded(self) -> None:
        lead = given(intended(), LeadUnsubscribed())
        events = then(lead, accepted(NextAction(SECOND, NOW)))
        assert events == (SendAccepted(send_id=SEND, code=250),)
        assert evolve(lead, events[0], NOW).status == "unsubscribed"

    def test_a_send_deferred_after_its_lead_has_ended_is_given_up(self) -> None:
        lead = given(intended(), LeadUnsubscribed())
        [event] = then(lead, RecordDeferred(send_id=SEND, code=450, now=NOW))
        assert event == SendFailed(send_id=SEND, reason="lead-ended")
        after = evolve(lead, event, NOW)
        assert (after.status, after.open_send, after.next_action_at) == ("unsubscribed", None, None)

    def test_a_suppression_cancels_the_lead_once_and_says_why(self) -> None:
        assert then(given(), Suppress()) == (LeadSuppressed(),)
        lead = given(LeadSuppressed())
        assert (lead.status, lead.skip_reason, lead.next_action_at) == ("cancelled", "suppressed", None)
        assert then(lead, Suppress()) == ()
        assert given(LeadUnsubscribed(), LeadSuppressed()) == given(LeadUnsubscribed())

    def test_what_was_in_flight_when_its_lead_was_suppressed_is_recorded_and_followed_by_nothing(
        self,
    ) -> None:
        lead = given(intended(), LeadSuppressed())
        events = then(lead, accepted(NextAction(SECOND, NOW)))
        assert events == (SendAccepted(send_id=SEND, code=250),)
        after = evolve(lead, events[0], NOW)
        assert (after.status, after.sent_nodes) == ("cancelled", ((FIRST, SEND),))

    def test_a_cancelled_lead_in_flight_keeps_its_send_open(self) -> None:
        lead = given(intended(), Cancelled())
        assert lead.status == "cancelled"
        assert evolve(lead, SendAccepted(send_id=SEND, code=250), NOW).sent_nodes == ((FIRST, SEND),)

    def test_a_rolled_back_launch_leaves_no_trace_on_the_lead(self) -> None:
        before = evolve(NEWBORN, IMPORTED, NOW)
        assert evolve(evolve(before, ENROLLED, NOW), Withdrawn(), NOW) == before
        skipped = evolve(before, SkippedLead(LEAD, "suppressed"), NOW)
        assert skipped.status == "cancelled"
        assert evolve(skipped, Withdrawn(), NOW) == before


class TestNextAction:
    nodes = (
        Node(id=FIRST, type="email"),
        Node(id=UUID(int=21), type="delay", delay_days=1),
        Node(id=SECOND, type="email"),
        Node(id=UUID(int=22), type="end"),
    )

    def test_it_is_the_next_sendable_node_after_its_delay(self) -> None:
        assert next_action("email", self.nodes, FIRST, None, NOW) == NextAction(
            SECOND, NOW + timedelta(days=1)
        )

    def test_there_is_none_at_the_end(self) -> None:
        assert next_action("email", self.nodes, SECOND, None, NOW) is None

    def test_it_waits_for_operating_hours(self) -> None:
        hours = OperatingHours(timezone="UTC", wednesday=DayHours("10:00", "12:00"))
        wednesday_at_ten = datetime(2030, 3, 6, 10, 0, tzinfo=UTC)
        assert next_action("email", self.nodes, FIRST, hours, NOW) == NextAction(SECOND, wednesday_at_ten)
