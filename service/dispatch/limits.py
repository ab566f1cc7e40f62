"""The limits of a claim: what its senders, campaigns and lanes may still send, as the claim uses it up."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from domain.pacing import Allowance, Lane, within_hours
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
        return {key: left for key in self.lanes if (left := self._lane(key).left(self._now, at_most))}

    def charge(self, due: Due) -> bool:
        """Take one send out of every allowance; answers False, and takes nothing, when one has none left."""
        key = (due.workspace_id, due.sender_id, due.campaign_id)
        lane = self._lane(key)
        if not lane.left(self._now, 1):
            return False
        sender, campaign = (due.workspace_id, due.sender_id), (due.workspace_id, due.campaign_id)
        charged = lane.charged(self._now)
        self.senders[sender] = charged.sender
        if lane.campaign.daily_limit is not None:  # claims share the lock on one that has none
            self.campaigns[campaign] = charged.campaign
        self.lanes[key] = charged.own
        return True

    def _lane(self, key: LaneKey) -> Lane:
        workspace_id, sender_id, campaign_id = key
        sender, campaign = self.senders[workspace_id, sender_id], self.campaigns[workspace_id, campaign_id]
        return Lane(sender, campaign, self.lanes[key], self._gap)
