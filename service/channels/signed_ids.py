"""Signed ids: three ids in a URL, signed so that nobody can name others; nothing personal is in them."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from typing import TypeAlias
from uuid import UUID

_ID_BYTES = 16
_IDS_BYTES = 3 * _ID_BYTES
_SIGNATURE_BYTES = 18  # with the ids a multiple of three: no padding, so one spelling only

Ids: TypeAlias = tuple[UUID, UUID, UUID]


class SignedIds:
    """Signs and checks under one key: 88 characters of A-Z a-z 0-9 - _, always the same for the same ids."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, ids: Ids) -> str:
        """The text that stands for the ids."""
        plain = b"".join(id_.bytes for id_ in ids)
        signature = hmac.digest(self._key, plain, "sha256")[:_SIGNATURE_BYTES]
        return urlsafe_b64encode(plain + signature).decode("ascii")

    def verify(self, text: str) -> Ids | None:
        """The ids a text of ours stands for; None for any other text. Takes the same time for every forgery."""
        try:
            plain = b64decode(text, altchars=b"-_", validate=True)[:_IDS_BYTES]
        except ValueError:
            return None
        if len(plain) != _IDS_BYTES:
            return None
        first, second, third = (
            UUID(bytes=plain[at : at + _ID_BYTES]) for at in range(0, _IDS_BYTES, _ID_BYTES)
        )
        ids = first, second, third
        return ids if hmac.compare_digest(self.sign(ids), text) else None
