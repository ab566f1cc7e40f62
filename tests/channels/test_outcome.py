"""The laws of what a reply may be taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.channels.outcome import (
    Accepted,
    CommandStage,
    Deferred,
    Refused,
    SenderRefused,
    Unknown,
    enhanced_status,
    judge_command,
    judge_message,
)

CODES = st.integers(0, 999)
COMMANDS = st.sampled_from(["sender", "recipient", "data"])


@given(code=CODES, reply=st.text(max_size=40))
def test_only_a_2xx_to_the_message_is_accepted_and_only_a_5xx_is_final(code: int, reply: str) -> None:
    expected = {2: Accepted, 4: Deferred, 5: SenderRefused if code in (530, 534, 535, 538) else Refused}

    assert isinstance(judge_message(code, reply), expected.get(code // 100, Unknown))


@given(stage=COMMANDS, code=CODES, reply=st.text(max_size=40))
def test_before_the_message_nothing_is_accepted_or_unknown(
    stage: CommandStage, code: int, reply: str
) -> None:
    outcome = judge_command(stage, code, reply)

    assert not isinstance(outcome, Accepted | Unknown)
    assert (outcome is None) == (code // 100 == (3 if stage == "data" else 2))
    assert isinstance(outcome, Refused | SenderRefused) == (code // 100 == 5)


@given(code=CODES, reply=st.text(max_size=40))
def test_no_recipient_is_blamed_for_what_the_server_says_of_the_sender(code: int, reply: str) -> None:
    assert not isinstance(judge_command("sender", code, reply), Refused)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("5.1.1 <a@b> unknown", "5.1.1"),
        ("4.7.650", "4.7.650"),
        ("5.1.1\nsecond line", "5.1.1"),
        ("mailbox 5.1.1 unknown", None),
        ("5.1.1234 no", None),
        ("192.0.2.1 is blocked", None),
        ("", None),
    ],
)
def test_the_enhanced_status_is_read_where_it_must_stand(reply: str, status: str | None) -> None:
    assert enhanced_status(reply) == status
