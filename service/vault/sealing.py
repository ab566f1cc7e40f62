"""The form of a sealed thing: version (1 byte), fingerprint of the master key (4), nonce (12), ciphertext, tag (16).

The cipher is AES-256-GCM, which also authenticates version, fingerprint and a context: where the thing belongs.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.vault.errors import SealBroken, WrongMasterKey
from service.vault.keys import FINGERPRINT_BYTES, MasterKey

VERSION = b"\x01"
NONCE_BYTES = 12
TAG_BYTES = 16
_HEADER_END = len(VERSION) + FINGERPRINT_BYTES
_NONCE_END = _HEADER_END + NONCE_BYTES


def seal(key: bytes, fingerprint: bytes, plaintext: bytes, context: bytes) -> bytes:
    """``plaintext`` sealed under ``key``; it opens only with the same ``context``."""
    header = VERSION + fingerprint
    nonce = os.urandom(NONCE_BYTES)
    return header + nonce + AESGCM(key).encrypt(nonce, plaintext, header + context)


def require_own_seal(sealed: bytes, fingerprint: bytes, thing: str) -> None:
    """Raise ``SealBroken`` for what is no sealed thing, ``WrongMasterKey`` for one of another master key."""
    if len(sealed) < _NONCE_END + TAG_BYTES or not sealed.startswith(VERSION):
        raise SealBroken(thing)
    if sealed[len(VERSION) : _HEADER_END] != fingerprint:
        raise WrongMasterKey(thing)


def unseal(key: bytes, sealed: bytes, context: bytes, thing: str) -> bytes:
    """What was sealed. ``thing`` names it for the errors. Raises ``SealBroken``."""
    header, nonce, ciphertext = sealed[:_HEADER_END], sealed[_HEADER_END:_NONCE_END], sealed[_NONCE_END:]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, header + context)
    except InvalidTag:
        raise SealBroken(thing) from None


class Sealer:
    """Seals small values kept outside the vault (stored answers, credentials), each purpose under its own key."""

    def __init__(self, master_key: MasterKey) -> None:
        self._master_key = master_key

    def seal_value(self, purpose: str, context: bytes, plaintext: bytes) -> bytes:
        """``plaintext`` sealed for ``purpose``; ``context`` says where it belongs (ids of its row, say)."""
        return seal(self._master_key.derive(purpose), self._master_key.fingerprint, plaintext, context)

    def open_value(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        """What was sealed for the same ``purpose`` and ``context``. Raises ``SealBroken``, ``WrongMasterKey``."""
        thing = f"A sealed value ({purpose})"
        require_own_seal(sealed, self._master_key.fingerprint, thing)
        return unseal(self._master_key.derive(purpose), sealed, context, thing)
