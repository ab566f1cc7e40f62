"""Whether a campaign could be launched now, and everything that stands in the way.

The launch and the preflight (``validate``) ask the same function, so they can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.lead.events import SkipReason
from domain.sequence import (
    SENDABLE,
    Channel,
    Nodes,
    has_sendable,
    missing_content,
    next_sendable,
    required_variables,
)

NOTHING_TO_SEND: Final = frozenset(
    {"no-sender-accounts", "no-pending-leads", "no-sendable-nodes", "all-leads-skipped"}
)
"""The blockers without whose repair there is nothing to send, or nobody to send it."""
READY_STATUS: Final[Mapping[Channel, str]] = {"email": "active", "linkedin": "connected"}


class SenderFacts(Struct, frozen=True):
    """What a launch needs to know of a sender account; ``version`` is that of its stream."""

    id: UUID
    channel: Channel
    status: str
    inbox_configured: bool
    version: int = 0


class Snapshot(Struct, frozen=True):
    """All that the checks look at; ``lead_count`` counts the pending leads.

    ``lacks_postal_address``: the workspace requires one under its mails, and has none.
    """

    status: str
    channel: Channel
    nodes: Nodes
    senders: tuple[SenderFacts, ...]
    lead_count: int
    lacks_postal_address: bool = False


class Finding(Struct, frozen=True):
    """Something the person who launches should know: a stable code, words, and JSON-ready evidence."""

    code: str
    message: str
    evidence: dict[str, object] = {}


class Blocker(Finding, frozen=True):
    """A finding that forbids the launch."""


class Caution(Finding, frozen=True):
    """A finding that is legal, but perhaps not meant."""


class Checks(Struct, frozen=True):
    """The checks one by one, as the API shows them."""

    is_draft: bool
    has_sender_accounts: bool
    sender_accounts_ready: bool
    has_prospects: bool
    prospect_count: int
    has_sendable_nodes: bool
    all_nodes_have_content: bool


class Report(Struct, frozen=True):
    """The outcome: all blockers at once, in the order in which the API promises them, for these ``senders``."""

    checks: Checks
    blockers: tuple[Blocker, ...]
    warnings: tuple[Caution, ...]
    senders: tuple[SenderFacts, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing forbids the launch."""
        return not self.blockers

    @property
    def sends_something(self) -> bool:
        """Whether there would be something to send if all other blockers were repaired."""
        return not any(blocker.code in NOTHING_TO_SEND for blocker in self.blockers)


def check(snapshot: Snapshot) -> Report:
    """Everything that forbids launching ``snapshot``, and everything worth a second look."""
    sender_blockers = tuple(_sender_blockers(snapshot.senders))
    checks = Checks(
        is_draft=snapshot.status == "draft",
        has_sender_accounts=bool(snapshot.senders),
        sender_accounts_ready=bool(snapshot.senders) and not sender_blockers,
        has_prospects=snapshot.lead_count > 0,
        prospect_count=snapshot.lead_count,
        has_sendable_nodes=has_sendable(snapshot.nodes),
        all_nodes_have_content=not missing_content(snapshot.nodes),
    )
    blockers = (*_campaign_blockers(snapshot, checks), *sender_blockers)
    return Report(checks, blockers, tuple(_cautions(snapshot.nodes)), snapshot.senders)


def with_left_out(report: Report, reasons: Mapping[SkipReason, int], lead_count: int) -> Report:
    """``report``, and what to say of the leads that would be left out of ``lead_count``, counted by reason."""
    count = sum(reasons.values())
    if not count:
        return report
    evidence: dict[str, object] = {"count": count, "reasons": dict(reasons)}
    if count == lead_count:
        blocker = Blocker("all-leads-skipped", "Every lead would be left out; see the reasons.", evidence)
        return replace(report, blockers=(*report.blockers, blocker))
    message = f"{count} of {lead_count} leads would be left out; see the reasons."
    return replace(report, warnings=(*report.warnings, Caution("leads-left-out", message, evidence)))


def _campaign_blockers(snapshot: Snapshot, checks: Checks) -> Iterator[Blocker]:
    if not checks.is_draft:
        yield Blocker(
            "campaign-not-draft",
            f"Only a draft can be launched; this campaign is {snapshot.status}.",
            {"status": snapshot.status},
        )
    if not checks.has_sender_accounts:
        yield Blocker("no-sender-accounts", "The campaign has no sender account: assign at least one.")
    if not checks.has_prospects:
        yield Blocker("no-pending-leads", "The campaign has no pending lead: add or import leads.")
    if not checks.has_sendable_nodes:
        yield Blocker("no-sendable-nodes", "The sequence sends nothing: add a node that does.")
    if not checks.all_nodes_have_content:
        positions = list(missing_content(snapshot.nodes))
        places = ", ".join(map(str, positions))
        yield Blocker(
            "missing-content",
            f"Nodes without the text they need, by position: {places}. Write their subject or body.",
            {"positions": positions},
        )
    if snapshot.lacks_postal_address and snapshot.channel == "email":
        yield Blocker(
            "missing-postal-address",
            "The workspace requires a postal address under its mails, and has none: set it for the workspace.",
        )


def _sender_blockers(senders: tuple[SenderFacts, ...]) -> Iterator[Blocker]:
    for sender in filter(_is_idle, senders):
        yield Blocker(
            "sender-not-active",
            f"Sender {sender.id} is {sender.status}, not {READY_STATUS[sender.channel]}: "
            f"{_REPAIR[sender.channel]}, or remove it from the campaign.",
            {"sender_id": str(sender.id), "status": sender.status},
        )
    for sender in filter(_lacks_inbox, senders):
        yield Blocker(
            "sender-inbox-missing",
            f"Sender {sender.id} has no inbox: configure one, or remove it from the campaign.",
            {"sender_id": str(sender.id)},
        )


_REPAIR: Final[Mapping[Channel, str]] = {
    "email": "finish its warm-up and verify its inbox",
    "linkedin": "reconnect the account",
}


def _lacks_inbox(sender: SenderFacts) -> bool:
    return sender.channel == "email" and not sender.inbox_configured


def _is_idle(sender: SenderFacts) -> bool:
    """A pending sender without an inbox waits for nothing else yet, so the missing inbox says it all."""
    waits_for_inbox = _lacks_inbox(sender) and sender.status == "pending"
    return sender.status != READY_STATUS[sender.channel] and not waits_for_inbox


def _cautions(nodes: Nodes) -> Iterator[Caution]:
    if variables := sorted(required_variables(nodes)):
        yield Caution(
            "variables-without-fallback",
            f"Leads without a value for {', '.join(variables)} will be skipped, unless you add fallbacks.",
            {"variables": variables},
        )
    if positions := list(_hasty_positions(nodes)):
        places = ", ".join(map(str, positions))
        yield Caution(
            "steps-without-delay",
            f"Nodes that follow the one before at once, by position: {places}. Put a delay before them.",
            {"positions": positions},
        )


def _hasty_positions(nodes: Nodes) -> Iterator[int]:
    sendable = [position for position, node in enumerate(nodes) if node.type in SENDABLE]
    for position in sendable:
        step = next_sendable(nodes, position)
        if step is not None and step.delay == timedelta():
            yield step.position
