"""Unsubscribe tokens: who wants out of what, in ids only, signed so that nobody can speak for another."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from uuid import UUID

from msgspec import Struct

_ID_BYTES = 16
_IDS_BYTES = 3 * _ID_BYTES
_SIGNATURE_BYTES = 18  # with the ids a multiple of three: no padding, so one spelling only


class Subscription(Struct, frozen=True):
    """What a token ends: the mails to a lead of a campaign."""

    workspace_id: UUID
    campaign_id: UUID
    lead_id: UUID


class UnsubscribeTokens:
    """Issues and checks tokens under one key: 88 characters of A-Z a-z 0-9 - _, always the same for a subscription."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, subscription: Subscription) -> str:
        """The token of a subscription; it never expires (RFC 8058: the link works as long as the mail is kept)."""
        ids = subscription.workspace_id.bytes + subscription.campaign_id.bytes + subscription.lead_id.bytes
        signature = hmac.digest(self._key, ids, "sha256")[:_SIGNATURE_BYTES]
        return urlsafe_b64encode(ids + signature).decode("ascii")

    def verify(self, token: str) -> Subscription | None:
        """The subscription a token of ours names; None for any other text. Takes the same time for every forgery."""
        try:
            ids = b64decode(token, altchars=b"-_", validate=True)[:_IDS_BYTES]
        except ValueError:
            return None
        if len(ids) != _IDS_BYTES:
            return None
        workspace_id, campaign_id, lead_id = (
            UUID(bytes=ids[at : at + _ID_BYTES]) for at in range(0, _IDS_BYTES, _ID_BYTES)
        )
        subscription = Subscription(workspace_id, campaign_id, lead_id)
        return subscription if hmac.compare_digest(self.issue(subscription), token) else None
