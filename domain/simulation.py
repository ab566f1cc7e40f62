"""What will be sent, by whom and when: campaigns are played through by the very rules of the claim, sending nothing.

It has to be told everything that competes for the senders, not only the campaign that is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush, merge
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.lead.decide import due_after
from domain.pacing import Allowance, Jitter, Lane, Turn
from domain.quota import Quota
from domain.schedule import Openings, OperatingHours
from domain.sequence import SENDABLE, Action, Channel, Nodes, action_of, next_sendable

ASSUMPTIONS: Final = (
    "Every message goes out at the first moment it may, and is taken over at once.",
    "Nobody replies, bounces or unsubscribes, and every connection request is accepted at once.",
    "Every sender account stays able to send; limits and operating hours stay as they are.",
    "No other campaign is launched, paused, resumed or stopped.",
)


class SenderAhead(Struct, frozen=True, kw_only=True):
    """A sender account and what it may still send; ``allowance`` is of its ``daily_limit``.

    ``gap`` is the least time between two of its sends, ``jitter`` by which share of itself it may be longer; ``weekly``
    holds the kinds of action that have a weekly limit.
    """

    daily_limit: int
    allowance: Allowance
    gap: timedelta
    weekly: Mapping[Action, Quota] = {}
    jitter: float = 0.0


class LeadAhead(NamedTuple):
    """A lead with something left to do. ``rank`` orders the leads of a campaign as they were added.

    ``in_flight``: the send of ``node_id`` is charged and handed over already.
    """

    rank: int
    sender_id: UUID
    node_id: UUID
    due_at: datetime
    in_flight: bool = False


class CampaignAhead(Struct, frozen=True, kw_only=True):
    """A campaign with something left to send: its limits, its lanes by sender, and its leads in order of ``due_at``."""

    id: UUID
    channel: Channel
    nodes: Nodes
    hours: OperatingHours | None
    allowance: Allowance
    lanes: Mapping[UUID, Allowance]
    leads: Iterable[LeadAhead]


class Send(NamedTuple):
    """One send of the simulation."""

    at: datetime
    campaign_id: UUID
    sender_id: UUID
    rank: int
    node_id: UUID


# --- The simulation --------------------------------------------------------------------------------------------------


def simulate(
    now: datetime, senders: Mapping[UUID, SenderAhead], campaigns: Iterable[CampaignAhead]
) -> Iterator[Send]:
    """Every send from ``now`` on, in order of time, until nothing is left.

    What may be sent at the same moment goes in the order of its ``Turn``, as in a claim. (Claims of several workers,
    which share a campaign's limit, alternate within a tick instead.)
    """
    return _Simulation(now, senders, campaigns).sends()


class _Sender:
    """A sender account as the simulation uses it up."""

    def __init__(self, id_: UUID, ahead: SenderAhead, now: datetime) -> None:
        self.allowance = ahead.allowance.settled(now)
        self.gap = ahead.gap
        self.jitter = Jitter(ahead.jitter, id_)
        self.weeks = dict(ahead.weekly)


class _Own:
    """What a sender may still send within a campaign."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance


class _Campaign:
    """A campaign as the simulation uses it up."""

    def __init__(self, ahead: CampaignAhead, now: datetime) -> None:
        self.id = ahead.id
        self.hours = ahead.hours
        self.openings = Openings(ahead.hours)
        self.allowance = ahead.allowance.settled(now)
        self.own_allowances = {id_: _Own(own.settled(now)) for id_, own in ahead.lanes.items()}
        self.actions = {
            node.id: action_of(ahead.channel, node) for node in ahead.nodes if node.type in SENDABLE
        }
        self.following = {
            node.id: next_sendable(ahead.nodes, position) for position, node in enumerate(ahead.nodes)
        }


_Waiting: TypeAlias = tuple[datetime, int, UUID]
"""When a lead is due, its rank, and the node it is to get."""


class _Queue:
    """The leads that wait in one lane for one kind of action, the longest due first."""

    def __init__(
        self, number: int, campaign: _Campaign, sender_id: UUID, sender: _Sender, action: Action
    ) -> None:
        self.number = number
        self.campaign = campaign
        self.sender_id = sender_id
        self.waiting: list[_Waiting] = []
        self.turn: _Kept | None = None
        self._sender = sender
        self._own = campaign.own_allowances[sender_id]
        self._action = action

    def within_limits(self, instant: datetime) -> datetime:
        """The first moment not before ``instant`` at which no limit forbids a send, hours aside."""
        free_at = max(instant, self._lane().free_at)
        week = self._sender.weeks.get(self._action)
        return free_at if week is None else week.free_at(free_at)

    def turn_at(self, moment: datetime) -> Turn:
        """The turn that the longest due has at ``moment``."""
        due_at, rank, _ = self.waiting[0]
        return Turn(self._own.allowance.sent_on(moment), due_at, self.campaign.id, rank)

    def charge(self, now: datetime) -> None:
        """Count a send against every limit."""
        charged = self._lane().charged(now)
        self._sender.allowance = charged.sender
        self.campaign.allowance = charged.campaign
        self._own.allowance = charged.own
        if (week := self._sender.weeks.get(self._action)) is not None:
            self._sender.weeks[self._action] = week.charged(now)

    def _lane(self) -> Lane:
        sender = self._sender
        return Lane(sender.allowance, self.campaign.allowance, self._own.allowance, sender.gap, sender.jitter)


_Kept: TypeAlias = tuple[datetime, Turn, int]
"""When a queue may send next, its turn among those that may at the same moment, and its number."""


class _Simulation:
    """Goes from send to send.

    A queue's turn only moves back as limits are used up, so the turns kept may be too early, and are put right when
    they come up. It moves forward only when a lead joins, and then a second, earlier turn is kept.
    """

    def __init__(
        self, now: datetime, senders: Mapping[UUID, SenderAhead], campaigns: Iterable[CampaignAhead]
    ) -> None:
        self._now = now
        self._senders = {id_: _Sender(id_, ahead, now) for id_, ahead in senders.items()}
        self._queues: list[_Queue] = []
        self._lanes: dict[tuple[UUID, UUID, Action], _Queue] = {}
        self._turns: list[_Kept] = []
        feeds = [_feed(_Campaign(ahead, now), ahead.leads) for ahead in campaigns]
        self._coming = merge(*feeds, key=lambda coming: coming[1].due_at)
        self._next_coming = next(self._coming, None)

    def sends(self) -> Iterator[Send]:
        """Every send, in order of time."""
        while (queue := self._next_queue()) is not None:
            _, rank, node_id = heappop(queue.waiting)
            queue.charge(self._now)
            yield Send(self._now, queue.campaign.id, queue.sender_id, rank, node_id)
            self._follow(queue.campaign, queue.sender_id, rank, node_id)
            if queue.waiting:
                self._schedule(queue)

    def _next_queue(self) -> _Queue | None:
        """The queue that sends next, having moved on to that moment."""
        while True:
            self._let_join()
            if not self._turns:
                return None
            kept = heappop(self._turns)
            moment, turn, number = kept
            queue = self._queues[number]
            if kept != queue.turn:
                continue
            if queue.within_limits(moment) > moment or queue.turn_at(moment) != turn:
                self._schedule(queue)
                continue
            queue.turn = None
            self._now = moment
            return queue

    def _let_join(self) -> None:
        """Let the leads join that are due before the next turn comes."""
        while (coming := self._next_coming) is not None:
            campaign, lead = coming
            if self._turns and lead.due_at > self._turns[0][0]:
                return
            self._next_coming = next(self._coming, None)
            if lead.in_flight:
                self._follow(campaign, lead.sender_id, lead.rank, lead.node_id)
            else:
                self._join(campaign, lead.sender_id, (lead.due_at, lead.rank, lead.node_id))

    def _follow(self, campaign: _Campaign, sender_id: UUID, rank: int, node_id: UUID) -> None:
        """The send of the node was taken over: plan what follows."""
        step = campaign.following[node_id]
        if step is not None:
            due_at = due_after(step, campaign.hours, self._now)
            self._join(campaign, sender_id, (due_at, rank, step.node.id))

    def _join(self, campaign: _Campaign, sender_id: UUID, waiting: _Waiting) -> None:
        _, _, node_id = waiting
        queue = self._queue(campaign, sender_id, campaign.actions[node_id])
        heappush(queue.waiting, waiting)
        if queue.waiting[0] is waiting:
            self._schedule(queue)

    def _queue(self, campaign: _Campaign, sender_id: UUID, action: Action) -> _Queue:
        key = (campaign.id, sender_id, action)
        if key not in self._lanes:
            queue = _Queue(len(self._queues), campaign, sender_id, self._senders[sender_id], action)
            self._queues.append(queue)
            self._lanes[key] = queue
        return self._lanes[key]

    def _schedule(self, queue: _Queue) -> None:
        """Give the queue its turn, as the limits are now."""
        due_at, _, _ = queue.waiting[0]
        moment = queue.campaign.openings.next_open(queue.within_limits(max(self._now, due_at)))
        queue.turn = moment, queue.turn_at(moment), queue.number
        heappush(self._turns, queue.turn)


def _feed(campaign: _Campaign, leads: Iterable[LeadAhead]) -> Iterator[tuple[_Campaign, LeadAhead]]:
    return ((campaign, lead) for lead in leads)
