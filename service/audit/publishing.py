"""Checkpoints carried out of the house: once somebody else holds one, its history can't be rewritten unnoticed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from service.audit.checkpoints import Checkpoint, Checkpoints

_AT_ONCE: Final = 500


class Destination(Protocol):
    """A place that keeps checkpoints. It remembers by itself how far it has come, so each process may have its own."""

    def reached(self) -> int:
        """The serial number of the last checkpoint it holds; 0 without any."""
        ...

    def keep(self, checkpoint: Checkpoint) -> None:
        """Hold it from now on; one that it holds already may come again."""
        ...


class Directory:
    """Keeps checkpoints as files: of each workspace the newest as ``checkpoint``, all by size in ``checkpoints/``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reached(self) -> int:
        """The serial number of the last checkpoint here. Raises ``OSError``, ``ValueError``."""
        mark = self._path / "reached"
        return int(mark.read_text()) if mark.exists() else 0

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write it, and only then that it is here. Raises ``OSError``."""
        place = self._path / str(checkpoint.workspace_id)
        _write(place / "checkpoints" / str(checkpoint.size), checkpoint.note)
        _write(place / "checkpoint", checkpoint.note)
        _write(self._path / "reached", str(checkpoint.serial))


class Publishing:
    """Brings every destination what it lacks."""

    def __init__(self, checkpoints: Checkpoints, destinations: Sequence[Destination]) -> None:
        self._checkpoints = checkpoints
        self._destinations = destinations

    async def catch_up(self) -> None:
        """Publish all that was made. Raises what a destination raises; what is missing then goes out the next time."""
        for destination in self._destinations:
            reached = await asyncio.to_thread(destination.reached)
            while made := await self._checkpoints.made_after(reached, _AT_ONCE):
                for checkpoint in made:
                    await asyncio.to_thread(destination.keep, checkpoint)
                reached = made[-1].serial


def _write(file: Path, text: str) -> None:
    """The file appears whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
