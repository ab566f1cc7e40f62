"""Laws of the simulation: every limit at once, every step once and in order, and no send later than it must be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import forecast
from domain.schedule import is_open, next_midnight, next_open, sending_day
from domain.sequence import SENDABLE, NodeType, action_of, next_sendable, position_of
from domain.simulation import CampaignAhead, LeadAhead, Send, SenderAhead, simulate
from tests.domain.campaigning import campaign, nodes_of, sender
from tests.domain.quotas import unused
from tests.kit.schedules import operating_hours

NOW: Final = datetime(2026, 3, 27, 9, 30, tzinfo=UTC)  # two days before clocks change in much of Europe
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)

# Worlds take time to draw, and the slow way to play them takes more.
calmly = settings(deadline=None, max_examples=50)

Senders = Mapping[UUID, SenderAhead]
Campaigns = Sequence[CampaignAhead]

gaps = st.just(timedelta()) | st.timedeltas(timedelta(minutes=1), timedelta(hours=30))
quarters = st.integers(-8, 300).map(lambda quarter: NOW + quarter * timedelta(minutes=15))
delays = st.integers(1, 40).map(lambda hours: hours * HOUR)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Senders, Campaigns]:
    """Up to three LinkedIn campaigns that share up to three senders."""
    weekly = st.dictionaries(
        st.sampled_from(["connection_request", "message"]), st.integers(2, 9).map(unused)
    )
    accounts = draw(st.lists(st.builds(sender, st.integers(1, 5), gaps, weekly), min_size=1, max_size=3))
    senders = {UUID(int=number): account for number, account in enumerate(accounts, 1)}
    numbers = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True))
    return senders, [draw(campaigns(number, len(senders))) for number in numbers]


@st.composite
def campaigns(draw: st.DrawFn, number: int, senders: int) -> CampaignAhead:
    followed_up: list[NodeType | timedelta] = []
    for delay in draw(st.lists(delays, max_size=2)):
        followed_up += [delay, "message"]
    nodes = nodes_of("connection_request", *followed_up)
    sendable = [node.id for node in nodes if node.type in SENDABLE]
    standing = st.tuples(st.integers(1, senders), st.sampled_from(sendable), quarters)
    leads = [
        LeadAhead(rank, UUID(int=sender_id), node_id, due_at)
        for rank, (sender_id, node_id, due_at) in enumerate(draw(st.lists(standing, max_size=6)))
    ]
    return campaign(
        number,
        nodes,
        sorted(leads, key=lambda lead: lead.due_at),
        range(1, senders + 1),
        hours=draw(st.none() | operating_hours()),
        limit=draw(st.none() | st.integers(1, 6)),
        own_limits=draw(st.dictionaries(st.integers(1, senders), st.integers(1, 4))),
        channel="linkedin",
    )


def played(world: tuple[Senders, Campaigns]) -> list[Send]:
    return list(simulate(NOW, *world))


def action_in(one: Send, ahead: CampaignAhead) -> str:
    return action_of(ahead.channel, ahead.nodes[position_of(ahead.nodes, one.node_id)])


@calmly
@given(worlds())
def test_every_lead_gets_every_step_it_has_left_once_in_order_from_its_own_sender(
    world: tuple[Senders, Campaigns],
) -> None:
    sent = defaultdict(list)
    for one in played(world):
        sent[one.campaign_id, one.rank, one.sender_id].append(one.node_id)
    expected = {
        (ahead.id, lead.rank, lead.sender_id): [
            node.id for node in ahead.nodes[position_of(ahead.nodes, lead.node_id) :] if node.type in SENDABLE
        ]
        for ahead in world[1]
        for lead in ahead.leads
    }
    assert sent == expected


@calmly
@given(worlds())
def test_every_limit_and_all_hours_are_kept_at_once(world: tuple[Senders, Campaigns]) -> None:
    senders, ahead = world[0], {one.id: one for one in world[1]}
    sends = played(world)
    assert all(one.at <= other.at for one, other in pairwise(sends))
    assert all(is_open(ahead[one.campaign_id].hours, one.at) for one in sends)

    by_sender = Counter((sending_day(one.at), one.sender_id) for one in sends)
    assert all(count <= senders[id_].daily_limit for (_, id_), count in by_sender.items())
    by_campaign = Counter((sending_day(one.at), one.campaign_id) for one in sends)
    assert all(count <= _limit(ahead[id_].allowance.daily_limit) for (_, id_), count in by_campaign.items())
    by_lane = Counter((sending_day(one.at), one.campaign_id, one.sender_id) for one in sends)
    assert all(
        count <= _limit(ahead[id_].lanes[sender_id].daily_limit)
        for (_, id_, sender_id), count in by_lane.items()
    )
    for id_, account in senders.items():
        own = [one for one in sends if one.sender_id == id_]
        assert all(other.at - one.at >= account.gap for one, other in pairwise(own))
        for action, week in account.weekly.items():
            times = [one.at for one in own if action_in(one, ahead[one.campaign_id]) == action]
            assert all(
                other - one > WEEK for one, other in zip(times, times[week.weekly_limit :], strict=False)
            )


def _limit(limit: int | None) -> float:
    return float("inf") if limit is None else limit


@calmly
@given(worlds())
def test_the_next_in_turn_is_sent_as_soon_as_anything_may_be(world: tuple[Senders, Campaigns]) -> None:
    assert played(world) == list(slowly_played(*world))


def slowly_played(senders: Senders, campaigns: Campaigns) -> Iterator[Send]:
    """The slow and obvious way: of all that waits, look each time what may go first."""
    by_id = {ahead.id: ahead for ahead in campaigns}
    waiting = {(ahead.id, lead.rank): lead for ahead in campaigns for lead in ahead.leads}
    sent: list[Send] = []
    while waiting:
        at, _, _, campaign_id, rank = min(
            (
                at := _earliest(lead, by_id[id_], senders, sent, by_id),
                _served(lead.sender_id, id_, at, sent),
                lead.due_at,
                id_,
                rank,
            )
            for (id_, rank), lead in waiting.items()
        )
        lead, ahead = waiting.pop((campaign_id, rank)), by_id[campaign_id]
        sent.append(Send(at, campaign_id, lead.sender_id, rank, lead.node_id))
        yield sent[-1]
        step = next_sendable(ahead.nodes, position_of(ahead.nodes, lead.node_id))
        if step is not None:
            due_at = next_open(ahead.hours, at + step.delay)
            waiting[campaign_id, rank] = lead._replace(node_id=step.node.id, due_at=due_at)


def _served(sender_id: UUID, campaign_id: UUID, at: datetime, sent: Sequence[Send]) -> int:
    """How many sends the campaign has had of the sender that day."""
    day = (sending_day(at), campaign_id, sender_id)
    return sum((sending_day(one.at), one.campaign_id, one.sender_id) == day for one in sent)


def _earliest(
    lead: LeadAhead,
    ahead: CampaignAhead,
    senders: Senders,
    sent: Sequence[Send],
    by_id: Mapping[UUID, CampaignAhead],
) -> datetime:
    """The first moment from the latest send on, nothing but counting what was sent before."""
    account, own = senders[lead.sender_id], [one for one in sent if one.sender_id == lead.sender_id]
    latest = sent[-1].at if sent else NOW
    at = max(NOW, latest, lead.due_at, *(one.at + account.gap for one in own))
    action = action_of(ahead.channel, ahead.nodes[position_of(ahead.nodes, lead.node_id)])
    alike = [one.at for one in own if action_in(one, by_id[one.campaign_id]) == action]

    def is_full(moment: datetime) -> bool:
        today = [one for one in sent if sending_day(one.at) == sending_day(moment)]
        of_campaign = [one for one in today if one.campaign_id == ahead.id]
        of_lane = [one for one in of_campaign if one.sender_id == lead.sender_id]
        return (
            sum(one.sender_id == lead.sender_id for one in today) >= account.daily_limit
            or len(of_campaign) >= _limit(ahead.allowance.daily_limit)
            or len(of_lane) >= _limit(ahead.lanes[lead.sender_id].daily_limit)
        )

    def is_full_week(moment: datetime) -> bool:
        week = account.weekly.get(action)
        counted = sum(moment < _hour_of(time) + HOUR + WEEK for time in alike)
        return week is not None and counted >= week.weekly_limit

    while True:
        at = next_open(ahead.hours, at)
        if is_full(at):
            at = next_midnight(at)
        elif is_full_week(at):
            at = _hour_of(at) + HOUR
        else:
            return at


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


@calmly
@given(worlds())
def test_it_is_the_same_however_often_and_in_which_order_campaigns_are_told(
    world: tuple[Senders, Campaigns],
) -> None:
    senders, campaigns = world
    assert played(world) == played(world) == played((senders, campaigns[::-1]))


@calmly
@given(worlds(), st.integers(0, 30))
def test_a_forecast_cut_off_is_the_beginning_of_the_whole(
    world: tuple[Senders, Campaigns], at_most: int
) -> None:
    sends = played(world)
    ours = world[1][0].id
    count = sum(one.campaign_id == ours for one in sends)
    until = NOW + timedelta(days=9999)
    whole = forecast(sends, ours, count, until, len(sends) + 1)
    assert (whole.complete, sum(day.sends for day in whole.days)) == (True, count)
    part = forecast(sends, ours, count, until, at_most)
    assert part.days == whole.days[: len(part.days)]
    if not part.complete:
        assert all(day.day < sending_day(sends[at_most].at) for day in part.days)
