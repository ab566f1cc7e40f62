"""Signed notes and checkpoints as C2SP has them: text, an empty line, and lines of Ed25519 signatures."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

_ED25519: Final = b"\x01"


class Signer(Struct, frozen=True):
    """Who signs for an origin: the key's number among those of its workspace, and its private part."""

    origin: str
    number: int
    key: Ed25519PrivateKey


def origin(workspace_id: UUID) -> str:
    """The name of a workspace's tree and of the keys that sign for it: the same for ever, wherever it is served."""
    return f"liftoff/{workspace_id}"


def verifier_key(name: str, public_key: bytes) -> str:
    """The public key as verifiers take it: name, key id and key."""
    return f"{name}+{_key_id(name, public_key).hex()}+{_base64(_ED25519 + public_key)}"


def checkpoint_text(name: str, size: int, root: bytes) -> str:
    """What a checkpoint says: a tree of this origin has so many leaves and this root."""
    return f"{name}\n{size}\n{_base64(root)}\n"


def manifest_text(name: str, manifest: bytes) -> str:
    """What vouches for an export's manifest. No checkpoint begins like it."""
    return f"{name}/manifest\n{_base64(sha256(manifest).digest())}\n"


def signed(text: str, signer: Signer) -> str:
    """The note: the text, signed."""
    key_id = _key_id(signer.origin, signer.key.public_key().public_bytes_raw())
    return f"{text}\n— {signer.origin} {_base64(key_id + signer.key.sign(text.encode()))}\n"


def _key_id(name: str, public_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
