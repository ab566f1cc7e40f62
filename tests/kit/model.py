"""The status machines once more, as the contract tells them: small enough to read in a minute.

The domain's own tables are not looked at here. A test holds the two against each other; everything else in the kit
judges by these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Machine = Mapping[str, Mapping[str, str]]
"""For each status, where each trigger leads; a trigger that is missing is refused."""

CAMPAIGN: Final[Machine] = {
    "draft": {"launch": "launching", "archive": "archived"},
    "launching": {"activate": "active", "roll_back": "draft", "expire": "draft"},
    "active": {"pause": "paused", "complete": "completed", "stop": "stopped"},
    "paused": {"resume": "active", "stop": "stopped"},
    "completed": {"archive": "archived"},
    "stopped": {"archive": "archived"},
    "archived": {},
}

# Whoever is under way may answer, or be left alone from now on.
_HEARD: Final = {"reply": "replied", "unsubscribe": "unsubscribed", "cancel": "cancelled"}
# What can become of a send; an invitation is no send here: whether it was made is looked up.
_MAILED: Final = {"accept": "sent", "bounce": "bounced", "fail": "failed", "lose": "outcome_unknown"}
_WRITTEN: Final = {"write": "message_sent", "fail": "failed", "lose": "outcome_unknown"}
_INVITED: Final = {"invite": "connection_sent", "connect": "connected"}
_DONE: Final = {"finish": "completed"}

LEAD: Final[Machine] = {
    "pending": {**_HEARD, **_MAILED, **_WRITTEN, **_INVITED},
    "sent": {**_HEARD, **_MAILED, **_DONE},
    "connection_sent": {**_HEARD, "connect": "connected", "time_out": "timed_out"},
    "connected": {**_HEARD, **_WRITTEN, **_DONE},
    "message_sent": {**_HEARD, **_WRITTEN, **_DONE},
    # The ends. A late answer counts, so does a mail that comes back; evidence settles what was unknown, and so may a
    # person; a rollback takes a skip back.
    "completed": {"reply": "replied", "bounce": "bounced"},
    "timed_out": {"reply": "replied"},
    "outcome_unknown": {
        "reopen": "pending",
        "reply": "replied",
        "accept": "sent",
        "bounce": "bounced",
        "fail": "failed",
        "write": "message_sent",
        **_INVITED,
    },
    "cancelled": {"withdraw": "pending"},
    "replied": {},
    "bounced": {},
    "unsubscribed": {},
    "failed": {},
}


def leads_to(machine: Machine, source: str, target: str) -> bool:
    """Whether one step may take a thing from ``source`` to ``target``; to stay is no step."""
    return source == target or target in machine[source].values()
