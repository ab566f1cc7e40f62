"""How events move a lead, and what they mean for its sends, as data.

An event of a roster moves each lead it names. Most of them are recorded also of a lead that has ended (one that
unsubscribed, say, while it was being sent to), and then move nothing: they are not ``required``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from domain.event import Event
from domain.lead.events import (
    ConnectionAccepted,
    ConnectionTimedOut,
    InvitationSpared,
    LeadCompleted,
    LeadReplied,
    LeadsCancelled,
    LeadsImported,
    LeadsRemoved,
    LeadsSkipped,
    LeadStatus,
    LeadSuppressed,
    LeadsWithdrawn,
    LeadUnsubscribed,
    MailBounced,
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendInDoubt,
    SendIntended,
    SendOutcomeUnknown,
    SendRefused,
    SendResolved,
)
from domain.lead.state import MACHINE, LeadTrigger
from domain.lifecycle import Cause, Lifecycle

SendEffect = Literal["intend", "deliver", "defer", "end", "lose"]
"""``intend`` opens a send, ``deliver`` closes it as sent, ``end`` unsent; ``defer`` and ``lose`` leave it open."""

LIFECYCLE: Final[Lifecycle[LeadStatus, LeadTrigger]] = Lifecycle(
    machine=MACHINE,
    births=(LeadsImported,),
    deaths=(LeadsRemoved,),
    causes=(
        Cause(LeadsSkipped, "cancel"),
        Cause(LeadsWithdrawn, "withdraw"),
        Cause(LeadsCancelled, "cancel"),
        Cause(SendAccepted, "invite", given={"action": "connection_request"}),
        Cause(SendAccepted, "write", given={"action": "message"}),
        Cause(SendAccepted, "accept"),
        Cause(SendRefused, "bounce"),
        Cause(SendFailed, "fail"),
        Cause(SendOutcomeUnknown, "lose"),
        Cause(SendResolved, "reopen", given={"resolution": "not_sent"}, required=True),
        Cause(MailBounced, "bounce", required=True),
        Cause(ConnectionAccepted, "connect"),
        Cause(ConnectionTimedOut, "time_out"),
        Cause(LeadReplied, "reply", given={"stops": True}),
        Cause(LeadCompleted, "finish"),
        Cause(LeadUnsubscribed, "unsubscribe", required=True),
        Cause(LeadSuppressed, "cancel", required=True),
    ),
)
SENDS: Final[Mapping[type[Event], SendEffect]] = {
    SendIntended: "intend",
    SendAccepted: "deliver",
    SendDeferred: "defer",
    SendRefused: "end",
    SendFailed: "end",
    SendOutcomeUnknown: "lose",
    SendInDoubt: "lose",
    InvitationSpared: "end",
}
