"""The limits of a claim: what its senders, campaigns and lanes may still send, as the claim uses it up."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from domain.pacing import Allowance, after_gap, within_hours
from domain.schedule import OperatingHours
from service.dispatch.due import Due, Key

LaneKey: TypeAlias = tuple[UUID, UUID, UUID]
"""Workspace, sender, campaign."""
K = TypeVar("K", bound=Hashable)


class Allowances(Generic[K]):
    """The allowances of one kind of thing: as they are stored, and as they are now."""

    def __init__(self) -> None:
        self._stored: dict[K, Allowance] = {}
        self._present: dict[K, Allowance] = {}

    def admit(self, key: K, stored: Allowance, present: Allowance) -> None:
        """Take one in, as it is stored and as it is at this moment."""
        self._stored[key] = stored
        self._present[key] = present

    def __getitem__(self, key: K) -> Allowance:
        return self._present[key]

    def __setitem__(self, key: K, present: Allowance) -> None:
        self._present[key] = present

    def __iter__(self) -> Iterator[K]:
        return iter(self._present)

    def __len__(self) -> int:
        return len(self._present)

    def changed(self) -> dict[K, Allowance]:
        """Those that are no longer as they are stored."""
        return {key: present for key, present in self._present.items() if present != self._stored[key]}


class Limits:
    """All allowances that a claim at ``now`` is made within; ``gap``: least time between two sends of a sender."""

    def __init__(self, now: datetime, gap: timedelta) -> None:
        self._now = now
        self._gap = gap
        self.senders: Allowances[Key] = Allowances()
        self.campaigns: Allowances[Key] = Allowances()
        self.lanes: Allowances[LaneKey] = Allowances()

    def admit_sender(self, key: Key, stored: Allowance) -> None:
        """A sender account that the claim may use."""
        self.senders.admit(key, stored, stored.settled(self._now))

    def admit_campaign(self, key: Key, stored: Allowance, hours: OperatingHours | None) -> None:
        """A campaign that the claim may send for, within its operating hours."""
        self.campaigns.admit(key, stored, within_hours(stored.settled(self._now), hours, self._now))

    def admit_lane(self, key: LaneKey, stored: Allowance) -> None:
        """A sender within a campaign; both are admitted already."""
        self.lanes.admit(key, stored, stored.settled(self._now))

    def open_lanes(self, at_most: int) -> dict[LaneKey, int]:
        """The lanes in which something may be sent, each with how many, ``at_most`` at the most."""
        return {lane: left for lane in self.lanes if (left := self._left(lane, at_most))}

    def charge(self, due: Due) -> bool:
        """Take one send out of every allowance; answers False, and takes nothing, when one has none left."""
        lane = (due.workspace_id, due.sender_id, due.campaign_id)
        if not self._left(lane, 1):
            return False
        sender, campaign = (due.workspace_id, due.sender_id), (due.workspace_id, due.campaign_id)
        self.senders[sender] = after_gap(self.senders[sender].charged(self._now), self._gap, self._now)
        if self.campaigns[campaign].daily_limit is not None:  # claims share the lock on one that has none
            self.campaigns[campaign] = self.campaigns[campaign].charged(self._now)
        self.lanes[lane] = self.lanes[lane].charged(self._now)
        return True

    def _left(self, lane: LaneKey, at_most: int) -> int:
        workspace_id, sender_id, campaign_id = lane
        sender, campaign = self.senders[workspace_id, sender_id], self.campaigns[workspace_id, campaign_id]
        least = min(allowance.left(self._now, at_most) for allowance in (sender, campaign, self.lanes[lane]))
        return min(least, 1) if self._gap else least
