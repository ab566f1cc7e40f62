"""The limits of a claim: what its senders, campaigns and lanes may still send, as the claim uses it up."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Generic, TypeAlias, TypeVar, cast
from uuid import UUID

from domain.pacing import Allowance, Gaps, Jitter, Lane, Turn, within_hours
from domain.quota import Quota
from domain.schedule import OperatingHours
from domain.sequence import Action
from service.dispatch.due import Due, Key

LaneKey: TypeAlias = tuple[UUID, UUID, UUID]
"""Workspace, sender, campaign."""
ActionKey: TypeAlias = tuple[UUID, UUID, Action]
"""Workspace, sender, action."""
K = TypeVar("K", bound=Hashable)
V = TypeVar("V", Allowance, Quota)


class Ledger(Generic[K, V]):
    """The allowances or quotas of one kind of thing: as they are stored, and as they are now."""

    def __init__(self) -> None:
        self._stored: dict[K, V] = {}
        self._present: dict[K, V] = {}

    def admit(self, key: K, stored: V, present: V) -> None:
        """Take one in, as it is stored and as it is at this moment."""
        self._stored[key] = stored
        self._present[key] = present

    def __getitem__(self, key: K) -> V:
        return self._present[key]

    def __contains__(self, key: K) -> bool:
        return key in self._present

    def __setitem__(self, key: K, present: V) -> None:
        self._present[key] = present

    def __iter__(self) -> Iterator[K]:
        return iter(self._present)

    def __len__(self) -> int:
        return len(self._present)

    def changed(self) -> dict[K, V]:
        """Those that are no longer as they are stored."""
        return {key: present for key, present in self._present.items() if present != self._stored[key]}


class Limits:
    """All that a claim at ``now`` is made within; ``gaps``: least times between two sends of a sender."""

    def __init__(self, now: datetime, gaps: Gaps) -> None:
        self.now = now
        self._gaps = gaps
        self.senders: Ledger[Key, Allowance] = Ledger()
        self.quotas: Ledger[ActionKey, Quota] = Ledger()
        self.campaigns: Ledger[Key, Allowance] = Ledger()
        self.lanes: Ledger[LaneKey, Allowance] = Ledger()

    def admit_sender(self, key: Key, stored: Allowance) -> None:
        """A sender account that the claim may use."""
        self.senders.admit(key, stored, stored.settled(self.now))

    def admit_quota(self, key: ActionKey, stored: Quota) -> None:
        """The rolling limit of an admitted sender for an action; without one the sender mails."""
        self.quotas.admit(key, stored, stored.settled(self.now))

    def admit_campaign(self, key: Key, stored: Allowance, hours: OperatingHours | None) -> None:
        """A campaign that the claim may send for, within its operating hours."""
        self.campaigns.admit(key, stored, within_hours(stored.settled(self.now), hours, self.now))

    def admit_lane(self, key: LaneKey, stored: Allowance) -> None:
        """A sender within a campaign; both are admitted already."""
        self.lanes.admit(key, stored, stored.settled(self.now))

    def open_lanes(self, at_most: int) -> dict[tuple[LaneKey, Action], int]:
        """What may be done in which lanes, each with how often, ``at_most`` at the most."""
        actions: dict[Key, list[Action]] = {}
        for workspace_id, sender_id, action in self.quotas:
            actions.setdefault((workspace_id, sender_id), []).append(action)
        return {
            (lane, action): left
            for lane in self.lanes
            for action in actions.get(lane[:2], _MAILING)
            if (left := self._left(lane, action, at_most))
        }

    def share(self, due: Iterable[Due], at_most: int) -> list[Due]:
        """Charge up to ``at_most`` of what is due, which comes the longest due first, lane by lane in turn."""
        waiting: dict[LaneKey, deque[Due]] = defaultdict(deque)
        for one in due:
            waiting[_lane_key(one)].append(one)
        turns = [(self._turn(lane[0]), key) for key, lane in waiting.items()]
        heapify(turns)
        chosen: list[Due] = []
        while turns and len(chosen) < at_most:
            _, key = heappop(turns)
            lane = waiting[key]
            if self._charge(one := lane.popleft()):
                chosen.append(one)
            if lane:
                heappush(turns, (self._turn(lane[0]), key))
        return chosen

    def _turn(self, due: Due) -> Turn:
        served = self.lanes[_lane_key(due)].sent_on(self.now)
        return Turn(served, due.due_at, due.campaign_id, due.lead_id.int)

    def _charge(self, due: Due) -> bool:
        """Take one send out of every allowance; answers False, and takes nothing, when one has none left."""
        action = cast(Action, due.task)
        key = _lane_key(due)
        if not self._left(key, action, 1):
            return False
        lane = self._lane(key, action)
        charged = lane.charged(self.now)
        sender, campaign = (due.workspace_id, due.sender_id), (due.workspace_id, due.campaign_id)
        self.senders[sender] = charged.sender
        if lane.campaign.daily_limit is not None:  # claims share the lock on one that has none
            self.campaigns[campaign] = charged.campaign
        self.lanes[key] = charged.own
        if (quota := (*sender, action)) in self.quotas:
            self.quotas[quota] = self.quotas[quota].charged(self.now)
        return True

    def _left(self, key: LaneKey, action: Action, at_most: int) -> int:
        workspace_id, sender_id, _ = key
        if (quota := (workspace_id, sender_id, action)) in self.quotas:
            at_most = min(at_most, self.quotas[quota].left(self.now))
        return self._lane(key, action).left(self.now, at_most)

    def _lane(self, key: LaneKey, action: Action) -> Lane:
        workspace_id, sender_id, campaign_id = key
        sender, campaign = self.senders[workspace_id, sender_id], self.campaigns[workspace_id, campaign_id]
        jitter = Jitter(self._gaps.jitter, sender_id)
        return Lane(sender, campaign, self.lanes[key], self._gaps.after(action), jitter)


def _lane_key(due: Due) -> LaneKey:
    return due.workspace_id, due.sender_id, due.campaign_id


_MAILING: tuple[Action, ...] = ("email",)
"""What a sender without rolling limits does."""
