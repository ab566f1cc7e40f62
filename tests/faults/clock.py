"""A clock that several processes share: it stands still until one of them moves it."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path
from typing import Final

_MICROSECONDS: Final = struct.Struct("<q")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SharedClock:
    """The time that a file holds."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._time = mmap(opened.fileno(), _MICROSECONDS.size)

    @classmethod
    def set_to(cls, now: datetime, file: Path) -> SharedClock:
        """A new clock, kept in ``file``."""
        file.write_bytes(bytes(_MICROSECONDS.size))
        clock = cls(file)
        clock.move(now - _EPOCH)
        return clock

    def now(self) -> datetime:
        """The time of all who share it."""
        return _EPOCH + timedelta(microseconds=self._read())

    def move(self, by: timedelta) -> None:
        """Move the time of all who share it, ahead or back."""
        _MICROSECONDS.pack_into(self._time, 0, self._read() + by // timedelta(microseconds=1))

    def _read(self) -> int:
        (microseconds,) = _MICROSECONDS.unpack_from(self._time)
        return int(microseconds)
