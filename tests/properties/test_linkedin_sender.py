"""Laws of a LinkedIn account, whatever is found of it in whatever order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from domain.sender.decide import (
    Command,
    RecordConnected,
    RecordDisconnected,
    RecordNotVerified,
    decide,
)
from domain.sender.state import MACHINE, Sender, fold
from tests.domain.test_linkedin_sender import new_account
from tests.domain.test_sender import recorded
from tests.kit.senders import account_commands, account_lives


def live(life: list[Command]) -> list[Sender]:
    """All states of a life, the first one included."""
    states = [new_account()]
    for command in life:
        for event in decide(states[-1], command):
            evolved = fold([recorded(states[-1].version + 1, event)], states[-1])
            assert evolved is not None
            states.append(evolved)
    return states


@given(account_lives)
def test_an_account_is_connected_or_says_why_not(life: list[Command]) -> None:
    for account in live(life):
        assert account.status in ("connected", "disconnected", "error")
        assert (account.detail_id is None) == (account.status == "connected")


@given(account_lives)
def test_the_status_moves_only_along_the_arrows(life: list[Command]) -> None:
    arrows = {(arrow.source, arrow.target) for arrow in MACHINE.arrows}
    for before, after in pairwise(live(life)):
        assert before.status == after.status or (before.status, after.status) in arrows


@given(account_lives, account_commands)
def test_the_last_finding_counts(life: list[Command], command: Command) -> None:
    account = live([*life, command])[-1]
    if not account.removed:
        match command:
            case RecordConnected():
                assert account.status == "connected"
            case RecordDisconnected():
                assert account.status == "disconnected"
            case RecordNotVerified():
                assert account.status == "error"
            case _:
                assert account.weekly_connection_limit is not None
