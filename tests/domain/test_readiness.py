"""Examples of campaigns that can't be launched yet, and why."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from domain.lead.events import SkipReason
from domain.readiness import (
    Blocker,
    Caution,
    Checks,
    Finding,
    SenderFacts,
    Snapshot,
    check,
    with_left_out,
)
from domain.sequence import Node, NodeText
from tests.domain.prose import is_prose

SENDER = SenderFacts(UUID(int=7), "email", "active", inbox_configured=True)
TEXT = NodeText(UUID(int=9), "digest", has_subject=True, has_body=True, body_length=10)
MAIL = Node(id=UUID(int=1), type="email", text=TEXT)
EMPTY_MAIL = Node(id=UUID(int=2), type="email")
WAIT = Node(id=UUID(int=3), type="delay", delay_days=1)
END = Node(id=UUID(int=4), type="end")
READY = Snapshot("draft", "email", (MAIL, END), (SENDER,), lead_count=3)


def changed(**changes: object) -> Snapshot:
    return msgspec.structs.replace(READY, **changes)


def sender(status: str, *, inbox: bool = True, number: int = 7) -> SenderFacts:
    return SenderFacts(UUID(int=number), "email", status, inbox_configured=inbox)


def codes(blockers: tuple[Blocker, ...]) -> list[str]:
    return [blocker.code for blocker in blockers]


def test_a_complete_draft_is_ready() -> None:
    report = check(READY)
    assert report.ready
    assert report.blockers == ()
    assert report.warnings == ()
    assert report.checks == Checks(
        is_draft=True,
        has_sender_accounts=True,
        sender_accounts_ready=True,
        has_prospects=True,
        prospect_count=3,
        has_sendable_nodes=True,
        all_nodes_have_content=True,
    )
    assert report.senders == (SENDER,)


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (changed(status="active"), ["campaign-not-draft"]),
        (changed(senders=()), ["no-sender-accounts"]),
        (changed(lead_count=0), ["no-pending-leads"]),
        (changed(nodes=(WAIT, END)), ["no-sendable-nodes"]),
        (changed(nodes=(EMPTY_MAIL, END)), ["missing-content"]),
        (changed(lacks_postal_address=True), ["missing-postal-address"]),
        (changed(senders=(sender("warming"),)), ["sender-not-active"]),
        (changed(senders=(sender("pending", inbox=False),)), ["sender-inbox-missing"]),
        (changed(senders=(sender("warming", inbox=False),)), ["sender-not-active", "sender-inbox-missing"]),
    ],
)
def test_each_defect_is_a_blocker_of_its_own(snapshot: Snapshot, expected: list[str]) -> None:
    report = check(snapshot)
    assert not report.ready
    assert codes(report.blockers) == expected
    assert all(is_prose(blocker.message) for blocker in report.blockers)


def test_all_blockers_are_named_at_once_in_the_promised_order() -> None:
    senders = (sender("pending", inbox=False, number=1), sender("error", number=2), SENDER)
    snapshot = Snapshot("paused", "email", (EMPTY_MAIL, END), senders, lead_count=0)
    assert codes(check(snapshot).blockers) == [
        "campaign-not-draft",
        "no-pending-leads",
        "missing-content",
        "sender-not-active",
        "sender-inbox-missing",
    ]


def test_no_sender_is_no_ready_sender() -> None:
    checks = check(changed(senders=())).checks
    assert (checks.has_sender_accounts, checks.sender_accounts_ready) == (False, False)


def test_missing_content_names_the_positions() -> None:
    [blocker] = check(changed(nodes=(MAIL, EMPTY_MAIL, WAIT, EMPTY_MAIL, END))).blockers
    assert blocker.evidence == {"positions": [1, 3]}
    assert "by position: 1, 3." in blocker.message


def test_a_blocked_sender_is_named_by_its_id() -> None:
    [blocker] = check(changed(senders=(SENDER, sender("error", number=8)))).blockers
    assert blocker.evidence == {"sender_id": str(UUID(int=8)), "status": "error"}
    assert "verify" in blocker.message


def test_a_sender_without_an_inbox_is_named_by_its_id() -> None:
    [blocker] = check(changed(senders=(SENDER, sender("active", inbox=False, number=8)))).blockers
    assert blocker.evidence == {"sender_id": str(UUID(int=8))}
    assert str(UUID(int=8)) in blocker.message


def test_a_campaign_that_is_no_draft_is_told_its_status() -> None:
    [blocker] = check(changed(status="stopped")).blockers
    assert blocker.evidence == {"status": "stopped"}
    assert "stopped" in blocker.message


def test_a_linkedin_sender_is_ready_when_connected_and_needs_neither_inbox_nor_postal_address() -> None:
    invitation = Node(id=UUID(int=5), type="connection_request")
    account = SenderFacts(UUID(int=8), "linkedin", "connected", inbox_configured=False)
    snapshot = Snapshot("draft", "linkedin", (invitation, END), (account,), lead_count=1)
    assert check(snapshot).ready
    assert check(msgspec.structs.replace(snapshot, lacks_postal_address=True)).ready
    gone = msgspec.structs.replace(account, status="disconnected")
    assert codes(check(msgspec.structs.replace(snapshot, senders=(gone,))).blockers) == ["sender-not-active"]


def test_variables_without_fallback_and_steps_without_delay_are_worth_a_warning() -> None:
    personal = msgspec.structs.replace(
        MAIL, text=msgspec.structs.replace(TEXT, variables=("company", "headline"))
    )
    second, third = (msgspec.structs.replace(MAIL, id=UUID(int=number)) for number in (5, 6))
    report = check(changed(nodes=(WAIT, personal, second, third, WAIT, MAIL, END)))
    assert report.ready
    assert [(warning.code, warning.evidence) for warning in report.warnings] == [
        ("variables-without-fallback", {"variables": ["company", "headline"]}),
        ("steps-without-delay", {"positions": [2, 3]}),
    ]
    assert "company, headline" in report.warnings[0].message
    assert "by position: 2, 3." in report.warnings[1].message
    assert all(is_prose(warning.message) for warning in report.warnings)


# --- Leads left out ---


def without_words(finding: Finding) -> tuple[type[Finding], str, dict[str, object]]:
    assert is_prose(finding.message)
    return type(finding), finding.code, finding.evidence


def test_when_no_lead_is_left_out_there_is_nothing_to_say() -> None:
    assert with_left_out(check(READY), {"suppressed": 0}, lead_count=3) == check(READY)


def test_when_some_leads_are_left_out_that_is_worth_a_warning() -> None:
    before = check(changed(lead_count=0, nodes=(MAIL, MAIL, END)))
    reasons: dict[SkipReason, int] = {"suppressed": 1, "unresolved-variable": 1}
    report = with_left_out(before, reasons, lead_count=3)
    [*others, caution] = report.warnings
    assert without_words(caution) == (Caution, "leads-left-out", {"count": 2, "reasons": reasons})
    assert caution.message.startswith("2 of 3 leads ")
    assert msgspec.structs.replace(report, warnings=tuple(others)) == before


def test_when_every_lead_is_left_out_there_is_nothing_to_launch() -> None:
    before = check(changed(senders=()))
    report = with_left_out(before, {"suppressed": 3}, lead_count=3)
    [*others, blocker] = report.blockers
    evidence = {"count": 3, "reasons": {"suppressed": 3}}
    assert without_words(blocker) == (Blocker, "all-leads-skipped", evidence)
    assert msgspec.structs.replace(report, blockers=tuple(others)) == before
    assert not report.sends_something
