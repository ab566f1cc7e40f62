"""What older versions of events are today."""

from __future__ import annotations

from domain.upcasters import UPCASTERS, with_action, without_evidence


def test_before_there_was_linkedin_every_action_was_a_mail() -> None:
    assert with_action({"attempt": 1}) == {"attempt": 1, "action": "email"}
    assert with_action({"action": "message"}) == {"action": "message"}


def test_before_there_was_a_guard_no_pause_had_evidence() -> None:
    assert without_evidence({"reason": "requested"}) == {"reason": "requested", "evidence": None}


def test_each_step_starts_from_its_own_version() -> None:
    steps = [(upcaster.type, upcaster.from_version) for upcaster in UPCASTERS]
    assert steps == [("send-intended", 1), ("lead-next-action-planned", 1), ("campaign-paused", 1)]
