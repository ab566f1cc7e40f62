"""A backup as a file: a zip archive of each table's rows, as Postgres copies them, and a manifest.

The archive's own checksums tell a damaged file, its directory at the end a truncated one; both before it is used.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, cast
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import msgspec
from msgspec import Struct

from service.database.migrate import Applied

FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"
_DAMAGE: Final = (
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    msgspec.MsgspecError,
)
"""What reading raises from bytes that were not written so: of the archive, of a member, of the manifest."""
_FASTEST: Final = 1
"""Most of it is sealed, and can't be made smaller anyway."""


class NotABackup(Exception):
    """The file can't be restored from; the message says why, in one line."""


class Table(Struct, frozen=True):
    """What there is of a table."""

    name: str
    columns: Sequence[str]
    rows: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup holds. ``tables`` stand in an order in which their foreign keys find what they point to.

    ``position`` is that of the last event, ``events`` how many there are, ``sealed_with`` the fingerprint of the secret
    key that opens the vault (the key itself is in no backup), in hex; None: nothing was ever sealed.
    """

    format: int = FORMAT
    taken_at: datetime
    position: int
    events: int
    sealed_with: str | None
    migrations: Sequence[Applied]
    tables: Sequence[Table]
    sequences: Mapping[str, int]


class Draft:
    """A backup being written."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def rows_of(self, table: str) -> BinaryIO:
        """Where the rows of a table are written to; to be closed before the next one is opened."""
        return cast(BinaryIO, self._archive.open(_member(table), "w", force_zip64=True))

    def conclude(self, manifest: Manifest) -> None:
        """Say what was written."""
        self._archive.writestr(_MANIFEST, msgspec.json.encode(manifest))


class Archive:
    """A backup that can be read."""

    def __init__(self, archive: ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def rows_of(self, table: str) -> BinaryIO:
        """The rows of a table, as they were written."""
        return cast(BinaryIO, self._archive.open(_member(table)))


@contextmanager
def drafted(file: Path) -> Iterator[Draft]:
    """A new backup: after the block it appears as ``file``, whole and safe on disk; after an error nothing does.

    Raises ``FileExistsError`` rather than replace a file, and ``OSError``. Only its owner may read it.
    """
    _require_new(file)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as out:
            with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=_FASTEST) as archive:
                yield Draft(archive)
            out.flush()
            os.fsync(out.fileno())
        _require_new(file)
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """A backup, after all of it was read once and found undamaged. Raises ``NotABackup`` and ``OSError``."""
    try:
        archive = ZipFile(file)
    except _DAMAGE as error:
        raise NotABackup(f"{file} is no backup, or only the beginning of one.") from error
    with archive:
        yield Archive(archive, _examined(archive, file))


def _examined(archive: ZipFile, file: Path) -> Manifest:
    """What the archive says it holds, which is really there."""
    try:
        if _MANIFEST not in archive.namelist():
            raise NotABackup(f"{file} is a zip archive, but no backup.")
        damaged = archive.testzip()
        written_by = msgspec.json.decode(archive.read(_MANIFEST), type=_Format)
        if damaged is None and written_by.format == FORMAT:
            return _complete(archive, msgspec.json.decode(archive.read(_MANIFEST), type=Manifest))
    except (*_DAMAGE, OSError) as error:  # which a damaged offset leads to
        raise NotABackup(f"{file} is damaged: {error}.") from error
    if damaged is not None:
        raise NotABackup(f"{file} is damaged: {damaged} is not as it was written.")
    raise NotABackup(
        f"{file} was written by another version, in format {written_by.format}: restore by that one."
    )


def _complete(archive: ZipFile, manifest: Manifest) -> Manifest:
    if missing := {_member(table.name) for table in manifest.tables} - set(archive.namelist()):
        raise BadZipFile(f"{min(missing)} is missing")
    return manifest


class _Format(Struct):
    """The part of every manifest that says how to read the rest."""

    format: int


def _member(table: str) -> str:
    return f"tables/{table}"


def _require_new(file: Path) -> None:
    if file.exists():
        raise FileExistsError(f"{file} exists already: name a file that doesn't, or a directory")
