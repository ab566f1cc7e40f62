"""A month of sending, played through: 20,000 leads, 12 senders, 3 campaigns in 3 time zones, 2 changes of the clocks.

What is checked is counted here, by nothing but the sends: none of the code that decides about them is asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from msgspec import convert
from msgspec.structs import replace

from domain.schedule import WEEK, OperatingHours, SenderPace
from domain.simulation import CampaignAhead, Send, SenderAhead, simulate
from tests.domain.campaigning import campaign, enrolled, nodes_of, sender

BEGINS: Final = datetime(2026, 3, 2, tzinfo=UTC)  # New York's clocks change on 8 March, Berlin's on 29 March
MONTH: Final = timedelta(days=31)
GAP: Final = timedelta(seconds=60)
JITTER: Final = 0.25
SENDER_LIMIT: Final = 220
STEPS: Final = nodes_of("email", timedelta(days=3), "email")
SENDABLE: Final = [node.id for node in STEPS if node.type == "email"]
OPEN_HOURS: Final = range(9, 17)
ZONES: Final = {1: "Europe/Berlin", 2: "America/New_York", 3: "Asia/Kolkata"}
LEADS: Final = {1: 7_000, 2: 6_500, 3: 6_500}
SENDERS: Final = {1: range(1, 7), 2: range(5, 11), 3: range(9, 13)}  # neighbours share two senders
CAMPAIGN_LIMITS: Final = {1: 650, 2: None, 3: 800}
OWN_LIMITS: Final = {1: {5: 100, 6: 120}, 2: {5: 120, 6: 100, 9: 90, 10: 100}, 3: {9: 130, 10: 120}}


def hours_in(zone: str) -> OperatingHours:
    weekday = {"start": "09:00", "end": "17:00"}
    return convert({"timezone": zone, **dict.fromkeys(WEEK[:5], weekday)}, OperatingHours)


def launched(number: int) -> CampaignAhead:
    own, hours = OWN_LIMITS[number], hours_in(ZONES[number])
    paces = [SenderPace(UUID(int=id_), own.get(id_, SENDER_LIMIT), GAP) for id_ in SENDERS[number]]
    limit = CAMPAIGN_LIMITS[number]
    return campaign(
        number,
        STEPS,
        enrolled(BEGINS, hours, paces, LEADS[number], limit),
        SENDERS[number],
        hours=hours,
        limit=limit,
        own_limits=own,
    )


class Month:
    """The sends of the month."""

    def __init__(self) -> None:
        account: SenderAhead = replace(sender(SENDER_LIMIT, GAP), jitter=JITTER)
        senders = {UUID(int=number): account for number in range(1, 13)}
        self.sends = list(simulate(BEGINS, senders, [launched(number) for number in ZONES]))

    def by_sender(self) -> Iterable[list[Send]]:
        of_sender: dict[UUID, list[Send]] = defaultdict(list)
        for send in self.sends:
            of_sender[send.sender_id].append(send)
        return of_sender.values()


@pytest.fixture(scope="module")
def month() -> Month:
    return Month()


def test_it_is_over_within_the_month(month: Month) -> None:
    assert len(month.sends) == 2 * 20_000
    assert BEGINS <= month.sends[0].at <= month.sends[-1].at < BEGINS + MONTH


def test_every_lead_gets_both_steps_once_in_order_after_the_delay_from_one_sender(month: Month) -> None:
    of_lead: dict[tuple[UUID, int], list[Send]] = defaultdict(list)
    for send in month.sends:
        of_lead[send.campaign_id, send.rank].append(send)
    assert len(of_lead) == 20_000
    for sends in of_lead.values():
        assert [send.node_id for send in sends] == SENDABLE
        assert sends[1].at - sends[0].at >= timedelta(days=3)
        assert sends[0].sender_id == sends[1].sender_id


def test_no_limit_of_a_day_is_exceeded(month: Month) -> None:
    by_sender = Counter((send.at.date(), send.sender_id) for send in month.sends)
    assert max(by_sender.values()) == SENDER_LIMIT
    by_campaign = Counter((send.at.date(), send.campaign_id.int) for send in month.sends)
    for (_, number), count in by_campaign.items():
        assert count <= (CAMPAIGN_LIMITS[number] or len(month.sends))
    by_account = Counter((send.at.date(), send.campaign_id.int, send.sender_id.int) for send in month.sends)
    for (_, number, account), count in by_account.items():
        assert count <= OWN_LIMITS[number].get(account, SENDER_LIMIT)


def test_everything_goes_out_within_the_hours_that_a_clock_on_the_wall_shows(month: Month) -> None:
    zones = {UUID(int=number): ZoneInfo(zone) for number, zone in ZONES.items()}
    offsets: dict[str, set[timedelta | None]] = defaultdict(set)
    for send in month.sends:
        on_the_wall = send.at.astimezone(zones[send.campaign_id])
        assert on_the_wall.hour in OPEN_HOURS, on_the_wall
        assert on_the_wall.weekday() < 5, on_the_wall
        offsets[zones[send.campaign_id].key].add(on_the_wall.utcoffset())
    assert {zone: len(found) for zone, found in offsets.items()} == {
        "Europe/Berlin": 2,  # it was sent before the change and after it
        "America/New_York": 2,
        "Asia/Kolkata": 1,
    }


def test_no_sender_hurries_and_its_gaps_vary(month: Month) -> None:
    rests = [later.at - send.at for sends in month.by_sender() for send, later in pairwise(sends)]
    assert min(rests) >= GAP
    assert len({rest for rest in rests if rest <= GAP * (1 + JITTER)}) > 1_000
