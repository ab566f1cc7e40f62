"""The campaign that the OpenAPI document shows in its examples."""

from __future__ import annotations

from typing import Any, Final

from domain.sending_status import SENTENCES
from domain.simulation import ASSUMPTIONS

_ID: Final = "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41"
_SENDER_ID: Final = "01939d3b-77a0-7d51-8c11-2f6a90b3e854"
_FIRST_NODE_ID: Final = "01939d3c-1b7f-7a92-b1c6-5d0e4f8a7b23"

_ACCOUNT: Final = {
    "id": _SENDER_ID,
    "type": "email",
    "display_name": "Ada Example",
    "email_address": "ada@example.com",
    "provider_account_id": None,
    "is_premium": None,
    "status": "active",
    "daily_limit": 30,
    "campaign_daily_limit": 20,
}
_STATS: Final = {
    "total": 250,
    "sent": 120,
    "replied": 0,
    "bounced": 2,
    "completed": 80,
    "timed_out": 0,
    "connection_sent": 0,
    "connected": 0,
    "message_sent": 0,
    "contacted": 120,
    "unsubscribed": 1,
    "failed": 0,
    "outcome_unknown": 0,
}
_CAMPAIGN: Final[dict[str, Any]] = {
    "id": _ID,
    "user_id": "01939d00-0000-7000-8000-000000000001",
    "type": "email",
    "name": "Spring offer",
    "status": "active",
    "daily_limit": 100,
    "stop_on_reply": True,
    "open_tracking": False,
    "signature": None,
    "skip_other_campaigns": True,
    "operating_hours": None,
    "pause_reason": None,
    "launch_at": None,
    "launched_at": "2030-01-31T09:00:00Z",
    "created_at": "2030-01-30T16:20:00Z",
    "updated_at": "2030-01-31T09:00:02Z",
    "version": 9,
    "sender_accounts": [_ACCOUNT],
    "stats": _STATS,
}


def with_status(status: str) -> dict[str, Any]:
    """The campaign in a status after its launch."""
    return _CAMPAIGN | {"status": status}


def _node(position: int, type_: str, id_: str, **fields: object) -> dict[str, Any]:
    bare = {"subject": None, "body": None, "is_reply": False, "include_message": False, "ai_node": False}
    delay = {"delay_days": 0, "delay_hours": 0, "delay_minutes": 0}
    return {"id": id_, "campaign_id": _ID, "position": position, "type": type_, **bare, **delay, **fields}


def _planned(day: str, sends: int, first_at: str, last_at: str) -> dict[str, Any]:
    who = {"sender_id": _SENDER_ID, "sender_name": "ada@example.com"}
    return {"day": day, **who, "sends": sends, "first_at": first_at, "last_at": last_at}


NODES: Final = [
    _node(
        0,
        "email",
        _FIRST_NODE_ID,
        subject="A question about {{company|your company}}",
        body="Hello {{first_name}}, …",
    ),
    _node(1, "delay", "01939d3c-2d10-7e4f-a0b8-61c2d3e4f506", delay_days=3),
    _node(
        2, "email", "01939d3c-3e21-7f60-91c9-72d3e4f50617", is_reply=True, body="Did you see my message, …"
    ),
    _node(3, "end", "01939d3c-1b80-7b03-82d7-83e4f5061728"),
]
SCHEDULED_AT: Final = "2030-02-01T08:00:00Z"
LISTED: Final = _CAMPAIGN | {"node_count": len(NODES)}
DRAFTED: Final = _CAMPAIGN | {
    "status": "draft",
    "launched_at": None,
    "stats": None,
    "sequence_nodes": [
        _node(0, "email", _FIRST_NODE_ID),
        _node(1, "end", "01939d3c-1b80-7b03-82d7-83e4f5061728"),
    ],
}
UNSCHEDULED: Final = _CAMPAIGN | {"status": "draft", "launched_at": None, "stats": None}
DETAIL: Final = {
    "campaign": _CAMPAIGN,
    "sequence_nodes": NODES,
    "prospects_by_status": {"pending": 127, "sent": 40, "completed": 80, "bounced": 2, "unsubscribed": 1},
    "prospects_by_node": {_FIRST_NODE_ID: 127, "01939d3c-3e21-7f60-91c9-72d3e4f50617": 40, "__none__": 83},
    "sends_by_node": {_FIRST_NODE_ID: 121, "01939d3c-3e21-7f60-91c9-72d3e4f50617": 80},
}
NEW: Final = {
    "type": "email",
    "name": "Spring offer",
    "sender_account_ids": [_SENDER_ID],
    "daily_limit": 100,
    "account_limits": [{"account_id": _SENDER_ID, "daily_limit": 20}],
    "operating_hours": {
        "timezone": "Europe/Berlin",
        "monday": {"start": "09:00", "end": "17:00"},
        "tuesday": {"start": "09:00", "end": "17:00"},
    },
    "skip_other_campaigns": True,
}
CHANGE: Final = {"name": "Summer offer", "daily_limit": 50, "operating_hours": None}
VALIDATION: Final = {
    "ready": False,
    "checks": {
        "is_draft": True,
        "has_sender_accounts": True,
        "sender_accounts_ready": False,
        "has_prospects": True,
        "prospect_count": 250,
        "has_sendable_nodes": True,
        "all_nodes_have_content": True,
    },
    "errors": [
        {
            "code": "sender-not-active",
            "message": "Sender ada@example.com is warming, not active: finish its warm-up and verify its inbox, "
            "or remove it from the campaign.",
            "sender_id": _SENDER_ID,
            "status": "warming",
            "email_address": "ada@example.com",
        }
    ],
    "warnings": [],
}
PLAN: Final = {
    "plan": {
        "starts_at": "2030-03-29T08:00:00Z",
        "ends_at": "2030-04-02T08:19:00Z",
        "total_sends": 80,
        "leads": 40,
        "complete": True,
        "days": [
            _planned("2030-03-29", 20, "2030-03-29T08:00:00Z", "2030-03-29T08:19:00Z"),
            _planned("2030-03-30", 20, "2030-03-30T08:00:00Z", "2030-03-30T08:19:00Z"),
            _planned("2030-04-01", 20, "2030-04-01T08:00:00Z", "2030-04-01T08:19:00Z"),
            _planned("2030-04-02", 20, "2030-04-02T08:00:00Z", "2030-04-02T08:19:00Z"),
        ],
        "blockers": [],
        "assumptions": list(ASSUMPTIONS),
    }
}

SENDING_STATUS: Final = {
    "sending_status": {
        "campaign_status": "active",
        "as_of": "2030-03-29T17:20:00Z",
        "senders": [
            {
                "sender_id": _SENDER_ID,
                "sender_name": "ada@example.com",
                "code": "out_of_hours",
                "message": SENTENCES["out_of_hours"],
                "next_at": "2030-04-01T08:00:00Z",
            }
        ],
    }
}
