"""Campaigns and senders to simulate, with ids that are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.pacing import untouched
from domain.quota import Quota
from domain.schedule import OperatingHours, SenderPace, plan
from domain.sequence import Action, Channel, Node, Nodes, NodeType
from domain.simulation import CampaignAhead, LeadAhead, SenderAhead


def nodes_of(*steps: NodeType | timedelta) -> Nodes:
    """A sequence of these steps, a delay for each time; the id of a node is its place, from 1."""
    return tuple(
        Node(id=UUID(int=place), type="delay", delay_minutes=step // timedelta(minutes=1))
        if isinstance(step, timedelta)
        else Node(id=UUID(int=place), type=step)
        for place, step in enumerate((*steps, "end"), 1)
    )


def sender(
    limit: int = 30, gap: timedelta = timedelta(), weekly: Mapping[Action, Quota] | None = None
) -> SenderAhead:
    """A sender that has sent nothing yet."""
    return SenderAhead(daily_limit=limit, allowance=untouched(limit), gap=gap, weekly=weekly or {})


def campaign(
    number: int,
    nodes: Nodes,
    leads: Iterable[LeadAhead],
    sender_ids: Sequence[int] = (1,),
    *,
    hours: OperatingHours | None = None,
    limit: int | None = None,
    own_limits: Mapping[int, int] | None = None,
    channel: Channel = "email",
) -> CampaignAhead:
    """A campaign that has sent nothing yet."""
    own = own_limits or {}
    return CampaignAhead(
        id=UUID(int=number),
        channel=channel,
        nodes=nodes,
        hours=hours,
        allowance=untouched(limit),
        lanes={UUID(int=id_): untouched(own.get(id_)) for id_ in sender_ids},
        leads=leads,
    )


def due(
    at: datetime, *ranks: int, sender_id: int = 1, node: int = 1, in_flight: bool = False
) -> list[LeadAhead]:
    """Leads that are due at the same moment."""
    return [LeadAhead(rank, UUID(int=sender_id), UUID(int=node), at, in_flight) for rank in ranks]


def enrolled(
    starts_at: datetime,
    hours: OperatingHours | None,
    paces: Sequence[SenderPace],
    count: int,
    limit: int | None,
) -> list[LeadAhead]:
    """Leads as a launch enrols them."""
    planned = plan(starts_at, hours, paces, count, limit)
    return [LeadAhead(one.ordinal, one.sender_id, UUID(int=1), one.due_at) for one in planned]
