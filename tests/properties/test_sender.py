"""Laws of the sender account, whatever happens to it in whatever order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.sender.decide import Command, ConfigureInbox, RecordRejected, Remove, decide
from domain.sender.events import SenderStatus, WarmupStatus
from domain.sender.state import MACHINE, Sender, fold
from tests.domain.test_sender import new_sender, recorded
from tests.kit.senders import mail_commands, mail_lives, warmups


def live(warmup: WarmupStatus, life: list[Command]) -> list[Sender]:
    """All states of a life, the first one included."""
    states = [new_sender(warmup)]
    for command in life:
        for event in decide(states[-1], command):
            states.append(_evolved(states[-1], event))
    return states


def _evolved(sender: Sender, event: Event) -> Sender:
    evolved = fold([recorded(sender.version + 1, event)], sender)
    assert evolved is not None
    return evolved


@given(warmups, mail_lives)
def test_a_sender_sends_exactly_when_its_inbox_is_verified_and_warmed_up(
    warmup: WarmupStatus, life: list[Command]
) -> None:
    by_warmup: dict[WarmupStatus, SenderStatus] = {
        "not_started": "pending",
        "warming": "warming",
        "active": "active",
    }
    for sender in live(warmup, life):
        if sender.inbox_verified:
            assert sender.status == by_warmup[sender.warmup_status]
            assert sender.inbox_id is not None
        else:
            assert sender.status == ("pending" if sender.detail_id is None else "error")


@given(warmups, mail_lives)
def test_the_status_moves_only_along_the_arrows(warmup: WarmupStatus, life: list[Command]) -> None:
    arrows = {(arrow.source, arrow.target) for arrow in MACHINE.arrows}
    states = live(warmup, life)
    for before, after in pairwise(states):
        assert before.status == after.status or (before.status, after.status) in arrows


@given(warmups, mail_lives, mail_commands | st.just(Remove()))
def test_a_command_that_sets_something_changes_nothing_the_second_time(
    warmup: WarmupStatus, life: list[Command], command: Command
) -> None:
    if not isinstance(command, ConfigureInbox | RecordRejected):
        assert decide(live(warmup, [*life, command])[-1], command) == ()


@given(warmups, mail_lives)
def test_nothing_happens_after_the_removal(warmup: WarmupStatus, life: list[Command]) -> None:
    states = live(warmup, [*life, Remove(), *life])
    assert [sender.removed for sender in states].count(True) == 1
    assert states[-1].removed
