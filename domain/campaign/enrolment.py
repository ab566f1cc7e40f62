"""What a launch plans for its leads at first: who sends the first step to each of them, and when it is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from domain.campaign.state import Campaign
from domain.pacing import Gaps
from domain.refusal import Refused
from domain.schedule import Planned, SenderPace, plan
from domain.sequence import Nodes, Step, action_of, next_sendable


def first_step(nodes: Nodes) -> Step:
    """The step that every lead begins with. Raises ``Refused`` ``no-sendable-nodes``."""
    step = next_sendable(nodes, -1)
    if step is None:
        raise Refused("no-sendable-nodes", "The sequence sends nothing.")
    return step


def first_actions(
    campaign: Campaign,
    daily_limits: Mapping[UUID, int],
    gaps: Gaps,
    launched_at: datetime,
    count: int,
) -> Iterator[Planned]:
    """The first actions of ``count`` leads, in order of time; the same however often they are planned.

    ``daily_limits`` are those of the sender accounts, an account that is gone is absent; ``gaps`` are the least times
    between two sends of one sender. Raises ``Refused`` ``no-sendable-nodes``, and ``ValueError`` without any sender.
    """
    settings = campaign.settings
    first = first_step(campaign.nodes)
    gap = gaps.after(action_of(campaign.channel, first.node))
    own_limits = {limit.account_id: limit.daily_limit for limit in settings.account_limits}
    paces = [
        SenderPace(id_, min(daily_limits[id_], own_limits.get(id_, daily_limits[id_])), gap)
        for id_ in settings.sender_account_ids
        if id_ in daily_limits
    ]
    return plan(launched_at + first.delay, settings.operating_hours, paces, count, settings.daily_limit)
