"""Examples of a LinkedIn account's life: connected, disconnected, in error, and how much it may send."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.refusal import Invalid
from domain.sender.decide import (
    Change,
    Command,
    ConfigureInbox,
    Connect,
    RecordConnected,
    RecordDisconnected,
    RecordNotVerified,
    Remove,
    connect,
    decide,
    found,
)
from domain.sender.events import AccountDisconnected, AccountVerified, SenderChange, SenderConnected
from domain.sender.state import Sender, fold
from service.store.codec import Codec
from tests.domain.test_sender import INBOX, PROFILE, SENDER_ID, WORDS, after, new_sender, recorded


def born(is_premium: bool = False, *, connections: int | None = None, messages: int | None = None) -> Connect:
    return Connect(
        sender_id=SENDER_ID,
        channel="linkedin",
        profile_id=PROFILE,
        address_digest=UUID(int=8),
        is_premium=is_premium,
        weekly_connection_limit=connections,
        weekly_message_limit=messages,
    )


def new_account(*, is_premium: bool = False) -> Sender:
    events = (*connect(born(is_premium)), found(RecordConnected()))
    account = fold(recorded(version, event) for version, event in enumerate(events, 1))
    assert account is not None
    return account


def gone(occasion: str = "sending") -> RecordDisconnected:
    return RecordDisconnected(occasion=occasion, detail_id=WORDS)  # type: ignore[arg-type]


@pytest.mark.parametrize(("is_premium", "limits"), [(False, (80, 100)), (True, (100, 150))])
def test_an_account_begins_with_the_limits_of_its_subscription(
    is_premium: bool, limits: tuple[int, int]
) -> None:
    account = new_account(is_premium=is_premium)
    assert (account.weekly_connection_limit, account.weekly_message_limit) == limits
    assert account.weekly_limits == {"connection_request": limits[0], "message": limits[1]}
    assert (account.status, account.is_premium, account.daily_limit) == ("connected", is_premium, 30)


def test_limits_that_are_given_are_kept() -> None:
    [event] = connect(born(connections=1, messages=1000))
    assert isinstance(event, SenderConnected)
    assert (event.weekly_connection_limit, event.weekly_message_limit) == (1, 1000)


@pytest.mark.parametrize("limit", [0, 1001, -5])
def test_a_weekly_limit_out_of_range_is_refused_from_the_start_and_later(limit: int) -> None:
    with pytest.raises(Invalid) as refusal:
        connect(born(connections=limit, messages=limit))
    names = ["weekly_connection_limit", "weekly_message_limit"]
    assert [error.path for error in refusal.value.errors] == names
    with pytest.raises(Invalid):
        decide(new_account(), Change(SenderChange(weekly_message_limit=limit)))


def test_the_status_follows_what_the_provider_says() -> None:
    account = new_account()
    for command, status in (
        (gone("verification"), "disconnected"),
        (RecordNotVerified(WORDS), "error"),
        (gone("launch"), "disconnected"),
        (RecordConnected(), "connected"),
        (RecordNotVerified(WORDS), "error"),
        (RecordConnected(), "connected"),
    ):
        account = after(account, command)
        assert account.status == status
        assert (account.detail_id is None) == (status == "connected")


def test_a_disconnection_is_told_with_its_occasion_and_its_words() -> None:
    told = AccountDisconnected(occasion="launch", detail_id=WORDS)
    assert decide(new_account(), gone("launch")) == (told,)


@pytest.mark.parametrize("occasion", ["sending", "notice", "launch"])
def test_a_disconnection_is_told_once(occasion: str) -> None:
    account = after(new_account(), gone(occasion))
    assert decide(account, gone(occasion)) == ()
    [latest] = decide(account, gone("verification"))
    assert isinstance(latest, AccountDisconnected)


def test_an_account_that_works_is_told_once() -> None:
    assert decide(new_account(), RecordConnected()) == ()
    assert decide(after(new_account(), gone()), RecordConnected()) == (AccountVerified(),)


def test_what_only_the_other_channel_has_is_refused() -> None:
    for sender, change, field in (
        (new_account(), SenderChange(warmup_status="active"), "warmup_status"),
        (new_sender(), SenderChange(weekly_connection_limit=5), "weekly_connection_limit"),
    ):
        with pytest.raises(Invalid) as refusal:
            decide(sender, Change(change))
        assert [error.path for error in refusal.value.errors] == [field]


def test_nothing_about_an_account_counts_for_a_mailbox() -> None:
    commands: list[Command] = [gone(), RecordConnected(), RecordNotVerified(WORDS)]
    mailbox = after(new_sender("active"), ConfigureInbox(INBOX))
    assert mailbox.weekly_limits == {}
    assert [decide(mailbox, command) for command in commands] == [()] * 3


def test_a_removed_account_changes_no_more() -> None:
    removed = after(new_account(), Remove())
    assert [decide(removed, command) for command in (gone(), RecordConnected())] == [(), ()]


def test_an_account_connected_before_there_were_weekly_limits_is_still_read() -> None:
    stored = (
        '{"sender_id":"00000000-0000-0000-0000-000000000001","channel":"email",'
        '"profile_id":"00000000-0000-0000-0000-000000000002",'
        '"address_digest":"00000000-0000-0000-0000-000000000008","daily_limit":30,"warmup_status":"active"}'
    )
    event = Codec([SenderConnected]).decode("sender-connected", 1, stored)
    assert isinstance(event, SenderConnected)
    assert (event.is_premium, event.weekly_connection_limit, event.weekly_message_limit) == (
        False,
        None,
        None,
    )
