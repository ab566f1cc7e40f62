"""The forecast: who will send how much on which day, by the very rules of the claim, without sending anything.

It assumes that every send is taken over in the moment it may go, that nobody replies, bounces or unsubscribes, and that
invitations are accepted at once. Everything that competes for the senders has to be told, not only the campaign asked
about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from heapq import heappop, heappush, heapreplace, merge
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.lead.decide import next_action
from domain.pacing import Allowance, Lane
from domain.rolling import RollingWeek
from domain.schedule import OperatingHours, next_open, sending_day
from domain.sequence import SENDABLE, Channel, Node, Nodes, position_of

Action = Literal["email", "connection_request", "message"]
"""What a send is; LinkedIn limits each kind by itself."""


# --- What is known at the start --------------------------------------------------------------------------------------


class SenderAhead(Struct, frozen=True, kw_only=True):
    """A sender account and what it may still send; ``weekly`` holds the kinds of action that have a weekly limit."""

    allowance: Allowance
    weekly: Mapping[Action, RollingWeek] = {}


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


def sends_left(nodes: Nodes, node_id: UUID) -> int:
    """How many sends a lead has left that is to get ``node_id`` next."""
    return sum(node.type in SENDABLE for node in nodes[position_of(nodes, node_id) :])


def action_of(channel: Channel, node: Node) -> Action:
    """What sending the node is to its sender."""
    if channel == "email":
        return "email"
    return "connection_request" if node.type == "connection_request" else "message"


# --- The forecast ----------------------------------------------------------------------------------------------------


class SendingDay(NamedTuple):
    """What one sender sends for the campaign on one sending day (UTC)."""

    day: date
    sender_id: UUID
    sends: int
    first_at: datetime
    last_at: datetime


class Forecast(Struct, frozen=True):
    """The sending days in order. Unless ``complete`` there is more to send after them."""

    days: tuple[SendingDay, ...]
    complete: bool

    @property
    def ends_at(self) -> datetime | None:
        """The last send; None when there is none, or when the forecast does not reach it."""
        return max((day.last_at for day in self.days), default=None) if self.complete else None


def forecast(sends: Iterable[Send], campaign_id: UUID, count: int, until: datetime, at_most: int) -> Forecast:
    """What ``sends`` come to for a campaign that has ``count`` left.

    It looks no further than ``until``, nor at more than ``at_most`` sends of all campaigns; when that is not enough, it
    tells the days that it has seen whole.
    """
    tally = _Tally()
    seen_until = until
    for looked_at, send in enumerate(sends):
        if tally.count == count or send.at >= until:
            break
        if looked_at == at_most:
            seen_until = send.at
            break
        if send.campaign_id == campaign_id:
            tally.add(send)
    complete = tally.count == count
    return Forecast(tally.days(before=None if complete else sending_day(seen_until)), complete)


class _Tally:
    """Counts sends by sending day and sender; they come in order of time."""

    def __init__(self) -> None:
        self.count = 0
        self._days: dict[tuple[date, UUID], SendingDay] = {}

    def add(self, send: Send) -> None:
        self.count += 1
        key = (sending_day(send.at), send.sender_id)
        known = self._days.get(key)
        sends, first_at = (known.sends, known.first_at) if known else (0, send.at)
        self._days[key] = SendingDay(*key, sends + 1, first_at, send.at)

    def days(self, before: date | None) -> tuple[SendingDay, ...]:
        last = before or date.max
        return tuple(self._days[key] for key in sorted(self._days) if key[0] < last)


# --- The simulation --------------------------------------------------------------------------------------------------


def simulate(
    now: datetime, gap: timedelta, senders: Mapping[UUID, SenderAhead], campaigns: Iterable[CampaignAhead]
) -> Iterator[Send]:
    """Every send from ``now`` on, in order of time, until nothing is left; ``gap``: least time between two of a sender.

    Claims with different clocks or by different workers may take sends of the same moment in another order.
    """
    return _Simulation(now, gap, senders, campaigns).sends()


class _Sender:
    """A sender account as the simulation uses it up."""

    def __init__(self, ahead: SenderAhead, now: datetime) -> None:
        self.allowance = ahead.allowance.settled(now)
        self.weeks = dict(ahead.weekly)


class _Campaign:
    """A campaign as the simulation uses it up; ``place`` is its place among campaigns, the oldest first."""

    def __init__(self, ahead: CampaignAhead, place: int, now: datetime) -> None:
        self.id = ahead.id
        self.place = place
        self.nodes = ahead.nodes
        self.hours = ahead.hours
        self.allowance = ahead.allowance.settled(now)
        self.own_allowances = {id_: own.settled(now) for id_, own in ahead.lanes.items()}
        self.actions = {node.id: action_of(ahead.channel, node) for node in ahead.nodes}


_Waiting: TypeAlias = tuple[datetime, int, UUID]
"""When a lead is due, its rank, and the node it is to get."""


class _Queue:
    """The leads that wait in one lane for one kind of action, the longest due first."""

    def __init__(self, campaign: _Campaign, sender_id: UUID, sender: _Sender, action: Action) -> None:
        self.campaign = campaign
        self.sender_id = sender_id
        self.waiting: list[_Waiting] = []
        self.turn: _Turn | None = None
        self._sender = sender
        self._action = action

    def free_at(self, instant: datetime, gap: timedelta) -> datetime:
        """The first moment not before ``instant`` at which the queue may send."""
        instant = max(instant, self._lane(gap).free_at)
        if (week := self._sender.weeks.get(self._action)) is not None:
            instant = week.free_at(instant)
        return next_open(self.campaign.hours, instant)

    def charge(self, now: datetime, gap: timedelta) -> None:
        """Count a send against every limit."""
        charged = self._lane(gap).charged(now)
        self._sender.allowance = charged.sender
        self.campaign.allowance = charged.campaign
        self.campaign.own_allowances[self.sender_id] = charged.own
        if (week := self._sender.weeks.get(self._action)) is not None:
            self._sender.weeks[self._action] = week.charged(now)

    def _lane(self, gap: timedelta) -> Lane:
        campaign = self.campaign
        return Lane(self._sender.allowance, campaign.allowance, campaign.own_allowances[self.sender_id], gap)


_Turn: TypeAlias = tuple[datetime, datetime, int, int, int]
"""When a queue may send next, and among queues that may at the same moment the claim's order: the longest due, the
older campaign, the lead that was added first. Last the queue's number."""


