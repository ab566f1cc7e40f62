"""The state machine agrees with the domain, and notices where it does not."""

from __future__ import annotations

from functools import partial
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from domain.campaign.decide import Command, Stop
from domain.campaign.state import Campaign
from domain.event import Event
from tests.kit.in_memory import InMemory
from tests.kit.machine import campaign_machine
from tests.kit.rules import DOMAIN

bounded: Final = settings(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)


def test_the_domain_does_what_the_model_says() -> None:
    run_state_machine_as_test(campaign_machine(InMemory), settings=settings(bounded, max_examples=30))


def _stops_nothing(campaign: Campaign, command: Command) -> tuple[Event, ...]:
    return () if isinstance(command, Stop) else DOMAIN.decide_campaign(campaign, command)


def test_a_domain_in_which_a_stop_stops_nothing_is_noticed() -> None:
    machine = campaign_machine(partial(InMemory, replace(DOMAIN, decide_campaign=_stops_nothing)))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=settings(bounded, max_examples=300, derandomize=True))
