"""``/api/campaigns/{id}/sequence/nodes``: the sequence of a draft, node by node."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from litestar import Response, delete, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.campaign.state import Campaign
from service.access import Scope
from service.campaigns.drafting import Drafting
from service.campaigns.drafts import NewNode, NodeChange, Position
from service.campaigns.reading import CampaignReading
from service.campaigns.views import SequenceNode
from service.http import campaign_examples as examples
from service.http.acting import acting
from service.http.operations import operation
from service.http.preconditions import IfMatch, precondition
from service.http.requests import ApiRequest
from service.http.versions import VERSIONED, versioned

_PATH: Final = "/campaigns/{campaign_id:uuid}/sequence/nodes"
_PROBLEMS: Final = (
    "version-mismatch",
    "invalid-if-match",
    "campaign-not-draft",
    "launch-scheduled",
    "campaign-changed",
)
_ANSWER: Final = {"sequence_nodes": examples.NODES}


class MoveNode(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Which node, and the position it is to have; the nodes between move up."""

    node_id: UUID
    to_position: Position


class RemoveNode(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Which node."""

    node_id: UUID


class Sequence(Struct, frozen=True):
    """The whole sequence, in order."""

    sequence_nodes: list[SequenceNode]


@post(
    _PATH,
    **VERSIONED,
    **operation(
        "sequence-node.create",
        Scope.CAMPAIGNS_WRITE,
        problems=_PROBLEMS,
        request={"type": "delay", "delay_days": 3, "position": 1},
        answer=_ANSWER,
    ),
)
async def insert_node(
    request: ApiRequest,
    drafting: NamedDependency[Drafting],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    data: JSONBody[NewNode],
    if_match: IfMatch = None,
) -> Response[Sequence]:
    """Insert a node into the sequence of a draft, at a position or before the end."""
    expect = precondition(if_match).require
    campaign = await drafting.insert_node(acting(request), campaign_id, data, expect)
    return await _sequence(request, campaign_reading, campaign)


@patch(
    _PATH,
    **VERSIONED,
    **operation(
        "sequence-node.move",
        Scope.CAMPAIGNS_WRITE,
        problems=[*_PROBLEMS, "node-not-found"],
        request={"nodeId": examples.NODES[0]["id"], "toPosition": 1},
        answer=_ANSWER,
    ),
)
async def move_node(
    request: ApiRequest,
    drafting: NamedDependency[Drafting],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    data: JSONBody[MoveNode],
    if_match: IfMatch = None,
) -> Response[Sequence]:
    """Move a node of a draft's sequence to another position. The end stays last."""
    expect = precondition(if_match).require
    campaign = await drafting.move_node(acting(request), campaign_id, data.node_id, data.to_position, expect)
    return await _sequence(request, campaign_reading, campaign)


@put(
    f"{_PATH}/{{node_id:uuid}}",
    **VERSIONED,
    **operation(
        "sequence-node.update",
        Scope.CAMPAIGNS_WRITE,
        problems=[*_PROBLEMS, "node-not-found"],
        request={"subject": "A question about {{company|your company}}", "body": "Hello {{first_name}}, …"},
        answer=_ANSWER,
    ),
)
async def edit_node(
    request: ApiRequest,
    drafting: NamedDependency[Drafting],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    node_id: FromPath[UUID],
    data: JSONBody[NodeChange],
    if_match: IfMatch = None,
) -> Response[Sequence]:
    """Edit a node of a draft's sequence. What is left out stays as it is."""
    expect = precondition(if_match).require
    campaign = await drafting.edit_node(acting(request), campaign_id, node_id, data, expect)
    return await _sequence(request, campaign_reading, campaign)


@delete(
    _PATH,
    status_code=200,
    **VERSIONED,
    **operation(
        "sequence-node.delete",
        Scope.CAMPAIGNS_WRITE,
        problems=[*_PROBLEMS, "node-not-found"],
        request={"nodeId": examples.NODES[0]["id"]},
        answer=_ANSWER,
    ),
)
async def remove_node(
    request: ApiRequest,
    drafting: NamedDependency[Drafting],
    campaign_reading: NamedDependency[CampaignReading],
    campaign_id: FromPath[UUID],
    data: JSONBody[RemoveNode],
    if_match: IfMatch = None,
) -> Response[Sequence]:
    """Take a node out of a draft's sequence. The end can't be removed."""
    expect = precondition(if_match).require
    campaign = await drafting.remove_node(acting(request), campaign_id, data.node_id, expect)
    return await _sequence(request, campaign_reading, campaign)


sequence_routes: Final[list[ControllerRouterHandler]] = [insert_node, move_node, edit_node, remove_node]


async def _sequence(request: ApiRequest, reading: CampaignReading, campaign: Campaign) -> Response[Sequence]:
    nodes = await reading.nodes(request.caller.workspace_id, campaign)
    return versioned(Sequence(nodes), campaign.version)
