"""One master key, and every other key derived from it, each for a single purpose.

Derived by HKDF-Expand: the master key is uniformly random already, so the extract step may be left out (RFC 5869, 3.3).
A key of 32 bytes is its first block, HMAC-SHA256 of the info and a one (2.3).
"""

from __future__ import annotations

from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

KEY_BYTES = 32
SALT_BYTES = 16
FINGERPRINT_BYTES = 4


class KeyedDigest:
    """HMAC-SHA256 under one key, made ready once: that costs twice as much as to digest something short."""

    def __init__(self, key: bytes) -> None:
        self._ready = HMAC(key, SHA256())

    def __call__(self, message: bytes) -> bytes:
        """The 32-byte digest of ``message``."""
        digest = self._ready.copy()
        digest.update(message)
        return digest.finalize()


class MasterKey:
    """The secret everything else is derived from: 32 random bytes, of which ``fingerprint`` (4 bytes) tells nothing.

    Raises ``ValueError`` when it is not 32 bytes long.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"The master key must be {KEY_BYTES} bytes long, this one has {len(secret)}.")
        self._digest = KeyedDigest(secret)
        self.fingerprint = self.derive("fingerprint")[:FINGERPRINT_BYTES]

    def __repr__(self) -> str:
        return f"MasterKey(fingerprint={self.fingerprint.hex()})"

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for ``purpose``; keys of different purposes say nothing about each other."""
        return self._expand(b"liftoff/" + purpose.encode())

    def document_key(self, workspace_id: UUID, owner_id: UUID, salt: bytes) -> bytes:
        """The 32-byte key of one owner's documents; it can't be had again once ``salt`` is gone."""
        return self._expand(b"liftoff:document" + workspace_id.bytes + owner_id.bytes + salt)

    def _expand(self, info: bytes) -> bytes:
        return self._digest(info + b"\x01")
