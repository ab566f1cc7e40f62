"""Where an answer leads: the links of the OpenAPI document, from the ids in it to the operations that take them.

For each operation the operations to go on with, and where each of their parameters is found (OpenAPI 3.1, runtime
expressions).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

Links: TypeAlias = Mapping[str, Mapping[str, str]]

_WITH_A_CAMPAIGN: Final = (
    *("campaign.get", "campaign.update", "campaign.delete", "campaign.senders", "campaign.validate"),
    *("campaign.plan", "campaign.launch", "campaign.unschedule", "campaign.sending-status"),
    *("campaign.sync-stats", "campaign.archive", "campaign.events", "campaign.diff"),
    *("lead.list", "lead.create", "lead.import", "lead.update", "lead.delete"),
    *("sequence-node.create", "sequence-node.move", "sequence-node.delete"),
    *("message.list", "message.generate", "message.update"),
)
_SAME_CAMPAIGN: Final = {"campaign_id": "$request.path.campaign_id"}
_SENDER: Final = {"sender_id": "$response.body#/sender/id"}

LINKS: Final[Mapping[str, Links]] = {
    "campaign.create": {
        **{target: {"campaign_id": "$response.body#/campaign/id"} for target in _WITH_A_CAMPAIGN},
        "sequence-node.update": {
            "campaign_id": "$response.body#/campaign/id",
            "node_id": "$response.body#/campaign/sequence_nodes/0/id",
        },
    },
    "campaign.list": {"campaign.get": {"campaign_id": "$response.body#/campaigns/0/id"}},
    "campaign.launch": {
        "run.get": {"run_id": "$response.body#/runId"},
        "campaign.get": _SAME_CAMPAIGN,
        "campaign.pause": _SAME_CAMPAIGN,
        "campaign.stop": _SAME_CAMPAIGN,
        "campaign.unschedule": _SAME_CAMPAIGN,
    },
    "campaign.pause": {"campaign.resume": _SAME_CAMPAIGN, "campaign.stop": _SAME_CAMPAIGN},
    "campaign.stop": {"campaign.archive": _SAME_CAMPAIGN},
    "lead.create": {"lead.list": _SAME_CAMPAIGN, "campaign.launch": _SAME_CAMPAIGN},
    "lead.list": {"lead.history": {**_SAME_CAMPAIGN, "lead_id": "$response.body#/prospects/0/id"}},
    "sender.create": dict.fromkeys(
        ("sender.get", "sender.update", "sender.verify", "sender.delete"), _SENDER
    ),
    "suppression.list": {"suppression.delete": {"suppression_id": "$response.body#/suppressions/0/id"}},
    "event.list": {"event.explain": {"event_id": "$response.body#/events/0/id"}},
    "key.create": {"key.delete": {"key_id": "$response.body#/key/id"}},
}
