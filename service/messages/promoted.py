"""What a lead is sent for a node: words that were written for it, or else the node's template, filled in.

Nothing is copied at a launch: once a campaign is launched its drafts don't change any more, and those by ``ai`` and
``manual`` ones are what is sent. So a rollback has nothing to restore.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.message_draft import Place
from domain.refusal import Refusal
from domain.sequence import Node
from service.database.pool import Connection
from service.database.statements import statements
from service.texts import NodeWords, Opened, filled

_queries: Any = statements(Path(__file__).with_name("table.sql"))

Promoted: TypeAlias = Mapping[Place, UUID]
"""By lead and node the document that is sent in place of the node's template."""


class Recipient(Struct, frozen=True):
    """A lead of a campaign."""

    workspace_id: UUID
    campaign_id: UUID
    lead_id: UUID


class MissingDraft(Refusal):
    """The node's text is a prompt, and no text was written for this lead."""

    def __init__(self) -> None:
        super().__init__("missing-draft", "No text was written for this lead and node.")


async def promoted(connection: Connection, recipients: Iterable[Recipient]) -> Promoted:
    """The drafts that the recipients are sent, for whatever node."""
    known = list(recipients)
    rows = _queries.promoted(
        connection,
        workspaces=[recipient.workspace_id for recipient in known],
        campaigns=[recipient.campaign_id for recipient in known],
        leads=[recipient.lead_id for recipient in known],
    )
    return {(row["lead_id"], row["node_id"]): row["document_id"] async for row in rows}


def words_for(
    lead_id: UUID,
    node: Node,
    drafts: Promoted,
    values: Mapping[str, str],
    documents: Opened,
) -> NodeWords:
    """What the lead is sent for the node; a draft as it stands, whatever looks like a variable in it.

    Raises ``MissingDraft``, and ``templating.Unresolved``.
    """
    draft = drafts.get((lead_id, node.id))
    if draft is not None:
        return documents.document(draft, NodeWords)
    if node.is_prompt:
        raise MissingDraft
    return filled(documents.node(node), values)
