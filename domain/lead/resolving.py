"""Resolving: what became of a send that nobody could tell of comes to light. A person says so, or it was found.

A person's word is the only way in which a step that may have been sent is sent again.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec import Struct

from domain.campaign.events import IN_OPERATION, Status
from domain.event import Event
from domain.lead.decide import NextAction, Outcome, RecordAccepted, RecordFailed, RecordPostponed, decide
from domain.lead.events import Resolution, SendResolved
from domain.lead.state import Lead, evolve
from domain.refusal import Refused


class Resolve(Struct, frozen=True, kw_only=True):
    """What the person says became of the send, ``now``, in a campaign of ``campaign_status``.

    If it was sent, ``next_action`` follows; what follows an invitation waits for the connection until ``connected_by``.
    """

    resolution: Resolution
    campaign_status: Status
    now: datetime
    next_action: NextAction | None = None
    connected_by: datetime | None = None
    evidence: UUID | None = None


def resolve(lead: Lead, command: Resolve) -> tuple[Event, ...]:
    """The decision and what follows from it.

    Raises ``Refused`` ``outcome-not-unknown``, or ``campaign-ended`` for what would be sent again.
    """
    if lead.status != "outcome_unknown" or lead.open_send is None:
        raise Refused(
            "outcome-not-unknown",
            f"Only a lead of status outcome_unknown can be resolved; this one is {lead.status}.",
            {"lead_status": lead.status},
        )
    if command.resolution == "not_sent" and command.campaign_status not in IN_OPERATION:
        raise Refused(
            "campaign-ended",
            f"The campaign is {command.campaign_status} and sends nothing any more: "
            "resolve the lead as sent or failed.",
            {"campaign_status": command.campaign_status},
        )
    send_id = lead.open_send.send_id
    resolved = SendResolved(send_id=send_id, resolution=command.resolution, evidence=command.evidence)
    return (resolved, *decide(evolve(lead, resolved, command.now), _outcome(command, send_id)))


def found(lead: Lead, accepted: RecordAccepted) -> tuple[Event, ...]:
    """The send was found to have been made. Nothing follows if it is not of unknown outcome (any more)."""
    opened = lead.open_send
    if lead.status != "outcome_unknown" or opened is None or opened.send_id != accepted.send_id:
        return ()
    return decide(lead, accepted)


def _outcome(command: Resolve, send_id: UUID) -> Outcome:
    match command.resolution:
        case "sent":
            return RecordAccepted(
                send_id=send_id, code=0, next_action=command.next_action, connected_by=command.connected_by
            )
        case "not_sent":
            return RecordPostponed(send_id=send_id, code=0, until=command.now)
        case "failed":
            return RecordFailed(send_id=send_id, reason="given-up")
        case _:
            assert_never(command.resolution)
