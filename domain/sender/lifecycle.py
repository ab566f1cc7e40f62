"""How events move a sender account, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.lifecycle import Cause, Lifecycle
from domain.sender.events import (
    AccountDisconnected,
    AccountNotVerified,
    AccountVerified,
    InboxConfigured,
    InboxRejected,
    InboxVerified,
    SenderChanged,
    SenderConnected,
    SenderStatus,
    SenderTrigger,
    WarmupStatus,
)
from domain.sender.state import MACHINE

_BY_WARMUP: Final[Mapping[WarmupStatus, SenderTrigger]] = {
    "not_started": "reset",
    "warming": "warm",
    "active": "activate",
}
"""What the warm-up of a verified inbox makes of the account."""

LIFECYCLE: Final[Lifecycle[SenderStatus, SenderTrigger]] = Lifecycle(
    machine=MACHINE,
    births=(SenderConnected,),
    causes=(
        Cause(InboxConfigured, "reset"),
        Cause(InboxRejected, "fail"),
        *(
            Cause(event, trigger, given={"warmup_status": warmup, "inbox_verified": True})
            for event in (SenderChanged, InboxVerified)
            for warmup, trigger in _BY_WARMUP.items()
        ),
        Cause(AccountVerified, "connect"),
        Cause(AccountDisconnected, "disconnect"),
        Cause(AccountNotVerified, "fail"),
    ),
    marks={
        InboxConfigured: {"inbox_verified": False},
        InboxVerified: {"inbox_verified": True},
        InboxRejected: {"inbox_verified": False},
    },
)
