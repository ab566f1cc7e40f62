"""The kit itself: its model is the domain's, and its judge tells what can be from what can't."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.campaign import state as campaign
from domain.event import Event, Recorded
from domain.lead import state as lead
from domain.machine import StatusMachine
from service.composition import EVENTS
from tests.kit import events, model
from tests.kit.defects import DEFECTS, Defect, near_legal
from tests.kit.histories import histories
from tests.kit.judge import faults

calmly = settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    ("machine", "modelled"), [(campaign.MACHINE, model.CAMPAIGN), (lead.MACHINE, model.LEAD)]
)
def test_the_model_is_the_domains_machine(machine: StatusMachine[Any, Any], modelled: model.Machine) -> None:
    told = {(source, trigger): target for source in modelled for trigger, target in modelled[source].items()}
    assert told == {(arrow.source, arrow.trigger): arrow.target for arrow in machine.arrows}
    assert set(modelled) == set(machine.statuses)


@calmly
@given(histories())
def test_a_history_that_was_decided_has_no_faults(history: list[Recorded]) -> None:
    assert faults(history) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
@settings(calmly, max_examples=4)
@given(data=st.data())
def test_every_defect_is_noticed(defect: Defect, data: st.DataObject) -> None:
    assert faults(data.draw(near_legal([defect])).history) != []


@settings(calmly, max_examples=3)
@given(st.tuples(*map(events.of_kind, EVENTS)))
def test_events_of_every_kind_are_drawn(drawn: tuple[Event, ...]) -> None:
    assert tuple(map(type, drawn)) == EVENTS
