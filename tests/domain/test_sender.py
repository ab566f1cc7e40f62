"""Examples of a sender account's life: connected, verified, warmed up, in error, removed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain import streams
from domain.event import Event, Recorded
from domain.refusal import Invalid
from domain.sender.decide import (
    Change,
    Command,
    ConfigureInbox,
    Connect,
    RecordRejected,
    RecordVerified,
    Remove,
    connect,
    decide,
)
from domain.sender.events import (
    InboxConfigured,
    InboxRejected,
    InboxVerified,
    SenderChange,
    SenderChanged,
    SenderRemoved,
    WarmupStatus,
)
from domain.sender.state import Sender, fold

SENDER_ID, PROFILE, INBOX, OTHER_INBOX, WORDS = (UUID(int=number) for number in range(1, 6))
AT = datetime(2030, 1, 31, 9, tzinfo=UTC)


def recorded(version: int, event: Event) -> Recorded:
    return Recorded(
        position=version,
        workspace_id=UUID(int=9),
        stream=streams.sender(SENDER_ID),
        version=version,
        event_id=UUID(int=version),
        recorded_at=AT,
        actor="test",
        correlation_id=UUID(int=9),
        causation_id=None,
        epoch=None,
        event=event,
    )


def new_sender(warmup: WarmupStatus = "not_started") -> Sender:
    command = Connect(
        sender_id=SENDER_ID,
        channel="email",
        profile_id=PROFILE,
        address_digest=UUID(int=8),
        warmup_status=warmup,
    )
    sender = fold(recorded(1, event) for event in connect(command))
    assert sender is not None
    return sender


def after(sender: Sender, *commands: Command) -> Sender:
    for command in commands:
        for event in decide(sender, command):
            evolved = fold([recorded(sender.version + 1, event)], sender)
            assert evolved is not None
            sender = evolved
    return sender


def rejected(inbox_id: UUID = INBOX) -> RecordRejected:
    return RecordRejected(inbox_id=inbox_id, occasion="verification", detail_id=WORDS)


def refused_while_sending(inbox_id: UUID = INBOX) -> RecordRejected:
    return RecordRejected(inbox_id=inbox_id, occasion="sending", detail_id=WORDS)


def warmed_up(status: WarmupStatus) -> Change:
    return Change(SenderChange(warmup_status=status))


def test_a_sender_begins_pending_with_the_default_limit() -> None:
    sender = new_sender()
    assert (sender.status, sender.daily_limit, sender.inbox_id) == ("pending", 30, None)
    assert (sender.id, sender.profile_id, sender.address_digest) == (SENDER_ID, PROFILE, UUID(int=8))
    assert (sender.version, sender.created_at, sender.updated_at) == (1, AT, AT)


@pytest.mark.parametrize("limit", [0, 501, -1])
def test_a_limit_out_of_range_is_refused_from_the_start_and_later(limit: int) -> None:
    with pytest.raises(Invalid):
        connect(
            Connect(
                sender_id=SENDER_ID,
                channel="email",
                profile_id=PROFILE,
                address_digest=PROFILE,
                daily_limit=limit,
            )
        )
    with pytest.raises(Invalid) as refusal:
        decide(new_sender(), Change(SenderChange(daily_limit=limit)))
    assert [error.path for error in refusal.value.errors] == ["daily_limit"]


@pytest.mark.parametrize(
    ("warmup", "status"), [("not_started", "pending"), ("warming", "warming"), ("active", "active")]
)
def test_a_verified_inbox_and_the_warm_up_add_up_to_the_status(warmup: WarmupStatus, status: str) -> None:
    verified = after(new_sender(), ConfigureInbox(INBOX), RecordVerified(INBOX))
    assert after(verified, warmed_up(warmup)).status == status


def test_warming_up_alone_makes_no_sender_ready() -> None:
    assert after(new_sender(), warmed_up("active")).status == "pending"


def test_an_inbox_warmed_elsewhere_is_active_once_it_is_verified() -> None:
    configured = after(new_sender("active"), ConfigureInbox(INBOX))
    assert configured.status == "pending"
    assert after(configured, RecordVerified(INBOX)).status == "active"


def test_a_failed_verification_is_an_error_until_one_succeeds() -> None:
    failed = after(new_sender("active"), ConfigureInbox(INBOX), rejected())
    assert (failed.status, failed.detail_id, failed.inbox_verified) == ("error", WORDS, False)
    assert after(failed, warmed_up("warming"), warmed_up("active")).status == "error"
    repaired = after(failed, RecordVerified(INBOX))
    assert (repaired.status, repaired.detail_id) == ("active", None)


def test_a_failed_verification_of_what_is_not_warmed_up_leads_back_to_pending() -> None:
    failed = after(new_sender(), ConfigureInbox(INBOX), rejected())
    assert after(failed, RecordVerified(INBOX)).status == "pending"


def test_another_inbox_must_be_verified_anew() -> None:
    active = after(new_sender("active"), ConfigureInbox(INBOX), RecordVerified(INBOX))
    changed = after(active, ConfigureInbox(OTHER_INBOX))
    assert (changed.status, changed.inbox_verified) == ("pending", False)


def test_what_was_found_of_an_inbox_that_was_replaced_meanwhile_counts_for_nothing() -> None:
    replaced = after(new_sender("active"), ConfigureInbox(INBOX), ConfigureInbox(OTHER_INBOX))
    for late in (RecordVerified(INBOX), rejected(INBOX), refused_while_sending(INBOX)):
        assert decide(replaced, late) == ()


def test_a_sender_without_an_inbox_can_not_be_verified() -> None:
    assert decide(new_sender("active"), RecordVerified(INBOX)) == ()


def test_an_inbox_that_refuses_to_send_must_be_verified_anew() -> None:
    active = after(new_sender("active"), ConfigureInbox(INBOX), RecordVerified(INBOX))
    refused = after(active, refused_while_sending())
    assert (refused.status, refused.inbox_verified, refused.detail_id) == ("error", False, WORDS)
    assert after(refused, warmed_up("warming")).status == "error"
    assert after(refused, ConfigureInbox(OTHER_INBOX)).detail_id is None


def test_sends_refused_alike_tell_it_once() -> None:
    active = after(new_sender("active"), ConfigureInbox(INBOX), RecordVerified(INBOX))
    told = InboxRejected(occasion="sending", detail_id=WORDS)
    assert decide(active, refused_while_sending()) == (told,)
    assert decide(after(active, refused_while_sending()), refused_while_sending()) == ()


def test_a_repeated_verification_tells_the_latest_words() -> None:
    failed = after(new_sender(), ConfigureInbox(INBOX), rejected())
    latest = UUID(int=77)
    again = RecordRejected(inbox_id=INBOX, occasion="verification", detail_id=latest)
    assert after(failed, again).detail_id == latest


def test_commands_that_change_nothing_answer_no_events() -> None:
    sender = after(new_sender("active"), ConfigureInbox(INBOX), RecordVerified(INBOX))
    same = SenderChange(profile_id=PROFILE, daily_limit=30, warmup_status="active")
    assert decide(sender, Change(same)) == ()
    assert decide(sender, Change(SenderChange())) == ()
    assert decide(sender, RecordVerified(INBOX)) == ()


def test_only_what_really_changes_is_recorded() -> None:
    [event] = decide(new_sender(), Change(SenderChange(daily_limit=31, profile_id=PROFILE)))
    assert event == SenderChanged(change=SenderChange(daily_limit=31))


def test_a_removed_sender_changes_no_more() -> None:
    removed = after(new_sender(), ConfigureInbox(INBOX), Remove())
    assert removed.removed
    commands: list[Command] = [Remove(), warmed_up("active"), ConfigureInbox(INBOX), RecordVerified(INBOX)]
    assert [decide(removed, command) for command in commands] == [()] * len(commands)


def test_a_history_without_a_beginning_is_no_sender() -> None:
    assert fold([recorded(1, InboxVerified()), recorded(2, SenderRemoved())]) is None


def test_an_event_of_another_aggregate_changes_nothing_but_the_version_and_the_time() -> None:
    sender = replace(new_sender(), updated_at=datetime(2030, 1, 1, tzinfo=UTC))
    evolved = fold([recorded(2, InboxConfigured(inbox_id=INBOX)), recorded(3, Event())], sender)
    assert evolved is not None
    assert (evolved.inbox_id, evolved.version, evolved.updated_at) == (INBOX, 3, AT)
