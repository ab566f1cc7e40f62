"""Where things lie in an export: the paths of C2SP tlog-tiles, and what Liftoff puts beside them.

checkpoint              the newest checkpoint: what all else is measured by
checkpoints/<size>      checkpoints before it, which it must be consistent with
tile/<level>/<index>    hashes of the tree
tile/entries/<index>    the leaves, each behind its length in two bytes
payload/<ab>/<sha256>   payloads too large for a leaf, which names them
manifest.json           what a reader has to know, and manifest.note, which vouches for it
"""

from __future__ import annotations

from service.audit.tree import TILE_WIDTH


def tile(level: int, index: int, width: int) -> str:
    """A tile of hashes, so many wide."""
    return f"tile/{level}/{_numbered(index, width)}"


def bundle(index: int, width: int) -> str:
    """A bundle of so many entries."""
    return f"tile/entries/{_numbered(index, width)}"


def earlier_checkpoint(size: int) -> str:
    """A checkpoint before the newest."""
    return f"checkpoints/{size}"


def payload(sha256: str) -> str:
    """A payload that is not in its leaf."""
    return f"payload/{sha256[:2]}/{sha256}"


def _numbered(index: int, width: int) -> str:
    """1234067 is x001/x234/067; what is not full says how wide it is."""
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
