"""Receipts: each digest can be computed again, by its definition, with nothing but a JSON library and SHA-256."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.campaign.events import Account, AccountLimit, Receipt, Settings, TextRef
from domain.campaign.receipt import content_digest, leads_digest, limits_digest, receipt, senders_digest
from domain.readiness import SenderFacts, check
from domain.schedule import DayHours, OperatingHours
from domain.sequence import Node, NodeText
from tests.domain.test_readiness import READY

ANN, BOB = UUID(int=1), UUID(int=2)
BARE = Settings(name=TextRef(UUID(int=9), "name"))
TEXT = NodeText(UUID(int=8), "words", has_subject=True, has_body=True, body_length=5)
NODES = (
    Node(id=UUID(int=11), type="email", text=TEXT, is_reply=True, ai_node=True),
    Node(id=UUID(int=12), type="delay", delay_days=1, delay_hours=2, delay_minutes=3),
    Node(id=UUID(int=13), type="connection_request", include_message=True),
)


def digest_of(value: Any) -> str:
    """The SHA-256 of the value as JSON without blanks."""
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


def test_the_content_is_every_node_in_order_and_the_signature() -> None:
    steps = [
        [str(NODES[0].id), "email", "words", True, False, 0, 0, 0, True],
        [str(NODES[1].id), "delay", None, False, False, 1, 2, 3, False],
        [str(NODES[2].id), "connection_request", None, False, True, 0, 0, 0, False],
    ]
    signed = replace(BARE, signature=TextRef(UUID(int=7), "Robin"))
    assert content_digest(signed, NODES) == digest_of([steps, "Robin"])
    assert content_digest(BARE, NODES) == digest_of([steps, None])


def test_the_limits_are_the_campaigns_its_accounts_and_its_hours() -> None:
    hours = OperatingHours(
        timezone="Europe/Berlin", monday=DayHours("09:00", "17:00"), sunday=DayHours("10:00", "11:00")
    )
    limited = replace(
        BARE,
        daily_limit=40,
        account_limits=(AccountLimit(BOB, 5), AccountLimit(ANN, 6)),
        operating_hours=hours,
    )
    week = [["09:00", "17:00"], *[None] * 5, ["10:00", "11:00"]]
    own = [[str(BOB), 5], [str(ANN), 6]]
    assert limits_digest(limited) == digest_of([40, own, ["Europe/Berlin", week]])
    assert limits_digest(BARE) == digest_of([None, [], None])


def test_the_senders_are_each_accounts_status_at_its_version() -> None:
    accounts = [Account(BOB, "active", 4), Account(ANN, "error", 2)]
    assert senders_digest(accounts) == digest_of([[str(BOB), "active", 4], [str(ANN), "error", 2]])


def test_the_leads_are_their_ids_persons_and_documents_in_order() -> None:
    leads = [(UUID(int=3), UUID(int=4), UUID(int=5)), (UUID(int=1), UUID(int=6), UUID(int=2))]
    stood_for = b"".join(id_.bytes for lead in leads for id_ in lead)
    assert len(stood_for) == 2 * 48
    assert leads_digest(leads) == hashlib.sha256(stood_for).hexdigest()
    assert leads_digest(reversed(leads)) != leads_digest(leads)


def test_a_receipt_holds_the_digests_and_what_the_checks_found() -> None:
    settings = replace(BARE, daily_limit=7, sender_account_ids=(BOB, ANN))
    senders = (
        SenderFacts(BOB, "email", "active", inbox_configured=True, version=4),
        SenderFacts(ANN, "email", "active", inbox_configured=True, version=2),
    )
    report = check(replace(READY, senders=senders))
    accounts = (Account(BOB, "active", 4), Account(ANN, "active", 2))
    assert receipt(settings, NODES, report, {"suppressed": 2}, leads="leads") == Receipt(
        leads="leads",
        content=content_digest(settings, NODES),
        senders=senders_digest(accounts),
        limits=limits_digest(settings),
        checks=report.checks,
        accounts=accounts,
        skipped={"suppressed": 2},
    )
