"""The master key: given, or made once beside the embedded database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from service.secret_key import master_key
from service.settings import Settings, SettingsError

DATABASE = "postgresql://db/liftoff"


def test_a_given_key_is_the_key(tmp_path: Path) -> None:
    settings = Settings(database_url=DATABASE, secret_key="0F" * 32, data_dir=tmp_path)
    assert master_key(settings) == bytes([15]) * 32
    assert list(tmp_path.iterdir()) == []


def test_with_an_embedded_database_a_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    key = master_key(settings)
    assert len(key) == 32
    assert master_key(settings) == key
    assert [file.name for file in settings.data_dir.iterdir()] == ["secret.key"]
    assert (settings.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600


def test_two_data_directories_have_two_keys(tmp_path: Path) -> None:
    assert master_key(Settings(data_dir=tmp_path / "a")) != master_key(Settings(data_dir=tmp_path / "b"))


async def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    keys = await asyncio.gather(*(asyncio.to_thread(master_key, settings) for _ in range(8)))
    assert len(set(keys)) == 1


def test_with_a_database_of_ones_own_the_key_is_required(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LIFTOFF_SECRET_KEY is required with LIFTOFF_DATABASE_URL"):
        master_key(Settings(database_url=DATABASE, data_dir=tmp_path))


@pytest.mark.parametrize("content", ["", "not hex", "0f0f"])
def test_a_damaged_key_is_refused_and_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret.key").write_text(content)
    with pytest.raises(SettingsError, match=r"LIFTOFF_DATA_DIR holds a damaged key, .*secret\.key"):
        master_key(Settings(data_dir=tmp_path))
    assert (tmp_path / "secret.key").read_text() == content
