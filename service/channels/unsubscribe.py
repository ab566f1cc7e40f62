"""Unsubscribe tokens: who wants out of what, in ids only, signed so that nobody can speak for another."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from service.channels.signed_ids import SignedIds


class Subscription(NamedTuple):
    """What a token ends: the mails to a lead of a campaign."""

    workspace_id: UUID
    campaign_id: UUID
    lead_id: UUID


class UnsubscribeTokens:
    """Issues and checks tokens under one key, always the same for a subscription."""

    def __init__(self, key: bytes) -> None:
        self._signed = SignedIds(key)

    def issue(self, subscription: Subscription) -> str:
        """The token of a subscription; it never expires (RFC 8058: the link works as long as the mail is kept)."""
        return self._signed.sign(subscription)

    def verify(self, token: str) -> Subscription | None:
        """The subscription a token of ours names; None for any other text. Takes the same time for every forgery."""
        ids = self._signed.verify(token)
        return None if ids is None else Subscription(*ids)