class _Simulation:
    """Goes from send to send.

    A queue's turn only moves back as limits are used up, so the turns kept may be too early, and are put right when
    they come up. It moves forward only when a lead joins, and then a second, earlier turn is kept.
    """

    def __init__(
        self,
        now: datetime,
        gap: timedelta,
        senders: Mapping[UUID, SenderAhead],
        campaigns: Iterable[CampaignAhead],
    ) -> None:
        self._now = now
        self._gap = gap
        self._senders = {id_: _Sender(ahead, now) for id_, ahead in senders.items()}
        self._queues: list[_Queue] = []
        self._queue_numbers: dict[tuple[int, UUID, Action], int] = {}
        self._turns: list[_Turn] = []
        by_age = sorted(campaigns, key=lambda ahead: ahead.id)
        feeds = [_feed(_Campaign(ahead, place, now), ahead.leads) for place, ahead in enumerate(by_age)]
        self._coming = merge(*feeds, key=lambda coming: coming[1].due_at)
        self._next_coming = next(self._coming, None)

    def sends(self) -> Iterator[Send]:
        """Every send, in order of time."""
        while (number := self._next_turn()) is not None:
            queue = self._queues[number]
            _, rank, node_id = heappop(queue.waiting)
            queue.charge(self._now, self._gap)
            yield Send(self._now, queue.campaign.id, queue.sender_id, rank, node_id)
            self._follow(queue.campaign, queue.sender_id, rank, node_id)
            if queue.waiting:
                self._schedule(number)

    def _next_turn(self) -> int | None:
        """The number of the queue that sends next, having moved on to that moment."""
        while True:
            self._let_join()
            if not self._turns:
                return None
            turn = self._turns[0]
            number = turn[-1]
            if turn != self._queues[number].turn:
                heappop(self._turns)
            elif (right := self._turn_of(number)) != turn:
                self._queues[number].turn = right
                heapreplace(self._turns, right)
            else:
                heappop(self._turns)
                self._queues[number].turn = None
                self._now = turn[0]
                return number

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
        following = next_action(campaign.nodes, node_id, campaign.hours, self._now)
        if following is not None:
            self._join(campaign, sender_id, (following.due_at, rank, following.node_id))

    def _join(self, campaign: _Campaign, sender_id: UUID, waiting: _Waiting) -> None:
        key = (campaign.place, sender_id, campaign.actions[waiting[2]])
        number = self._queue_numbers.get(key)
        if number is None:
            number = self._queue_numbers[key] = len(self._queues)
            self._queues.append(_Queue(campaign, sender_id, self._senders[sender_id], key[2]))
        queue = self._queues[number]
        heappush(queue.waiting, waiting)
        if queue.waiting[0] is waiting:
            self._schedule(number)

    def _schedule(self, number: int) -> None:
        turn = self._queues[number].turn = self._turn_of(number)
        heappush(self._turns, turn)

    def _turn_of(self, number: int) -> _Turn:
        queue = self._queues[number]
        due_at, rank, _ = queue.waiting[0]
        free_at = queue.free_at(max(self._now, due_at), self._gap)
        return free_at, due_at, queue.campaign.place, rank, number


def _feed(campaign: _Campaign, leads: Iterable[LeadAhead]) -> Iterator[tuple[_Campaign, LeadAhead]]:
    return ((campaign, lead) for lead in leads)
