"""The bounce guard's rule: when a campaign has too many bounces, and what is done about it then."""

from __future__ import annotations

import pytest

from domain.bounce_guard import BounceEvidence, GuardRule, Tally, too_many_bounces
from domain.campaign.decide import Guard, decide
from domain.campaign.events import CampaignPaused
from domain.event import Event
from tests.domain.test_campaign import ACTIVE, COMPLETED, LAUNCHING, PAUSED, STOPPED, given

RULE = GuardRule(percent=5.0, least_sent=100, days=7)
TOO_MANY = Tally(sent=100, bounced=5)


@pytest.mark.parametrize(
    ("sent", "bounced", "too_many"),
    [
        (100, 5, True),
        (100, 4, False),
        (99, 99, False),
        (101, 5, False),
        (120, 6, True),
        (1000, 49, False),
        (1000, 50, True),
        (0, 0, False),
    ],
)
def test_five_in_a_hundred_of_at_least_a_hundred_are_too_many(
    sent: int, bounced: int, too_many: bool
) -> None:
    assert (too_many_bounces(Tally(sent, bounced), RULE) is not None) is too_many


@pytest.mark.parametrize("least_sent", [0, 1])
def test_a_rule_that_asks_for_no_sends_asks_for_one(least_sent: int) -> None:
    rule = GuardRule(percent=5.0, least_sent=least_sent, days=7)
    assert too_many_bounces(Tally(1, 1), rule) is not None
    assert too_many_bounces(Tally(0, 0), rule) is None


def test_the_pause_carries_what_the_guard_saw_and_its_rule() -> None:
    evidence = BounceEvidence(sent=100, bounced=5, percent=5.0, least_sent=100, days=7)
    paused = CampaignPaused(reason="bounce-guard", evidence=evidence)
    assert decide(given(*ACTIVE), Guard(tally=TOO_MANY, rule=RULE)) == (paused,)


def test_a_campaign_within_the_rule_goes_on() -> None:
    assert decide(given(*ACTIVE), Guard(tally=Tally(100, 4), rule=RULE)) == ()


@pytest.mark.parametrize(
    "history", [(), LAUNCHING, (*ACTIVE, PAUSED), (*ACTIVE, STOPPED), (*ACTIVE, COMPLETED)]
)
def test_only_an_active_campaign_is_guarded(history: tuple[Event, ...]) -> None:
    assert decide(given(*history), Guard(tally=TOO_MANY, rule=RULE)) == ()
