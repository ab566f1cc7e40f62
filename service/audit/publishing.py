"""Checkpoints carried out of the house: once somebody else holds one, its history can't be rewritten unnoticed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from service.audit.checkpoints import Checkpoint, Checkpoints, Published

_AT_ONCE: Final = 500


class Destination(Protocol):
    """A place that keeps checkpoints. It remembers by itself how far it has come, so each process may have its own."""

    def reached(self) -> int:
        """The serial number of the last checkpoint it holds; 0 without any."""
        ...

    def keep(self, checkpoint: Checkpoint) -> None:
        """Hold it from now on; one that it holds already may come again."""
        ...

    def last(self) -> Published | None:
        """The checkpoint it was given last, of whichever workspace; None without any."""
        ...

    def newest(self) -> Sequence[Published]:
        """The newest checkpoint that it holds of each workspace."""
        ...

    def set_aside(self, lost: Sequence[Published], go_on_behind: int) -> None:
        """The database was set back, and these are not part of its history any more.

        Hold them elsewhere, for they are evidence, and begin these workspaces anew with what was made after the
        checkpoint of the serial number ``go_on_behind``.
        """
        ...


class Directory:
    """Keeps checkpoints as files: of each workspace the newest as ``checkpoint``, all by size in ``checkpoints/``.

    Beside the workspaces stand ``last``, the last one of all, and ``reached``, its serial number. A history that was
    lost by restoring a backup is kept as ``<workspace>.lost-<size>-<digest of its last note>``.
    """

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
        _write(self._path / "last", checkpoint.note)
        _write(self._path / "reached", str(checkpoint.serial))

    def last(self) -> Published | None:
        """The one kept last. Raises ``OSError``, ``ValueError``."""
        file = self._path / "last"
        return _published(file) if file.exists() else None

    def newest(self) -> list[Published]:
        """Those called ``checkpoint``. Raises ``OSError``, ``ValueError``."""
        return [_published(place / "checkpoint") for place in self._path.iterdir() if _is_workspace(place)]

    def set_aside(self, lost: Sequence[Published], go_on_behind: int) -> None:
        """Give the directories of these another name. Raises ``OSError``."""
        for each in lost:
            place = self._path / str(each.workspace_id)
            if place.exists():
                digest = sha256(each.note.encode()).hexdigest()[:8]
                place.rename(place.with_name(f"{place.name}.lost-{each.size}-{digest}"))
        _write(self._path / "reached", str(go_on_behind))
        (self._path / "last").unlink(missing_ok=True)


class Publishing:
    """Brings every destination what it lacks, of a history that is ``all_well``: nobody is told two of them."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        destinations: Sequence[Destination],
        all_well: Callable[[], Awaitable[bool]],
    ) -> None:
        self._checkpoints = checkpoints
        self._destinations = destinations
        self._all_well = all_well

    async def catch_up(self) -> None:
        """Publish all that was made. Raises what a destination raises; what is missing then goes out the next time."""
        if not await self._all_well():
            return
        for destination in self._destinations:
            reached = await asyncio.to_thread(destination.reached)
            while made := await self._checkpoints.made_after(reached, _AT_ONCE):
                for checkpoint in made:
                    await asyncio.to_thread(destination.keep, checkpoint)
                reached = made[-1].serial


def _published(file: Path) -> Published:
    """The note in a file: its first lines are where it comes from, which ends with the workspace, and its size."""
    note = file.read_text(encoding="utf-8")
    origin, size = note.split("\n")[:2]
    return Published(UUID(origin.rpartition("/")[2]), int(size), note)


def _is_workspace(place: Path) -> bool:
    return "." not in place.name and (place / "checkpoint").exists()


def _write(file: Path, text: str) -> None:
    """The file appears whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
