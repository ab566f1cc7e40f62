"""The golden files: what every version of every event looks like as it is stored, kept for ever.

``<type>.v<version>.json`` holds the bytes of a full sample. A word before ``json`` tells a variant: ``early`` is how a
version was written before fields with defaults joined it. No file is ever edited: a new shape is a new version, with an
upcaster and a file of its own. ``python -m tests.store.golden_files`` writes the files that are missing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from domain.event import Event
from domain.upcasters import UPCASTERS
from service.composition import EVENTS
from service.store.codec import Codec
from tests.store.samples import sample

FOLDER: Final = Path(__file__).with_name("golden")
CODEC: Final = Codec(EVENTS, UPCASTERS)


class Golden(NamedTuple):
    """The stored bytes of an event, and which version of which type wrote them."""

    type: str
    version: int
    variant: str
    payload: bytes

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.type}.v{self.version}{self.variant}.json"


def files() -> Iterator[Golden]:
    """All golden files."""
    for path in sorted(FOLDER.glob("*.json")):
        type_, version, *variant = path.stem.split(".")
        name = "".join(f".{word}" for word in variant)
        yield Golden(type_, int(version.removeprefix("v")), name, path.read_bytes())


def path_of(event: type[Event], version: int) -> Path:
    """Where the full sample of a version is."""
    return FOLDER / f"{event.type}.v{version}.json"


def write_missing() -> None:
    """Write the files of today's versions that have none."""
    for event in EVENTS:
        path = path_of(event, event.schema)
        if not path.exists():
            path.write_bytes(CODEC.encode(sample(event)))
            sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    write_missing()
