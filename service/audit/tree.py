"""The Merkle tree of RFC 6962 in tiles of height 8 (tlog-tiles), of which only the right edge is needed to grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
TILE_WIDTH: Final = 256

Place: TypeAlias = tuple[int, int]
"""A tile: its level, 0 for hashes of leaves, and its index in the level."""


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over subtrees of one size, of which the last may be smaller; of nothing, the hash of nothing.

    Paired from below, an odd last one passed on: what RFC 6962 says from above.
    """
    if not hashes:
        return sha256().digest()
    while len(hashes) > 1:
        odd = hashes[-1:] if len(hashes) % 2 else []
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [*(sha256(b"\x01" + left + right).digest() for left, right in pairs), *odd]
    return hashes[0]


def width(size: int, level: int) -> int:
    """How many hashes the partial tile of a level has in a tree of ``size``; 0: it has no partial tile."""
    return (size >> 8 * level) % TILE_WIDTH


def index(number: int, level: int) -> int:
    """The tile of a level that the leaf of this number comes under."""
    return number >> 8 * (level + 1)


def right_edge(size: int) -> list[Place]:
    """The partial tiles of a tree of ``size``."""
    places: list[Place] = []
    level = 0
    while size >> 8 * level:
        if width(size, level):
            places.append((level, index(size, level)))
        level += 1
    return places


class Tree:
    """A tree of ``size`` leaves that grows; ``edge`` are its partial tiles. ``changed``: the tiles that are new."""

    def __init__(self, size: int, edge: Mapping[Place, bytes]) -> None:
        self.size = size
        self.changed: dict[Place, bytes] = {}
        self._edge = {level: _split(tile) for (level, _), tile in edge.items()}

    def grow(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaves at the end: their hashes, each that of a zero byte and the leaf."""
        for hashed in leaf_hashes:
            self._put(0, hashed)
            self.size += 1
        for level, hashes in self._edge.items():
            if hashes:
                self.changed[level, index(self.size, level)] = b"".join(hashes)

    def root(self) -> bytes:
        """The hash that stands for all leaves: each level's partial tile, closed by what is incomplete below it."""
        below: list[bytes] = []
        for level in range(max(self._edge, default=-1) + 1):
            hashes = [*self._edge.get(level, []), *below]
            below = [root_of(hashes)] if hashes else []
        return root_of(below)

    def _put(self, level: int, hashed: bytes) -> None:
        tile = self._edge.setdefault(level, [])
        tile.append(hashed)
        if len(tile) == TILE_WIDTH:
            self.changed[level, index(self.size, level)] = b"".join(tile)
            self._edge[level] = []
            self._put(level + 1, root_of(tile))


def _split(tile: bytes) -> list[bytes]:
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]
