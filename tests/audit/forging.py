"""What somebody could do who changes an export and knows how it is made, but has not the key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from service.audit import layout
from service.audit.note import Signer, checkpoint_text, manifest_text, signed, verifier_key
from service.audit.tree import TILE_WIDTH, Tree
from tests.audit.leaves import leaf_hash

_HEADER: Final = 2


class Copy(Struct, frozen=True):
    """A whole export at hand: its directory, its manifest and its leaves."""

    directory: Path
    manifest: dict[str, Any]
    entries: list[bytes]

    @property
    def origin(self) -> str:
        """The name of the tree."""
        origin: str = self.manifest["origin"]
        return origin


def read(directory: Path) -> Copy:
    """Take an export of a whole history apart."""
    manifest = json.loads((directory / "manifest.json").read_bytes())
    entries: list[bytes] = []
    for bundle in range(-(-manifest["size"] // TILE_WIDTH)):
        width = min(TILE_WIDTH, manifest["size"] - bundle * TILE_WIDTH)
        entries += split((directory / layout.bundle(bundle, width)).read_bytes())
    return Copy(directory, manifest, entries)


def split(bundle: bytes) -> list[bytes]:
    """The entries of a bundle."""
    entries = []
    while bundle:
        end = _HEADER + int.from_bytes(bundle[:_HEADER])
        entries.append(bundle[_HEADER:end])
        bundle = bundle[end:]
    return entries


def join(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle."""
    return b"".join(len(entry).to_bytes(_HEADER) + entry for entry in entries)


def rewrite(copy: Copy, entries: Sequence[bytes], signer: Signer, manifest: dict[str, Any]) -> None:
    """Let the export hold these events: bundles, tiles, checkpoint and manifest fit each other, under another key."""
    shutil.rmtree(copy.directory / "tile")
    tree = Tree(0, {})
    tree.grow(leaf_hash(entry) for entry in entries)
    for (level, index), hashes in tree.changed.items():
        write(copy.directory / layout.tile(level, index, len(hashes) // 32), hashes)
    for start in range(0, len(entries), TILE_WIDTH):
        part = entries[start : start + TILE_WIDTH]
        write(copy.directory / layout.bundle(start // TILE_WIDTH, len(part)), join(part))
    shutil.rmtree(copy.directory / "checkpoints", ignore_errors=True)
    size = len(entries)
    note = signed(checkpoint_text(copy.origin, size, tree.root()), signer)
    (copy.directory / "checkpoint").write_text(note, encoding="utf-8")
    extent = {"size": size, "first": 0, "last": size - 1, "checkpoints": [size]}
    content = json.dumps({**manifest, **extent}).encode()
    (copy.directory / "manifest.json").write_bytes(content)
    vouched = signed(manifest_text(copy.origin, content), signer)
    (copy.directory / "manifest.note").write_text(vouched, encoding="utf-8")


def stranger(origin: str) -> tuple[Signer, str]:
    """A key of somebody else under the same name, and its public part."""
    key = Ed25519PrivateKey.generate()
    return Signer(origin, 1, key), verifier_key(origin, key.public_key().public_bytes_raw())


def under(manifest: dict[str, Any], public: str) -> dict[str, Any]:
    """The manifest, naming this key as the only one."""
    return {**manifest, "keys": [{"number": 1, "key": public, "first_size": 1, "last_size": 1}]}


def files_of(directory: Path) -> list[Path]:
    """All files below, in order."""
    return sorted(path for path in directory.rglob("*") if path.is_file())


def write(file: Path, content: bytes) -> None:
    """Put a file there, with the directories above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
