"""A backup file is whole or refused, replaces nothing, and is closed to others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest

from service.backup.archive import Manifest, NotABackup, Table, drafted, opened

ROWS: Final = b"a row\tof a table\n" * 1000
MANIFEST: Final = Manifest(
    taken_at=datetime(2030, 1, 31, tzinfo=UTC),
    position=7,
    events=6,
    sealed_with="0badcafe",
    migrations=[],
    tables=[Table("things", ["one", "other"], 1000)],
    sequences={"numbers": 9},
)


def write(file: Path, manifest: Manifest = MANIFEST) -> Path:
    """A backup of one table."""
    with drafted(file) as draft:
        with draft.rows_of("things") as out:
            out.write(ROWS)
        draft.conclude(manifest)
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "some.backup")


def test_what_was_written_is_read(file: Path) -> None:
    with opened(file) as archive:
        assert archive.manifest == MANIFEST
        assert archive.rows_of("things").read() == ROWS


def test_only_its_owner_may_read_it(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_replaces_no_file(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(FileExistsError, match="exists already"):
        write(file)
    assert file.read_bytes() == before


def test_of_one_that_fails_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the disk is full"), drafted(tmp_path / "some.backup"):
        raise OSError("the disk is full")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", [0, 1, 30, 0.5, 0.99, -1])
def test_a_truncated_one_is_refused(file: Path, kept: float) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole)) if 0 < kept < 1 else int(kept)])
    with pytest.raises(NotABackup, match="only the beginning"), opened(file):
        pass


def test_a_damaged_one_is_refused_or_its_content_is_untouched(file: Path) -> None:
    whole, chance = file.read_bytes(), Random(7)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        try:
            with opened(file) as archive:
                assert archive.manifest == MANIFEST
                assert archive.rows_of("things").read() == ROWS
        except NotABackup:
            refused += 1
    assert refused > 150


def test_what_is_something_else_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a backup " * 100)
    with pytest.raises(NotABackup, match="is no backup"), opened(text):
        pass


def test_one_that_lacks_a_table_is_refused(tmp_path: Path) -> None:
    more = msgspec.structs.replace(MANIFEST, tables=[*MANIFEST.tables, Table("others", ["one"], 0)])
    with pytest.raises(NotABackup, match="tables/others is missing"), opened(write(tmp_path / "b", more)):
        pass


def test_one_of_another_format_is_refused_and_says_which(tmp_path: Path) -> None:
    later = msgspec.structs.replace(MANIFEST, format=2)
    with (
        pytest.raises(NotABackup, match="another version, in format 2"),
        opened(write(tmp_path / "b", later)),
    ):
        pass
