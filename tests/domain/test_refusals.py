"""Every way in which the domain says no: by a stable code or field, in whole sentences, with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain import credits, message_draft, sequence
from domain.campaign import decide as campaign
from domain.campaign.decide import Activate, Edit, Launch, Stop
from domain.campaign.enrolment import first_step
from domain.campaign.events import AccountLimit, CampaignDeleted, LaunchScheduled, SettingsChange
from domain.identity import normalise_email, normalise_linkedin_url
from domain.lead import decide as lead
from domain.lead.events import LeadUnsubscribed, SendAccepted
from domain.lead.resolving import Resolve, resolve
from domain.refusal import Invalid, Refused
from domain.schedule import DayHours, OperatingHours, check_hours
from domain.sender.fields import require_fields_of
from domain.sender.limits import check_limits
from domain.sequence import MAX_NODES, Node, NodeText
from domain.suppression import lift
from domain.templating import parse, render
from tests.domain import test_lead, test_resolving
from tests.domain.prose import is_prose
from tests.domain.test_campaign import ACCEPTED, ACTIVE, ADA, CREATE, SETTINGS, START, given
from tests.domain.test_sequence import END, MAILS, bare, delay, email, node_id

Act: TypeAlias = Callable[[], object]

MINUTE = timedelta(minutes=1)
STRANGER = UUID(int=77)
SOON = START + timedelta(days=1)
OTHERS = UUID(int=78)
IN_FLIGHT = test_lead.given(test_lead.intended())
SENT = test_lead.given(test_lead.intended(), SendAccepted(send_id=test_lead.SEND, code=250))
UNSUBSCRIBED = test_lead.given(LeadUnsubscribed())


def of_campaign(command: campaign.Command, *history: Any) -> Act:
    return partial(campaign.decide, given(*history), command)


def created(**settings: Any) -> Act:
    """A campaign that would be sound with Ada alone, but for these settings."""
    wanted = replace(SETTINGS, **{"sender_account_ids": (ADA,), **settings})
    return partial(
        campaign.create, replace(CREATE, settings=wanted, senders={ADA: "email", OTHERS: "linkedin"})
    )


def words(body: int) -> NodeText:
    return NodeText(node_id(9), "digest", has_subject=False, has_body=True, body_length=body)


def refused(act: Act) -> Refused:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value


REFUSED: Iterable[tuple[str, Act, dict[str, object]]] = [
    ("not-found", of_campaign(Stop(), CampaignDeleted()), {}),
    (
        "campaign-not-draft",
        of_campaign(campaign.ReviseLeads(added=1), *ACTIVE),
        {"campaign_status": "active"},
    ),
    ("campaign-not-draft", of_campaign(Launch(total=1, skipped=0), *ACTIVE), {"campaign_status": "active"}),
    (
        "launch-in-progress",
        of_campaign(Launch(total=1, skipped=0), ACCEPTED),
        {"started_at": START + MINUTE, "epoch": 1},
    ),
    ("all-leads-skipped", of_campaign(Launch(total=0, skipped=3)), {}),
    (
        "field-not-editable",
        of_campaign(Edit(change=SettingsChange(signature=None, open_tracking=True)), *ACTIVE),
        {"campaign_status": "active"},
    ),
    (
        "epoch-superseded",
        of_campaign(Activate(epoch=2, prepared=1), ACCEPTED),
        {"epoch": 2, "current_epoch": 1},
    ),
    (
        "launch-scheduled",
        of_campaign(campaign.Archive(), LaunchScheduled(launch_at=SOON)),
        {"launch_at": SOON},
    ),
    ("no-scheduled-launch", of_campaign(campaign.UnscheduleLaunch()), {"campaign_status": "draft"}),
    ("no-sendable-nodes", partial(first_step, (delay(1, days=1), END)), {}),
    ("node-not-found", partial(sequence.remove, MAILS, STRANGER), {"node_id": str(STRANGER)}),
    ("lead-is-terminal", partial(lead.decide, UNSUBSCRIBED, test_lead.BEGIN), {}),
    ("step-already-sent", partial(lead.decide, SENT, test_lead.BEGIN), {}),
    ("send-in-flight", partial(lead.decide, IN_FLIGHT, test_lead.BEGIN), {}),
    ("no-such-send", partial(lead.decide, SENT, test_lead.accepted(None)), {}),
    (
        "outcome-not-unknown",
        partial(resolve, IN_FLIGHT, test_resolving.told("sent")),
        {"lead_status": "pending"},
    ),
    (
        "campaign-ended",
        partial(
            resolve,
            test_resolving.lost(),
            Resolve(resolution="not_sent", campaign_status="stopped", now=START),
        ),
        {"campaign_status": "stopped"},
    ),
    ("not-found", partial(lift, STRANGER, []), {}),
    ("unsubscribed-for-good", partial(lift, STRANGER, ["unsubscribed"]), {}),
    ("complained-for-good", partial(lift, STRANGER, ["complaint"]), {}),
    ("erased-for-good", partial(lift, STRANGER, ["erased"]), {}),
    (
        "insufficient-credits",
        partial(
            credits.decide,
            credits.EMPTY,
            credits.Reserve(reservation_id=STRANGER, action="AI_MESSAGE_GENERATION", count=3),
        ),
        {"balance": 0, "required": 6},
    ),
]


@pytest.mark.parametrize(("code", "act", "evidence"), REFUSED)
def test_a_refusal_has_its_code_and_its_evidence_and_is_told_in_sentences(
    code: str, act: Act, evidence: dict[str, object]
) -> None:
    refusal = refused(act)
    assert (refusal.code, refusal.evidence) == (code, evidence)
    assert is_prose(refusal.message)
    assert str(refusal) == refusal.message


def test_what_a_variable_lacks_is_told_in_a_sentence() -> None:
    with pytest.raises(Exception, match=r"\{\{company\}\}") as refusal:
        render(parse("{{company}}"), {})
    assert is_prose(str(refusal.value))


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (of_campaign(Launch(total=1, skipped=0), *ACTIVE), "active"),
        (of_campaign(Activate(epoch=2, prepared=1), ACCEPTED), "2"),
        (of_campaign(campaign.UnscheduleLaunch()), "draft"),
        (partial(lead.decide, UNSUBSCRIBED, test_lead.BEGIN), "unsubscribed"),
        (partial(resolve, IN_FLIGHT, test_resolving.told("sent")), "pending"),
        (partial(sequence.remove, MAILS, STRANGER), str(STRANGER)),
    ],
)
def test_a_refusal_names_what_it_is_about(act: Act, named: str) -> None:
    assert named in refused(act).message


def test_a_refused_edit_tells_of_each_field_in_a_sentence_of_its_own() -> None:
    refusal = refused(of_campaign(Edit(change=SettingsChange(signature=None, open_tracking=True)), *ACTIVE))
    assert [error.path for error in refusal.errors] == ["signature", "open_tracking"]
    assert refusal.message == " ".join(error.message for error in refusal.errors)


# --- Values that can never be right ---

FULL = (*map(email, range(200, 199 + MAX_NODES)), END)
INVALID: Iterable[tuple[str, Act]] = [
    ("daily_limit", created(daily_limit=501)),
    ("account_limits[0].account_id", created(account_limits=(AccountLimit(STRANGER, 5),))),
    (
        "account_limits[1].account_id",
        created(account_limits=(AccountLimit(ADA, 5), AccountLimit(ADA, 5))),
    ),
    ("sender_account_ids[1]", created(sender_account_ids=(ADA, STRANGER))),
    ("sender_account_ids[1]", created(sender_account_ids=(ADA, OTHERS))),
    ("sender_account_ids[1]", created(sender_account_ids=(ADA, ADA))),
    ("launch_at", of_campaign(campaign.ScheduleLaunch(launch_at=START, now=START))),
    ("launch_at", of_campaign(campaign.ScheduleLaunch(launch_at=START + 366 * timedelta(days=1), now=START))),
    (
        "operating_hours.timezone",
        partial(check_hours, OperatingHours(timezone="Mars", monday=DayHours("09:00", "10:00"))),
    ),
    ("operating_hours", partial(check_hours, OperatingHours(timezone="UTC"))),
    (
        "operating_hours.monday.start",
        partial(check_hours, OperatingHours(timezone="UTC", monday=DayHours("9", "10:00"))),
    ),
    (
        "operating_hours.monday.end",
        partial(check_hours, OperatingHours(timezone="UTC", monday=DayHours("10:00", "09:00"))),
    ),
    ("type", partial(sequence.insert, "email", MAILS, bare(4, "end"))),
    ("type", partial(sequence.insert, "email", MAILS, bare(4, "message"))),
    ("position", partial(sequence.insert, "email", MAILS, email(4), 4)),
    ("id", partial(sequence.insert, "email", MAILS, email(1))),
    ("sequence_nodes", partial(sequence.insert, "email", FULL, email(4))),
    ("nodeId", partial(sequence.move, MAILS, END.id, 0)),
    ("toPosition", partial(sequence.move, MAILS, MAILS[0].id, 3)),
    ("nodeId", partial(sequence.remove, MAILS, END.id)),
    ("type", partial(sequence.replace, "email", MAILS, email(100))),
    ("sequence_nodes", partial(sequence.replace_all, "email", (email(4), *FULL))),
    ("sequence_nodes", partial(sequence.replace_all, "email", MAILS[:-1])),
    ("sequence_nodes", partial(sequence.replace_all, "email", (email(1), *MAILS))),
    ("delay_days", partial(sequence.insert, "email", MAILS, Node(id=STRANGER, type="email", delay_days=1))),
    ("delay_hours", partial(sequence.insert, "email", MAILS, delay(4, days=1, hours=-1))),
    ("delay_minutes", partial(sequence.insert, "email", MAILS, delay(4))),
    (
        "body",
        partial(
            sequence.insert,
            "linkedin",
            (END,),
            Node(id=STRANGER, type="connection_request", include_message=True, text=words(301)),
        ),
    ),
    ("node_id", partial(message_draft.check, "email", MAILS, MAILS[1].id, "Hi", "Hello")),
    ("body", partial(message_draft.check, "email", MAILS, MAILS[0].id, "Hi", " ")),
    ("body", partial(message_draft.check, "email", MAILS, MAILS[0].id, "Hi", "x" * 10_001)),
    ("subject", partial(message_draft.check, "email", MAILS, MAILS[0].id, "x" * 999, "Hello")),
    ("subject", partial(message_draft.check, "email", MAILS, MAILS[0].id, " ", "Hello")),
    (
        "subject",
        partial(message_draft.check, "linkedin", (bare(1, "message"), END), node_id(1), "Hi", "Hello"),
    ),
    ("email", partial(normalise_email, "nobody")),
    ("linkedin_url", partial(normalise_linkedin_url, "nobody")),
    ("amount", partial(credits.decide, credits.EMPTY, credits.Grant(STRANGER, 0))),
    ("inbox", partial(require_fields_of, "linkedin", ["inbox"])),
    ("is_premium", partial(require_fields_of, "email", ["is_premium"])),
    ("daily_limit", partial(check_limits, {"daily_limit": 0})),
    ("weekly_message_limit", partial(check_limits, {"weekly_message_limit": 1001})),
]


@pytest.mark.parametrize(("path", "act"), INVALID)
def test_what_is_invalid_is_named_by_its_field_and_told_in_sentences(path: str, act: Act) -> None:
    with pytest.raises(Invalid) as refusal:
        act()
    [error] = refusal.value.errors
    assert error.path == path
    assert is_prose(error.message)
    assert refusal.value.message == error.message
    assert refusal.value.code == "invalid-value"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("daily_limit", "A daily limit is between 1 and 500."),
        ("weekly_connection_limit", "A weekly connection limit is between 1 and 1000."),
    ],
)
def test_a_limit_is_named_in_words_and_with_its_bounds(limit: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_limits({limit: 0, "display_name": "Ann"})
    assert refusal.value.message == words


def test_all_that_is_wrong_is_told_one_sentence_after_the_other() -> None:
    with pytest.raises(Invalid) as refusal:
        check_limits({"daily_limit": 0, "weekly_message_limit": 0})
    first, second = (error.message for error in refusal.value.errors)
    assert refusal.value.message == f"{first} {second}"


@pytest.mark.parametrize(
    "message",
    [
        "XXIt is.XX",
        "it is.",
        "IT IS.",
        "It is",
        "It is. so it is.",
        "It is. XXSo it is.",
        "It is.  So it is.",
        "It is so: GO ON.",
        "",
    ],
)
def test_what_is_no_prose_is_not_taken_for_it(message: str) -> None:
    assert not is_prose(message)
