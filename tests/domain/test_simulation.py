"""Sends played through, worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.pacing import Allowance, Jitter
from domain.schedule import WEEK, DayHours, OperatingHours
from domain.simulation import CampaignAhead, SenderAhead, simulate
from tests.domain.campaigning import campaign, due, nodes_of, sender
from tests.domain.quotas import unused

NOW = datetime(2030, 3, 29, 9, tzinfo=UTC)  # a Friday; Berlin's clocks change on Sunday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ONE_MAIL = nodes_of("email")
TWO_MAILS = nodes_of("email", DAY, "email")


def played(senders: Mapping[int, SenderAhead], *campaigns: CampaignAhead) -> list[tuple[str, int, int, int]]:
    """Day and time, campaign, lead and node of each send."""
    sends = simulate(NOW, {UUID(int=id_): ahead for id_, ahead in senders.items()}, campaigns)
    return [(f"{one.at:%d %H:%M}", one.campaign_id.int, one.rank, one.node_id.int) for one in sends]


def test_the_longest_due_goes_first_one_gap_after_another() -> None:
    leads = [*due(NOW - HOUR, 7), *due(NOW - MINUTE, 3), *due(NOW, 5)]
    assert played({1: sender(gap=10 * MINUTE)}, campaign(1, ONE_MAIL, leads)) == [
        ("29 09:00", 1, 7, 1),
        ("29 09:10", 1, 3, 1),
        ("29 09:20", 1, 5, 1),
    ]


def test_a_follow_up_is_due_its_delay_after_the_send_before_it() -> None:
    assert played({1: sender(gap=10 * MINUTE)}, campaign(1, TWO_MAILS, due(NOW, 1, 2))) == [
        ("29 09:00", 1, 1, 1),
        ("29 09:10", 1, 2, 1),
        ("30 09:00", 1, 1, 3),
        ("30 09:10", 1, 2, 3),
    ]


def test_of_those_equally_long_due_the_older_campaign_and_the_lead_added_first_go_first() -> None:
    campaigns = (campaign(2, ONE_MAIL, due(NOW, 1)), campaign(1, ONE_MAIL, due(NOW, 8, 4)))
    assert [(id_, rank) for _, id_, rank, _ in played({1: sender(gap=MINUTE)}, *campaigns)] == [
        (1, 4),
        (2, 1),
        (1, 8),
    ]


def test_campaigns_take_turns_with_a_sender_however_long_one_of_them_has_been_waiting() -> None:
    campaigns = (campaign(1, ONE_MAIL, due(NOW - DAY, 1, 2, 3, 4)), campaign(2, ONE_MAIL, due(NOW, 5, 6, 7)))
    assert [id_ for _, id_, *_ in played({1: sender(limit=4, gap=MINUTE)}, *campaigns)] == [
        1,
        2,
        1,
        2,
        1,
        2,
        1,
    ]


def test_a_campaign_that_comes_later_in_the_day_gets_its_share_of_the_day() -> None:
    late = NOW + 150 * MINUTE
    campaigns = (campaign(1, ONE_MAIL, due(NOW, *range(9))), campaign(2, ONE_MAIL, due(late, *range(9))))
    day = [id_ for _, id_, *_ in played({1: sender(limit=8, gap=HOUR)}, *campaigns)][:8]
    assert day == [1, 1, 1, 2, 2, 2, 1, 2]


def test_what_a_campaign_can_not_use_of_its_share_goes_to_the_others() -> None:
    limited = campaign(1, ONE_MAIL, due(NOW, 1, 2, 3), own_limits={1: 1})
    day = played({1: sender(limit=4)}, limited, campaign(2, ONE_MAIL, due(NOW, 5, 6, 7)))[:4]
    assert [id_ for _, id_, *_ in day] == [1, 2, 2, 2]


def test_a_sender_has_one_limit_for_all_its_campaigns() -> None:
    campaigns = (campaign(1, ONE_MAIL, due(NOW, 1, 2)), campaign(2, ONE_MAIL, due(NOW + HOUR, 1, 2)))
    assert played({1: sender(3)}, *campaigns) == [
        ("29 09:00", 1, 1, 1),
        ("29 09:00", 1, 2, 1),
        ("29 10:00", 2, 1, 1),
        ("30 00:00", 2, 2, 1),
    ]


def test_a_campaign_has_one_limit_for_all_its_senders() -> None:
    leads = [*due(NOW, 1, 2), *due(NOW, 3, sender_id=2)]
    limited = campaign(1, ONE_MAIL, leads, (1, 2), limit=2)
    assert played({1: sender(), 2: sender()}, limited) == [
        ("29 09:00", 1, 1, 1),
        ("29 09:00", 1, 3, 1),
        ("30 00:00", 1, 2, 1),
    ]


def test_an_account_may_have_a_limit_of_its_own_in_a_campaign() -> None:
    limited = campaign(1, ONE_MAIL, due(NOW, 1, 2), own_limits={1: 1})
    free = campaign(2, ONE_MAIL, due(NOW, 1))
    assert played({1: sender()}, limited, free) == [
        ("29 09:00", 1, 1, 1),
        ("29 09:00", 2, 1, 1),
        ("30 00:00", 1, 2, 1),
    ]


def test_what_was_sent_today_counts() -> None:
    busy = Allowance(daily_limit=3, day=NOW.date(), sent_today=2, next_free_at=NOW + 5 * MINUTE)
    ahead = SenderAhead(daily_limit=3, allowance=busy, gap=timedelta())
    assert [at for at, *_ in played({1: ahead}, campaign(1, ONE_MAIL, due(NOW, 1, 2)))] == [
        "29 09:05",
        "30 00:00",
    ]


def test_hours_are_wall_time_also_after_the_clocks_change() -> None:
    hours = OperatingHours(timezone="Europe/Berlin", **{day: DayHours("09:00", "10:00") for day in WEEK})
    early = campaign(1, ONE_MAIL, due(NOW - DAY, 1, 2, 3), hours=hours)
    assert [at for at, *_ in played({1: sender(1)}, early)] == ["30 08:00", "31 07:00", "01 07:00"]


def test_a_lead_in_flight_is_sent_no_more_but_followed_up_from_now() -> None:
    leads = due(NOW - MINUTE, 1, in_flight=True)
    assert played({1: sender()}, campaign(1, TWO_MAILS, leads)) == [("30 09:00", 1, 1, 3)]


def test_a_weekly_limit_holds_back_its_own_kind_of_action_only() -> None:
    nodes = nodes_of("connection_request", HOUR, "message")
    ahead = sender(weekly={"connection_request": unused(1)})
    invited = campaign(1, nodes, due(NOW, 1, 2), channel="linkedin")
    assert played({1: ahead}, invited) == [
        ("29 09:00", 1, 1, 1),
        ("29 10:00", 1, 1, 3),
        ("05 10:00", 1, 2, 1),
        ("05 11:00", 1, 2, 3),
    ]


def test_campaigns_that_were_served_alike_go_in_the_order_of_what_has_been_due_the_longest() -> None:
    campaigns = (campaign(1, ONE_MAIL, due(NOW, 1)), campaign(2, ONE_MAIL, due(NOW - HOUR, 1)))
    assert [id_ for _, id_, *_ in played({1: sender(gap=MINUTE)}, *campaigns)] == [2, 1]


def test_the_lead_added_first_goes_first_whoever_sends_to_it() -> None:
    leads = [*due(NOW, 3), *due(NOW, 1, sender_id=2)]
    limited = campaign(1, ONE_MAIL, leads, (1, 2), limit=1)
    assert [rank for _, _, rank, _ in played({1: sender(), 2: sender()}, limited)] == [1, 3]


def test_every_send_names_its_sender() -> None:
    leads = [*due(NOW, 1), *due(NOW + HOUR, 2, sender_id=2)]
    senders = {UUID(int=1): sender(), UUID(int=2): sender()}
    sends = simulate(NOW, senders, [campaign(1, TWO_MAILS, leads, (1, 2))])
    assert [(one.rank, one.sender_id.int) for one in sends] == [(1, 1), (2, 2), (1, 1), (2, 2)]


def test_leads_of_all_campaigns_join_in_the_order_in_which_they_are_due() -> None:
    first = campaign(1, ONE_MAIL, [*due(NOW, 1), *due(NOW + 2 * HOUR, 2), *due(NOW + 3 * HOUR, 3)])
    second = campaign(2, ONE_MAIL, due(NOW + HOUR, 1))
    assert [id_ for _, id_, *_ in played({1: sender()}, first, second)] == [1, 2, 1, 1]


def test_follow_ups_that_wait_for_the_hours_are_due_together_when_they_begin() -> None:
    hours = OperatingHours(timezone="UTC", **{day: DayHours("09:00", "10:00") for day in WEEK})
    leads = [*due(NOW, 2), *due(NOW + MINUTE, 1)]
    waiting = campaign(1, nodes_of("email", 3 * HOUR, "email"), leads, hours=hours)
    assert played({1: sender()}, waiting)[2:] == [("30 09:00", 1, 1, 3), ("30 09:00", 1, 2, 3)]


def test_what_an_ai_writes_is_sent_as_its_channel_sends() -> None:
    nodes = nodes_of("connection_request", "ai")
    ahead = sender(weekly={"message": unused(1)})
    invited = campaign(1, nodes, due(NOW, 1, 2), channel="linkedin")
    assert [(at, node) for at, _, _, node in played({1: ahead}, invited)] == [
        ("29 09:00", 1),
        ("29 09:00", 2),
        ("29 09:00", 1),
        ("05 10:00", 2),
    ]


def test_gaps_are_as_long_as_the_claim_would_draw_them() -> None:
    jittery = replace(sender(gap=HOUR), jitter=1.0)
    rest = Jitter(1.0, UUID(int=1)).stretched(HOUR, NOW.date(), 1)
    sends = list(simulate(NOW, {UUID(int=1): jittery}, [campaign(1, ONE_MAIL, due(NOW, 1, 2))]))
    assert [one.at for one in sends] == [NOW, NOW + rest]
    assert rest > HOUR


def test_without_leads_nothing_is_sent() -> None:
    assert played({1: sender()}, campaign(1, ONE_MAIL, [])) == []
