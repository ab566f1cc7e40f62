"""Laws of the checks: ready is exactly "no blocker", and a defect is never hidden by another."""

from __future__ import annotations

from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.readiness import SenderFacts, Snapshot, check
from domain.sequence import Node, NodeText

PROMISED_ORDER = (
    "campaign-not-draft",
    "no-sender-accounts",
    "no-pending-leads",
    "no-sendable-nodes",
    "missing-content",
    "missing-postal-address",
    "sender-not-active",
    "sender-inbox-missing",
)
END = Node(id=UUID(int=0), type="end")

texts = st.builds(
    NodeText,
    st.uuids(),
    st.just("digest"),
    st.booleans(),
    st.booleans(),
    st.integers(0, 99),
    st.just(("name",)),
)
nodes = st.one_of(
    st.builds(Node, id=st.uuids(), type=st.just("email"), text=st.none() | texts, is_reply=st.booleans()),
    st.builds(Node, id=st.uuids(), type=st.just("delay"), delay_days=st.integers(1, 30)),
)
senders = st.builds(
    SenderFacts,
    st.uuids(),
    st.just("email"),
    st.sampled_from(("pending", "warming", "active", "error")),
    st.booleans(),
)
snapshots = st.builds(
    Snapshot,
    status=st.sampled_from(("draft", "launching", "active", "paused", "completed", "stopped", "archived")),
    channel=st.just("email"),
    nodes=st.lists(nodes, max_size=5).map(lambda drawn: (*drawn, END)),
    senders=st.lists(senders, max_size=4).map(tuple),
    lead_count=st.integers(0, 3),
    lacks_postal_address=st.booleans(),
)


def codes(snapshot: Snapshot) -> set[str]:
    return {blocker.code for blocker in check(snapshot).blockers}


@given(snapshots)
def test_a_campaign_is_ready_exactly_when_every_check_holds(snapshot: Snapshot) -> None:
    report = check(snapshot)
    shown = msgspec.structs.asdict(report.checks)
    assert shown.pop("prospect_count") == snapshot.lead_count
    assert report.ready == all(shown.values())


@given(snapshots)
def test_blockers_come_in_the_promised_order(snapshot: Snapshot) -> None:
    places = [PROMISED_ORDER.index(blocker.code) for blocker in check(snapshot).blockers]
    assert places == sorted(places)


@given(snapshots)
def test_repairing_one_thing_leaves_all_other_blockers(snapshot: Snapshot) -> None:
    before = codes(snapshot)
    drafted = msgspec.structs.replace(snapshot, status="draft")
    filled = msgspec.structs.replace(snapshot, lead_count=1)
    assert codes(drafted) == before - {"campaign-not-draft"}
    assert codes(filled) == before - {"no-pending-leads"}


@given(snapshots)
def test_every_unready_sender_is_named(snapshot: Snapshot) -> None:
    named = {
        blocker.evidence["sender_id"]
        for blocker in check(snapshot).blockers
        if "sender_id" in blocker.evidence
    }
    unready = {
        str(sender.id)
        for sender in snapshot.senders
        if sender.status != "active" or not sender.inbox_configured
    }
    assert named == unready


@given(snapshots)
def test_a_report_can_be_sent_as_json(snapshot: Snapshot) -> None:
    assert msgspec.json.encode(check(snapshot))
