"""The texts of a campaign: sealed in the vault when they are written, opened when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from msgspec import Struct

from domain.campaign.events import TextRef
from domain.campaign.state import Campaign
from domain.sequence import NodeText, describe_text
from service.database.pool import Connection
from service.ids import new_id
from service.texts import NodeWords, Words, pack
from service.vault import Document, Vault


class Manuscript:
    """The texts of one write. What the campaign says already keeps its document; the rest is sealed at the end."""

    def __init__(
        self, vault: Vault, workspace_id: UUID, campaign_id: UUID, before: Campaign | None = None
    ) -> None:
        """``before`` is the campaign as it is, if it is."""
        self._vault = vault
        self._workspace_id = workspace_id
        self._campaign_id = campaign_id
        self._known: dict[str, UUID] = {} if before is None else dict(_documents_by_digest(before))
        self._new: list[Document] = []

    def words(self, text: str) -> TextRef:
        """What the log says of a name or a signature."""
        return TextRef(*self._place(Words(text)))

    def node(self, subject: str | None, body: str | None) -> NodeText | None:
        """What the log says of a node's text; None when there is nothing but blanks."""
        words = NodeWords(subject or "", body or "")
        if not (words.subject.strip() or words.body.strip()):
            return None
        return describe_text(*self._place(words), words.subject, words.body)

    async def seal(self, connection: Connection) -> None:
        """Keep the new texts, in the caller's transaction."""
        await self._vault.seal_many(connection, self._workspace_id, self._new)

    def _place(self, words: Struct) -> tuple[UUID, str]:
        """The document of a text, and the digest of its content."""
        data = pack(words)
        digest = self._vault.content_digest(self._workspace_id, data)
        if digest not in self._known:
            self._known[digest] = new_id()
            self._new.append(Document(self._campaign_id, self._known[digest], data))
        return self._known[digest], digest


def settings_documents(campaign: Campaign) -> list[UUID]:
    """The documents of the campaign's name and signature."""
    name, signature = campaign.settings.name, campaign.settings.signature
    return [ref.document_id for ref in (name, signature) if ref is not None]


def node_documents(campaign: Campaign) -> list[UUID]:
    """The documents of what its nodes say."""
    return [node.text.document_id for node in campaign.nodes if node.text is not None]


def _documents_by_digest(campaign: Campaign) -> Iterator[tuple[str, UUID]]:
    name, signature = campaign.settings.name, campaign.settings.signature
    texts = (name, signature, *(node.text for node in campaign.nodes))
    return ((text.digest, text.document_id) for text in texts if text is not None)
