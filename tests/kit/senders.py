"""Any command to a sender account, for mail or on LinkedIn: strategies for Hypothesis."""

from __future__ import annotations

from uuid import UUID

import msgspec
from hypothesis import strategies as st

from domain.sender.decide import (
    Change,
    Command,
    ConfigureInbox,
    RecordConnected,
    RecordDisconnected,
    RecordNotVerified,
    RecordRejected,
    RecordVerified,
    Remove,
)
from domain.sender.events import SenderChange
from domain.sender.limits import MAX_WEEKLY_LIMIT

few_ids = st.integers(1, 3).map(lambda number: UUID(int=number))
mail_commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(ConfigureInbox, few_ids),
    st.builds(RecordVerified, few_ids),
    st.builds(
        RecordRejected,
        inbox_id=few_ids,
        occasion=st.sampled_from(("verification", "sending")),
        detail_id=few_ids,
    ),
    st.builds(
        lambda limit, warmup: Change(SenderChange(daily_limit=limit, warmup_status=warmup)),
        st.integers(1, 500) | st.just(msgspec.UNSET),
        st.sampled_from(("not_started", "warming", "active", msgspec.UNSET)),
    ),
)
mail_lives = st.lists(mail_commands | st.just(Remove()), max_size=20)
warmups = st.sampled_from(("not_started", "warming", "active"))

account_commands: st.SearchStrategy[Command] = st.one_of(
    st.just(RecordConnected()),
    st.builds(RecordNotVerified, few_ids),
    st.builds(
        RecordDisconnected,
        occasion=st.sampled_from(("verification", "launch", "sending", "notice")),
        detail_id=few_ids,
    ),
    st.builds(
        lambda limit: Change(SenderChange(weekly_connection_limit=limit)), st.integers(1, MAX_WEEKLY_LIMIT)
    ),
)
account_lives = st.lists(account_commands | st.just(Remove()), max_size=20)
