"""Open tokens: which mail shows a picture of ours, in ids only, signed so that nobody can open for another."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from service.channels.signed_ids import SignedIds


class TrackedMail(NamedTuple):
    """The mail that a token stands in."""

    workspace_id: UUID
    lead_id: UUID
    send_id: UUID


class OpenTokens:
    """Issues and checks tokens under one key, always the same for a mail."""

    def __init__(self, key: bytes) -> None:
        self._signed = SignedIds(key)

    def issue(self, mail: TrackedMail) -> str:
        """The token of a mail; it never expires."""
        return self._signed.sign(mail)

    def verify(self, token: str) -> TrackedMail | None:
        """The mail a token of ours names; None for any other text."""
        ids = self._signed.verify(token)
        return None if ids is None else TrackedMail(*ids)
