"""The status machines: one definition each, and everything made from it agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from domain.campaign import state as campaign
from domain.campaign.events import Status, Trigger
from domain.lead import state as lead
from domain.lead.events import LeadStatus
from domain.machine import Arrow, StatusMachine
from domain.sender import state as sender_state
from domain.sender.events import SenderStatus, SenderTrigger

MACHINES: list[StatusMachine[Any, Any]] = [campaign.MACHINE, lead.MACHINE, sender_state.MACHINE]


def test_a_machine_is_made_from_its_table_alone() -> None:
    arrows = (
        Arrow("press", "off", "on", "somebody wants light"),
        Arrow("press", "on", "off", "nobody does"),
        Arrow("break", "on", "broken", "it was old"),
    )
    lamp: StatusMachine[str, str] = StatusMachine("lamp", "off", arrows)
    assert (lamp.name, lamp.initial, lamp.arrows) == ("lamp", "off", arrows)
    assert (lamp.statuses, lamp.triggers) == (("off", "on", "broken"), ("press", "break"))
    asked = {(trigger, status) for trigger in lamp.triggers for status in lamp.statuses}
    assert {(*question, lamp.target(*question)) for question in asked} == {
        ("press", "off", "on"),
        ("press", "on", "off"),
        ("press", "broken", None),
        ("break", "off", None),
        ("break", "on", "broken"),
        ("break", "broken", None),
    }


def test_a_campaign_has_exactly_the_statuses_of_its_table() -> None:
    assert set(campaign.MACHINE.statuses) == set(get_args(Status))
    assert set(campaign.MACHINE.triggers) == set(get_args(Trigger))


def test_a_sender_has_exactly_the_statuses_of_its_table() -> None:
    assert set(sender_state.MACHINE.statuses) == set(get_args(SenderStatus))
    assert set(sender_state.MACHINE.triggers) == set(get_args(SenderTrigger))


def test_a_lead_has_no_status_that_the_api_does_not_name() -> None:
    assert set(lead.MACHINE.statuses) <= set(get_args(LeadStatus))


def test_nothing_but_evidence_an_answer_a_decision_or_a_rollback_leads_out_of_a_terminal_status() -> None:
    out_of_the_end = {
        (arrow.trigger, arrow.source) for arrow in lead.MACHINE.arrows if arrow.source in lead.TERMINAL
    }
    assert out_of_the_end == {
        ("accept", "outcome_unknown"),
        ("bounce", "outcome_unknown"),
        ("bounce", "completed"),
        ("reopen", "outcome_unknown"),
        ("fail", "outcome_unknown"),
        ("invite", "outcome_unknown"),
        ("connect", "outcome_unknown"),
        ("write", "outcome_unknown"),
        ("reply", "outcome_unknown"),
        ("reply", "completed"),
        ("reply", "timed_out"),
        ("withdraw", "cancelled"),
    }


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_machine_follows_exactly_its_table(machine: StatusMachine[Any, Any]) -> None:
    table = {(arrow.trigger, arrow.source): arrow.target for arrow in machine.arrows}
    asked = {
        (trigger, status): machine.target(trigger, status)
        for trigger in machine.triggers
        for status in machine.statuses
    }
    assert {question: answer for question, answer in asked.items() if answer is not None} == table


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_status_can_be_reached(machine: StatusMachine[Any, Any]) -> None:
    reached = {machine.initial}
    while more := {a.target for a in machine.arrows if a.source in reached} - reached:
        reached |= more
    assert reached == set(machine.statuses)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_table_and_diagram_show_every_arrow(machine: StatusMachine[Any, Any]) -> None:
    for arrow in machine.arrows:
        assert f"| `{arrow.source}` | `{arrow.trigger}` | `{arrow.target}` |" in machine.table()
        assert f"    {arrow.source} --> {arrow.target}: {arrow.trigger}\n" in machine.mermaid() + "\n"


def test_the_readme_shows_the_machines_as_they_are() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert campaign.MACHINE.table() in readme
    assert f"```mermaid\n{campaign.MACHINE.mermaid()}\n```" in readme
    assert f"```mermaid\n{lead.MACHINE.mermaid()}\n```" in readme


def test_the_api_document_names_the_statuses_of_the_machine() -> None:
    document = (Path(__file__).parents[2] / "service" / "cli" / "api.json").read_text()
    schemas = json.loads(document)["components"]["schemas"]
    enums = [found for schema in schemas.values() for found in _enums(schema)]
    assert sorted(campaign.MACHINE.statuses) in [sorted(map(str, enum)) for enum in enums]


def _enums(schema: object) -> Iterator[list[object]]:
    if isinstance(schema, dict):
        if "enum" in schema:
            yield schema["enum"]
        for part in schema.values():
            yield from _enums(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _enums(part)
